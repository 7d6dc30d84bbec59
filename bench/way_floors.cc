// The least that any program has to do for a step of the distributed way, with the same bytes and
// as often a second as in the load before: the bare client libraries, nothing decided, nothing
// promised beyond what the step needs. For bench/distributed.py, which runs it on the servers of
// that load.
//
//   way_floors upload ARCHIVE RATE COUNT                       takes so many uploads
//   way_floors put|get ENDPOINT ACCESS SECRET REGION BUCKET ARCHIVE RATE COUNT
//   way_floors produce BROKERS TOPIC FOLDER RATE COUNT         the files of FOLDER in turn
//   way_floors consume BROKERS TOPIC COUNT                     and parses; says `ready` first
//   way_floors dump BROKERS TOPIC FOLDER COUNT                 records into files, for `produce`
//
// Prints `cpu_us N`: processor time of this process for one of them, without what it would have
// taken with nothing to do. `get` reads what `put` wrote.
#include <curl/curl.h>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <simdjson.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "blob/s3/address.h"
#include "blob/s3/signature.h"

namespace {

using namespace insightd;
using Steady = std::chrono::steady_clock;

constexpr int kConnections = 8;  // to S3, as a role has several
constexpr int kPollMs = 100;

[[noreturn]] void Give(std::string_view why) {
  fmt::print(stderr, "way_floors: {}\n", why);
  std::_Exit(1);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void Say(double cpu_s, int count) {
  fmt::print("cpu_us {:.1f}\n", cpu_s * 1e6 / count);
  std::fflush(stdout);
}

// Processor time from now on, without what this process takes with nothing to do, as it has shown
// for a while: a client of Kafka is never still.
class Meter {
 public:
  // `rest` returns soon.
  template <class Rest>
  explicit Meter(Rest rest) {
    const double cpu = CpuSeconds();
    const auto begun = Steady::now();
    while (Steady::now() - begun < kRest) rest();
    idle_share_ = (CpuSeconds() - cpu) / Seconds(Steady::now() - begun);
    Begin();
  }
  void Begin() {
    cpu_ = CpuSeconds();
    begun_ = Steady::now();
  }
  double Taken() const {
    return CpuSeconds() - cpu_ - idle_share_ * Seconds(Steady::now() - begun_);
  }

 private:
  static constexpr std::chrono::seconds kRest{5};
  static double Seconds(Steady::duration time) {
    return std::chrono::duration<double>(time).count();
  }

  double idle_share_ = 0;
  double cpu_ = 0;
  Steady::time_point begun_;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) Give(fmt::format("cannot read {}", path.string()));
  return bytes;
}

// So many a second, as in the load: work that comes one by one costs more than work in one go.
class Pace {
 public:
  explicit Pace(double per_s) : per_s_(per_s) {}
  void Await(int number) const {
    std::this_thread::sleep_until(begun_ + std::chrono::duration_cast<Steady::duration>(
                                               std::chrono::duration<double>(number / per_s_)));
  }

 private:
  const double per_s_;
  const Steady::time_point begun_ = Steady::now();
};

// ---- Uploads ----

std::size_t Swallow(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// As the fleet does it, so that the same bytes come in the same pieces: a form, sent in chunks.
[[noreturn]] void SendUploads(int port, const std::string& archive, Pace pace, int count) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CURL* easy = curl_easy_init();
  curl_mime* form = curl_mime_init(easy);
  curl_mimepart* part = curl_mime_addpart(form);
  curl_mime_name(part, "file");
  curl_mime_filename(part, "payload.tar.gz");
  curl_mime_type(part, "application/vnd.redhat.openshift.periodic");
  curl_mime_data(part, archive.data(), archive.size());
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
  curl_easy_setopt(easy, CURLOPT_URL, fmt::format("http://127.0.0.1:{}/", port).c_str());
  curl_easy_setopt(easy, CURLOPT_MIMEPOST, form);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Swallow);
  for (int i = 0; i < count; ++i) {
    pace.Await(i);
    if (const CURLcode code = curl_easy_perform(easy); code != CURLE_OK) {
      Give(curl_easy_strerror(code));
    }
  }
  std::_Exit(0);
}

// Takes requests with a chunked body from one connection, by blocking calls.
class Uploads {
 public:
  explicit Uploads(int socket) : socket_(socket) {}

  // The archive, as one piece; it is there until the next call.
  std::string_view Take() {
    constexpr std::string_view kBoundaryName = "boundary=";
    std::string boundary;
    for (std::string_view line = Line(); !line.empty(); line = Line()) {
      const std::size_t at = line.find(kBoundaryName);
      if (at != line.npos)
        boundary = "\r\n--" + std::string(line.substr(at + kBoundaryName.size()));
    }
    body_.clear();
    for (;;) {
      const std::string_view line = Line();
      std::size_t size = 0;
      std::from_chars(line.data(), line.data() + line.size(), size, 16);
      if (size == 0) break;
      while (size > 0) {
        if (at_ == have_) Receive();
        const std::size_t piece = std::min(size, have_ - at_);
        body_.append(buffer_.data() + at_, piece);
        at_ += piece;
        size -= piece;
      }
      Line();
    }
    Line();
    const std::size_t from = body_.find("\r\n\r\n") + 4;
    const void* to =
        memmem(body_.data() + from, body_.size() - from, boundary.data(), boundary.size());
    if (boundary.empty() || to == nullptr) Give("no end of the part");
    return std::string_view(body_).substr(
        from, static_cast<std::size_t>(static_cast<const char*>(to) - body_.data()) - from);
  }

  void Answer() {
    constexpr std::string_view kAnswer = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    if (send(socket_, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) <= 0) Give("send");
  }

 private:
  // Without its end; it is there until the next call.
  std::string_view Line() {
    for (;;) {
      const std::string_view there(buffer_.data() + at_, have_ - at_);
      const std::size_t end = there.find("\r\n");
      if (end != there.npos) {
        at_ += end + 2;
        return there.substr(0, end);
      }
      std::memmove(buffer_.data(), there.data(), there.size());
      at_ = 0;
      have_ = there.size();
      Receive();
    }
  }

  void Receive() {
    if (at_ == have_) at_ = have_ = 0;
    const ssize_t got = recv(socket_, buffer_.data() + have_, buffer_.size() - have_, 0);
    if (got <= 0) Give("an upload ended early");
    have_ += static_cast<std::size_t>(got);
  }

  const int socket_;
  std::array<char, 64 * 1024> buffer_{};
  std::size_t at_ = 0;
  std::size_t have_ = 0;
  std::string body_;
};

void TakeUploads(const std::string& archive, double per_s, int count) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Give("listen");
  }
  if (fork() == 0) SendUploads(ntohs(address.sin_port), archive, Pace(per_s), count);
  const auto uploads = std::make_unique<Uploads>(accept(listener, nullptr, nullptr));
  const double cpu = CpuSeconds();
  for (int i = 0; i < count; ++i) {
    if (uploads->Take().size() != archive.size()) Give("another archive came");
    uploads->Answer();
  }
  Say(CpuSeconds() - cpu, count);
}

// ---- S3 ----

// One kept connection; URLs are signed beforehand. What is put is hashed, as a signature of it
// needs.
class Bare {
 public:
  Bare() : easy_(curl_easy_init()), headers_(curl_slist_append(nullptr, "Expect:")) {
    headers_ = curl_slist_append(headers_, "Content-Type:");
  }
  ~Bare() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(easy_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  bool Do(const std::string& url, const std::string* body) {
    curl_easy_reset(easy_);
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Swallow);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    if (body != nullptr) {
      if (blob::s3::Sha256Hex(*body).empty()) return false;
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body->data());
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
      curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, "PUT");
    }
    const CURLcode code = curl_easy_perform(easy_);
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_OK && status == 200;
  }

 private:
  CURL* easy_;
  curl_slist* headers_;
};

struct Bucket {
  std::string endpoint, access_key, secret_key, region, name;
};

void Archives(bool put, const Bucket& bucket, const std::string& archive, double per_s, int count) {
  const auto address = blob::s3::MakeAddress(bucket.endpoint, bucket.name, "", true);
  if (!address) Give(address.error().message());
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i) {
    const std::string key = fmt::format("way-floors/{}", i);
    const blob::s3::Signable signable{.method = put ? "PUT" : "GET",
                                      .host = address->SignedHost(),
                                      .path = address->PathOf(key),
                                      .payload_hash = std::string(blob::s3::kUnsignedPayload)};
    urls.push_back(address->UrlOf(key) + "?" +
                   blob::s3::PresignedQuery(signable, {bucket.access_key, bucket.secret_key, ""},
                                            bucket.region, SystemClock().Now(), seconds(3'600)));
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<Bare> bare(kConnections);
  std::atomic<int> next = 0;
  const double cpu = CpuSeconds();
  const Pace pace(per_s);
  std::vector<std::thread> threads;
  for (Bare& one : bare) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        pace.Await(i);
        if (!one.Do(urls[static_cast<std::size_t>(i)], put ? &archive : nullptr)) {
          Give("S3 refused a request");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Say(CpuSeconds() - cpu, count);
}

// ---- Kafka ----

rd_kafka_t* Make(rd_kafka_type_t type,
                 const std::vector<std::pair<const char*, std::string>>& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      Give(text.data());
    }
  }
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) Give(rd_kafka_err2str(message->err));
      ++*static_cast<std::atomic<int>*>(message->_private);
    });
  }
  rd_kafka_t* handle = rd_kafka_new(type, conf, text.data(), text.size());
  if (handle == nullptr) Give(text.data());
  return handle;
}

std::vector<std::string> ReadFolder(const std::string& folder) {
  std::vector<std::string> values;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    values.push_back(ReadFile(entry.path()));
  }
  if (values.empty()) Give(fmt::format("nothing in {}", folder));
  return values;
}

void Produce(const std::string& brokers, const std::string& topic,
             const std::vector<std::string>& values, double per_s, int count) {
  rd_kafka_t* handle = Make(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers},
                                                {"enable.idempotence", "true"},
                                                {"acks", "all"},
                                                {"compression.codec", "zstd"},
                                                {"linger.ms", "1"},
                                                {"socket.nagle.disable", "true"}});
  std::atomic<int> delivered = 0;
  const auto produce = [&](int i) {
    const std::string key = std::to_string(i);
    const std::string& value = values[static_cast<std::size_t>(i) % values.size()];
    if (rd_kafka_producev(handle, RD_KAFKA_V_TOPIC(topic.c_str()),
                          RD_KAFKA_V_KEY(key.data(), key.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&delivered),
                          RD_KAFKA_V_END) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Give("the queue is full");
    }
  };
  // The first one is not counted: finding the brokers is not.
  produce(0);
  while (delivered < 1) rd_kafka_poll(handle, kPollMs);
  const Meter meter([handle] { rd_kafka_poll(handle, kPollMs); });
  const Pace pace(per_s);
  for (int i = 1; i < count; ++i) {
    pace.Await(i);
    produce(i);
    rd_kafka_poll(handle, 0);
  }
  while (delivered < count) rd_kafka_poll(handle, kPollMs);
  Say(meter.Taken(), count - 1);
  rd_kafka_destroy(handle);
}

rd_kafka_t* Subscribe(const std::string& brokers, const std::string& topic) {
  rd_kafka_t* handle = Make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                {"group.id", "way-floors-" + topic},
                                                {"auto.offset.reset", "earliest"},
                                                {"enable.auto.offset.store", "false"},
                                                {"socket.nagle.disable", "true"}});
  rd_kafka_poll_set_consumer(handle);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(handle, list);
  rd_kafka_topic_partition_list_destroy(list);
  return handle;
}

// `take(bytes)` for each of `count` records; `ready` when there are partitions.
template <class Ready, class Take>
void Poll(rd_kafka_t* handle, int count, Ready ready, Take take) {
  bool assigned = false;
  while (count > 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle, kPollMs);
    if (!assigned) {
      rd_kafka_topic_partition_list_t* list = nullptr;
      rd_kafka_assignment(handle, &list);
      assigned = list != nullptr && list->cnt > 0;
      if (list != nullptr) rd_kafka_topic_partition_list_destroy(list);
      if (assigned) ready();
    }
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      take(std::string_view(static_cast<const char*>(message->payload), message->len));
      rd_kafka_offset_store(message->rkt, message->partition, message->offset);
      --count;
    }
    rd_kafka_message_destroy(message);
  }
}

void End(rd_kafka_t* handle) {
  rd_kafka_consumer_close(handle);
  rd_kafka_destroy(handle);
}

void Consume(const std::string& brokers, const std::string& topic, int count) {
  rd_kafka_t* handle = Subscribe(brokers, topic);
  simdjson::dom::parser parser;
  std::optional<Meter> meter;
  int taken = 0;
  // The first one is not counted: joining the group is not.
  Poll(
      handle, count,
      [&] {
        meter.emplace([handle] {
          if (rd_kafka_consumer_poll(handle, kPollMs) != nullptr) {
            Give("a record before the producer was told to begin");
          }
        });
        fmt::print("ready\n");
        std::fflush(stdout);
      },
      [&](std::string_view bytes) {
        if (taken++ == 0) meter->Begin();
        if (parser.parse(bytes.data(), bytes.size()).error() != simdjson::SUCCESS) {
          Give("a record that is no JSON");
        }
      });
  Say(meter->Taken(), count - 1);
  End(handle);
}

void Dump(const std::string& brokers, const std::string& topic, const std::string& folder,
          int count) {
  std::filesystem::create_directories(folder);
  rd_kafka_t* handle = Subscribe(brokers, topic);
  int number = 0;
  Poll(
      handle, count, [] {},
      [&](std::string_view bytes) {
        std::ofstream(fmt::format("{}/{:06}.json", folder, number++), std::ios::binary) << bytes;
      });
  End(handle);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string step = words.empty() ? "" : words[0];
  if (step == "upload" && words.size() == 4) {
    TakeUploads(ReadFile(words[1]), std::stod(words[2]), std::stoi(words[3]));
  } else if ((step == "put" || step == "get") && words.size() == 9) {
    Archives(step == "put", {words[1], words[2], words[3], words[4], words[5]}, ReadFile(words[6]),
             std::stod(words[7]), std::stoi(words[8]));
  } else if (step == "produce" && words.size() == 6) {
    Produce(words[1], words[2], ReadFolder(words[3]), std::stod(words[4]), std::stoi(words[5]));
  } else if (step == "consume" && words.size() == 4) {
    Consume(words[1], words[2], std::stoi(words[3]));
  } else if (step == "dump" && words.size() == 5) {
    Dump(words[1], words[2], words[3], std::stoi(words[4]));
  } else {
    fmt::print(stderr, "see the first lines of bench/way_floors.cc\n");
    return 2;
  }
  return 0;
}
