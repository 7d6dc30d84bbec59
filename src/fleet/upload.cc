#include "fleet/upload.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/result.h"

namespace insightd::fleet {
namespace {

constexpr std::string_view kUploadPath = "/api/ingress/v1/upload";
constexpr std::string_view kContentType = "application/vnd.redhat.openshift.periodic";
// Archives hold text and gzip: these 32 digits do not come in them by chance.
constexpr std::string_view kBoundary = "5f1c0a9d7be24863a05e9c41d27f6b38";
constexpr long kConnectTimeMax_ms = 10'000;
constexpr long kAnswerTimeMax_ms = 120'000;
constexpr long kBufferBytes = 512 * 1024;

struct Request {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  bool is_upload = false;
  Connections::Done done;
  Answer answer;
  // The body in pieces, and how far it was sent.
  std::string before;
  std::shared_ptr<const std::string> archive;
  std::string after;
  std::size_t sent = 0;
  std::array<char, CURL_ERROR_SIZE> error{};
};

std::size_t ReadBody(char* out, std::size_t size, std::size_t count, void* user) {
  auto& request = *static_cast<Request*>(user);
  const std::string_view pieces[] = {request.before, *request.archive, request.after};
  const std::size_t room = size * count;
  std::size_t done = 0;
  std::size_t begin = 0;
  for (const std::string_view piece : pieces) {
    if (request.sent < begin + piece.size() && done < room) {
      const std::size_t from = request.sent - begin;
      const std::size_t bytes = std::min(room - done, piece.size() - from);
      std::memcpy(out + done, piece.data() + from, bytes);
      done += bytes;
      request.sent += bytes;
    }
    begin += piece.size();
  }
  return done;
}

// For a connection that was kept and turns out to be closed: the body is sent again.
int SeekBody(void* user, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Request*>(user)->sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t TakeBody(char* bytes, std::size_t size, std::size_t count, void* user) {
  std::string& body = static_cast<Request*>(user)->answer.body;
  const std::size_t room = kAnswerBytesMax - std::min(kAnswerBytesMax, body.size());
  body.append(bytes, std::min(room, size * count));
  return size * count;
}

std::size_t TakeHeader(char* bytes, std::size_t size, std::size_t count, void* user) {
  constexpr std::string_view kRequestId = "x-rh-insights-request-id:";
  const std::string_view line(bytes, size * count);
  if (line.size() > kRequestId.size() &&
      std::equal(kRequestId.begin(), kRequestId.end(), line.begin(),
                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); })) {
    std::string_view value = line.substr(kRequestId.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    value = value.substr(0, value.find_last_not_of("\r\n ") + 1);
    static_cast<Request*>(user)->answer.request_id = value;
  }
  return size * count;
}

}  // namespace

struct Connections::Impl {
  Target target;
  const Clock& clock;
  CURLM* multi = nullptr;
  std::unordered_map<CURL*, std::unique_ptr<Request>> under_way;
  std::vector<CURL*> spare;  // with their settings reset
  std::size_t uploads = 0;

  Impl(Target to, const Clock& time) : target(std::move(to)), clock(time) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi = curl_multi_init();
    INSIGHTD_ASSERT(multi != nullptr);
  }

  ~Impl() {
    for (auto& [easy, request] : under_way) {
      curl_multi_remove_handle(multi, easy);
      curl_slist_free_all(request->headers);
      curl_easy_cleanup(easy);
    }
    for (CURL* const easy : spare) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  void AddHeader(Request& request, const std::string& line) {
    request.headers = curl_slist_append(request.headers, line.c_str());
  }

  std::unique_ptr<Request> Prepare(const std::string& url, Done done) {
    auto request = std::make_unique<Request>();
    if (spare.empty()) {
      request->easy = curl_easy_init();
      INSIGHTD_ASSERT(request->easy != nullptr);
    } else {
      request->easy = spare.back();
      spare.pop_back();
    }
    request->done = std::move(done);
    CURL* const easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeMax_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kAnswerTimeMax_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, TakeHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request.get());
    if (!target.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, target.ca_file.c_str());
    if (!target.token.empty()) AddHeader(*request, "Authorization: Bearer " + target.token);
    if (!target.identity.empty()) AddHeader(*request, "x-rh-identity: " + target.identity);
    return request;
  }

  void Start(std::unique_ptr<Request> request) {
    CURL* const easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    request->answer.started_at = clock.Steady();
    if (request->is_upload) ++uploads;
    under_way.emplace(easy, std::move(request));
    curl_multi_add_handle(multi, easy);
  }

  void End(CURL* easy, CURLcode code) {
    const auto at = under_way.find(easy);
    const std::unique_ptr<Request> request = std::move(at->second);
    under_way.erase(at);
    curl_multi_remove_handle(multi, easy);
    Answer& answer = request->answer;
    answer.ended_at = clock.Steady();
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code != CURLE_OK) {
      // An answer before the body was read, as for one that is too large, is an answer.
      const bool answered = answer.status >= 400 && code == CURLE_SEND_ERROR;
      if (!answered) {
        answer.status = 0;
        answer.error = request->error[0] != '\0' ? request->error.data() : curl_easy_strerror(code);
      }
    }
    curl_slist_free_all(request->headers);
    curl_easy_reset(easy);
    spare.push_back(easy);
    if (request->is_upload) --uploads;
    request->done(answer);
  }
};

Connections::Connections(Target target, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(target), clock)) {}
Connections::~Connections() = default;

void Connections::Send(Upload upload, Done done) {
  std::unique_ptr<Request> request =
      impl_->Prepare(impl_->target.url + std::string(kUploadPath), std::move(done));
  CURL* const easy = request->easy;
  request->is_upload = true;
  request->before = fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"payload.tar.gz\"\r\n"
      "Content-Type: {}\r\n\r\n",
      kBoundary, kContentType);
  request->archive = std::move(upload.archive);
  std::string metadata;
  json::JsonWriter(metadata)
      .BeginObject()
      .Key("custom_metadata")
      .BeginObject()
      .Key("gathering_time")
      .String(FormatTimeSeconds(upload.gathered_at))
      .EndObject()
      .EndObject();
  request->after = fmt::format(
      "\r\n--{}\r\nContent-Disposition: form-data; name=\"metadata\"; "
      "filename=\"metadata.json\"\r\nContent-Type: "
      "application/octet-stream\r\n\r\n{}\r\n--{}--\r\n",
      kBoundary, metadata, kBoundary);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, ReadBody);
  curl_easy_setopt(easy, CURLOPT_READDATA, request.get());
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, SeekBody);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, request.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  const std::string agent =
      fmt::format("insights-operator/{} cluster/{}", upload.version, upload.cluster_id);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, agent.c_str());
  if (!impl_->target.keep_connections) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  impl_->AddHeader(*request,
                   fmt::format("Content-Type: multipart/form-data; boundary={}", kBoundary));
  impl_->AddHeader(*request, "Transfer-Encoding: chunked");
  impl_->AddHeader(*request, "Expect:");
  impl_->Start(std::move(request));
}

void Connections::Get(const std::string& path, Done done) {
  std::unique_ptr<Request> request = impl_->Prepare(
      (impl_->target.api_url.empty() ? impl_->target.url : impl_->target.api_url) + path,
      std::move(done));
  curl_easy_setopt(request->easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(request->easy, CURLOPT_USERAGENT, "insightd-fleet");
  impl_->Start(std::move(request));
}

void Connections::Run(milliseconds wait_max) {
  int running = 0;
  curl_multi_perform(impl_->multi, &running);
  bool ended = false;
  int left = 0;
  while (CURLMsg* const message = curl_multi_info_read(impl_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    ended = true;
    impl_->End(message->easy_handle, message->data.result);
  }
  if (!ended) {
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(wait_max.count()), nullptr);
  }
}

void Connections::Wake() { curl_multi_wakeup(impl_->multi); }

std::size_t Connections::uploads_under_way() const { return impl_->uploads; }

}  // namespace insightd::fleet
