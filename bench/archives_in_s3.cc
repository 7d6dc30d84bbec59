// Archives into S3 and back through blob/s3, beside bare libcurl with URLs that are signed already:
// what signing, hashing, the store's thread and its promises cost. bench/s3.py starts the server.
//
//   archives_in_s3 ENDPOINT ACCESS_KEY SECRET_KEY REGION
#include <curl/curl.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "blob/s3/address.h"
#include "blob/s3/client.h"
#include "blob/s3/s3_blob.h"
#include "blob/s3/signature.h"

namespace {

using namespace insightd;

constexpr std::size_t kArchiveBytes = 92'000;
constexpr int kArchives = 1'500;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// `work(thread, index)` for each archive, spread over threads.
void Measure(const std::string& what, int threads, const std::function<bool(int, int)>& work) {
  const double cpu = CpuSeconds();
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<int> next = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (int i = next++; i < kArchives; i = next++) failed += work(t, i) ? 0 : 1;
    });
  }
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("{:<28}{:>4} at once {:>8.0f}/s {:>8.2f} ms CPU each{}\n", what, threads,
             kArchives / took.count(), (CpuSeconds() - cpu) * 1e3 / kArchives,
             failed != 0 ? fmt::format("  {} FAILED", failed.load()) : "");
  std::fflush(stdout);
}

std::size_t Swallow(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// One kept connection, nothing else.
class Bare {
 public:
  Bare() : easy_(curl_easy_init()) {}
  ~Bare() { curl_easy_cleanup(easy_); }
  bool Do(const std::string& url, const std::string* body, const blob::s3::Pairs& more = {}) {
    curl_easy_reset(easy_);
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Swallow);
    curl_slist* headers = curl_slist_append(nullptr, "Expect:");
    headers = curl_slist_append(headers, "Content-Type:");
    for (const auto& [name, value] : more) {
      headers = curl_slist_append(headers, (name + ": " + value).c_str());
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
    if (body != nullptr) {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body->data());
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
      curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, "PUT");
    }
    const CURLcode code = curl_easy_perform(easy_);
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return code == CURLE_OK && status == 200;
  }

 private:
  CURL* easy_;
};

bool Put(blob::Store& store, const std::string& key, const std::string& bytes) {
  auto writer = store.Create(key);
  if (!writer || !(*writer)->Append(bytes)) return false;
  std::mutex mutex;
  std::condition_variable told;
  std::optional<bool> good;
  (*writer)->Commit([&](const Result<void>& done) {
    const std::lock_guard lock(mutex);
    good = done.has_value();
    told.notify_one();
  });
  std::unique_lock lock(mutex);
  told.wait(lock, [&] { return good.has_value(); });
  return *good;
}

bool Get(blob::Store& store, const std::string& key) {
  auto reader = store.Open(key);
  if (!reader) return false;
  std::size_t bytes = 0;
  char into[64 * 1024];
  for (;;) {
    const auto got = (*reader)->Read(into);
    if (!got) return false;
    if (*got == 0) return bytes == kArchiveBytes;
    bytes += *got;
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  blob::S3BlobOptions options{.endpoint = words[1],
                              .region = words[4],
                              .bucket = "bench",
                              .access_key = words[2],
                              .secret_key = words[3]};
  const auto address = blob::s3::MakeAddress(options.endpoint, options.bucket, "", true);
  auto made = blob::s3::Transfers::Make({});
  if (!address || !made) return 1;
  blob::s3::Client client(options, *address, *std::move(made));
  if (!client.LoadKeys()) return 1;
  blob::s3::Call bucket{.method = "PUT"};
  bucket.body = std::make_shared<const std::string>();
  static_cast<void>(client.Ask(std::move(bucket)));
  auto store = blob::OpenS3Blob(options);
  if (!store) {
    fmt::print("{}\n", store.error().message());
    return 4;
  }
  std::string bytes(kArchiveBytes, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes)
    byte = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  const auto signed_url = [&](std::string_view method, const std::string& key) {
    const blob::s3::Signable signable{.method = method,
                                      .host = address->SignedHost(),
                                      .path = address->PathOf(key),
                                      .payload_hash = std::string(blob::s3::kUnsignedPayload)};
    return address->UrlOf(key) + "?" +
           blob::s3::PresignedQuery(signable, {options.access_key, options.secret_key, ""},
                                    options.region, SystemClock().Now(), seconds(3'600));
  };

  // What the store sends, signed beforehand.
  const auto signed_headers = [&](const std::string& key) {
    blob::s3::Signable signable{.method = "PUT",
                                .host = address->SignedHost(),
                                .path = address->PathOf(key),
                                .payload_hash = blob::s3::Sha256Hex(bytes)};
    signable.headers = {{"x-amz-meta-insightd-writer", "0123456789abcdef0123456789abcdef"},
                        {"If-None-Match", "*"}};
    return blob::s3::SignedHeaders(signable, {options.access_key, options.secret_key, ""},
                                   options.region, SystemClock().Now());
  };

  for (int i = 0; i < 300; ++i) Put(**store, "warm" + std::to_string(i), bytes);
  for (const int threads : {1, 8}) {
    const std::string t = std::to_string(threads);
    const auto bare_key = [&](int i) { return "bare" + t + "-" + std::to_string(i); };
    const auto our_key = [&](int i) { return "ours" + t + "-" + std::to_string(i); };
    std::vector<std::string> puts;
    std::vector<std::string> gets;
    for (int i = 0; i < kArchives; ++i) puts.push_back(signed_url("PUT", bare_key(i)));
    for (int i = 0; i < kArchives; ++i) gets.push_back(signed_url("GET", bare_key(i)));
    std::vector<Bare> bare(static_cast<std::size_t>(threads));
    Measure("put, bare libcurl", threads,
            [&](int thread, int i) { return bare[thread].Do(puts[i], &bytes); });
    std::vector<blob::s3::Pairs> headers;
    for (int i = 0; i < kArchives; ++i) headers.push_back(signed_headers("same" + bare_key(i)));
    Measure("put, bare, our headers", threads, [&](int thread, int i) {
      return bare[thread].Do(address->UrlOf("same" + bare_key(i)), &bytes, headers[i]);
    });
    Measure("put, ours", threads, [&](int, int i) { return Put(**store, our_key(i), bytes); });
    Measure("get, bare libcurl", threads,
            [&](int thread, int i) { return bare[thread].Do(gets[i], nullptr); });
    Measure("get, ours", threads, [&](int, int i) { return Get(**store, our_key(i)); });
    std::vector<std::string> keys;
    for (int i = 0; i < kArchives; ++i) keys.push_back(our_key(i));
    const auto begun = std::chrono::steady_clock::now();
    const bool removed = (*store)->RemoveAll(keys).has_value();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    fmt::print("removed, ours: {:.0f}/s{}\n", kArchives / took.count(), removed ? "" : " FAILED");
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("memory at most: {} MiB\n", usage.ru_maxrss / 1024);
  return 0;
}
