#include "blob/s3/transfers.h"

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace insightd::blob::s3 {
namespace {

using Steady = std::chrono::steady_clock;

constexpr long kSlowBytesPerSecond = 1024;
constexpr int kPollMs = 1'000;  // libcurl looks at its own time limits at least so often
constexpr std::size_t kIdleHandlesMax = 16;

struct CleanupEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CleanupMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CleanupEasy>;

std::string_view WayOut(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "; name the authority that signed its certificate in blob.s3_ca_file, and the server "
             "in blob.s3_endpoint as its certificate does";
    case CURLE_SSL_CONNECT_ERROR:
      return "; where the server does not speak TLS, blob.s3_endpoint begins with http://";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return "; where the server speaks TLS, blob.s3_endpoint begins with https://; else it is "
             "none of S3";
    case CURLE_GOT_NOTHING: return "; what listens at blob.s3_endpoint may be no server of S3";
    default: return "";
  }
}

Error ErrorOf(CURLcode code, const char* detail, bool too_large) {
  if (too_large) {
    return {Code::kTooLarge, fmt::format("the answer is over {} bytes", kAnswerBytesMax)};
  }
  std::string text = curl_easy_strerror(code);
  if (detail[0] != '\0' && text != detail) text = fmt::format("{} ({})", text, detail);
  text += WayOut(code);
  return {code == CURLE_OPERATION_TIMEDOUT ? Code::kTimeout : Code::kUnavailable, std::move(text)};
}

// One exchange that libcurl works on. Stays where it is: libcurl points to it.
class Active {
 public:
  Active(Exchange given, Easy handle) : exchange(std::move(given)), easy(std::move(handle)) {}
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

  void SetUp(const TransfersOptions& options) {
    CURL* handle = easy.get();
    error_[0] = '\0';
    curl_easy_setopt(handle, CURLOPT_URL, exchange.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    // One exchange a connection: one that stands still holds up no other.
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options.connect_time_max.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options.slow_time_max.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "insightd");
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_);
    if (!options.ca_file.empty()) {
      curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    }
    // Bodies are at hand and small: asking first whether they may come costs a round trip.
    AddHeader("Expect", "");
    for (const auto& [name, value] : exchange.headers) AddHeader(name, value);
    if (exchange.method == "HEAD") {
      curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (exchange.body) {
      const bool typed =
          std::any_of(exchange.headers.begin(), exchange.headers.end(),
                      [](const auto& header) { return header.first == "content-type"; });
      if (!typed) AddHeader("Content-Type", "application/octet-stream");
      curl_easy_setopt(handle, CURLOPT_POST, 1L);
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange.body->data());
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(exchange.body->size()));
    }
    if (exchange.method != "HEAD" && exchange.method != "GET") {
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, std::string(exchange.method).c_str());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Active::OnHeader);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Active::OnBytes);
  }

  Answer End(CURLcode code) {
    if (code == CURLE_OK && !head_whole_) {
      // libcurl takes a connection that ends within the head for the end of an empty body.
      answer_.failure.emplace(Code::kUnavailable, "the connection ended within the answer's head");
    } else if (code == CURLE_OK) {
      TellHead();
    } else {
      answer_.failure = ErrorOf(code, error_, too_large_);
    }
    return std::move(answer_);
  }

  Exchange exchange;
  Easy easy;

 private:
  void AddHeader(const std::string& name, const std::string& value) {
    curl_slist* longer = curl_slist_append(headers_.get(), (name + ": " + value).c_str());
    if (longer == nullptr) return;
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  void TellHead() {
    if (head_told_) return;
    head_told_ = true;
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    if (exchange.receiver && answer_.good()) exchange.receiver->OnHead(answer_);
  }

  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* pointer) {
    auto& self = *static_cast<Active*>(pointer);
    const std::string_view line(bytes, size * count);
    if (line.starts_with("HTTP/")) {  // one more head: behind a 100, say
      self.answer_.headers.clear();
      self.head_bytes_ = 0;
      self.head_whole_ = false;
      return line.size();
    }
    if (line == "\r\n" || line == "\n") self.head_whole_ = true;
    self.head_bytes_ += line.size();
    if (self.head_bytes_ > kHeadBytesMax) return 0;
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return line.size();
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0) {
      value.remove_prefix(1);
    }
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0) {
      value.remove_suffix(1);
    }
    self.answer_.headers.emplace_back(std::move(name), value);
    return line.size();
  }

  static std::size_t OnBytes(char* bytes, std::size_t size, std::size_t count, void* pointer) {
    auto& self = *static_cast<Active*>(pointer);
    self.TellHead();
    const std::string_view piece(bytes, size * count);
    if (self.exchange.receiver && self.answer_.good()) {
      return self.exchange.receiver->OnBytes(piece) ? piece.size() : CURL_WRITEFUNC_PAUSE;
    }
    if (self.answer_.body.size() + piece.size() > kAnswerBytesMax) {
      self.too_large_ = true;
      return 0;
    }
    self.answer_.body.append(piece);
    return piece.size();
  }

  std::unique_ptr<curl_slist, FreeList> headers_;
  char error_[CURL_ERROR_SIZE] = {};
  Answer answer_;
  std::size_t head_bytes_ = 0;
  bool head_whole_ = false;
  bool head_told_ = false;
  bool too_large_ = false;
};

class CurlTransfers final : public Transfers {
 public:
  CurlTransfers(TransfersOptions options, CURLM* multi)
      : options_(std::move(options)), multi_(multi) {
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections_max));
    thread_ = std::thread([this] { Run(); });
  }
  ~CurlTransfers() override { Close(); }

  bool Post(Job job) override {
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return false;
      jobs_.push_back(std::move(job));
    }
    curl_multi_wakeup(multi_.get());
    return true;
  }

  void Close() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    curl_multi_wakeup(multi_.get());
    if (thread_.joinable()) thread_.join();
  }

  Id Begin(Exchange exchange) override {
    waiting_.emplace_back(++last_id_, std::move(exchange));
    return last_id_;
  }

  void After(milliseconds delay, Job job) override {
    timers_.emplace(Steady::now() + delay, std::move(job));
  }

  void Resume(Id id) override {
    const auto found = active_.find(id);
    if (found != active_.end()) curl_easy_pause(found->second->easy.get(), CURLPAUSE_CONT);
  }

  void Drop(Id id) override {
    std::erase_if(waiting_, [id](const auto& entry) { return entry.first == id; });
    const auto found = active_.find(id);
    if (found == active_.end()) return;
    curl_multi_remove_handle(multi_.get(), found->second->easy.get());
    active_.erase(found);
  }

 private:
  void Run() {
    pthread_setname_np(pthread_self(), "blob-s3");
    while (RunJobs()) {
      RunTimers();
      StartWaiting();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      if (EndFinished()) continue;
      curl_multi_poll(multi_.get(), nullptr, 0, WaitMs(), nullptr);
    }
    for (const auto& [id, active] : active_) {
      curl_multi_remove_handle(multi_.get(), active->easy.get());
    }
    // What they hold may end on the last owner's behalf; so not with the thread's own state.
    active_.clear();
    waiting_.clear();
    timers_.clear();
  }

  // False when it is time to end; jobs that came before are run.
  bool RunJobs() {
    std::vector<Job> jobs;
    bool closing = false;
    {
      const std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
      closing = closing_;
    }
    for (Job& job : jobs) {
      job();
      job = nullptr;
    }
    return !closing;
  }

  void RunTimers() {
    while (!timers_.empty() && timers_.begin()->first <= Steady::now()) {
      const Job job = std::move(timers_.extract(timers_.begin()).mapped());
      job();
    }
  }

  void StartWaiting() {
    while (!waiting_.empty() &&
           active_.size() < static_cast<std::size_t>(options_.connections_max)) {
      auto [id, exchange] = std::move(waiting_.front());
      waiting_.pop_front();
      Easy easy;
      if (idle_.empty()) {
        easy.reset(curl_easy_init());
      } else {
        easy = std::move(idle_.back());
        idle_.pop_back();
      }
      auto active = std::make_unique<Active>(std::move(exchange), std::move(easy));
      if (active->easy) active->SetUp(options_);
      if (!active->easy ||
          curl_easy_setopt(active->easy.get(), CURLOPT_PRIVATE, reinterpret_cast<char*>(id)) !=
              CURLE_OK ||
          curl_multi_add_handle(multi_.get(), active->easy.get()) != CURLM_OK) {
        Answer answer;
        answer.failure.emplace(Code::kUnavailable, "no memory for a connection");
        active->exchange.done(std::move(answer));
        continue;
      }
      active_.emplace(id, std::move(active));
    }
  }

  // Whether any has.
  bool EndFinished() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      char* pointer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
      const auto found = active_.find(reinterpret_cast<Id>(pointer));
      curl_multi_remove_handle(multi_.get(), message->easy_handle);
      if (found == active_.end()) continue;
      const std::unique_ptr<Active> active = std::move(found->second);
      active_.erase(found);
      any = true;
      Answer answer = active->End(code);
      if (idle_.size() < kIdleHandlesMax) {
        curl_easy_reset(active->easy.get());
        idle_.push_back(std::move(active->easy));
      }
      active->exchange.done(std::move(answer));
    }
    return any;
  }

  int WaitMs() const {
    if (timers_.empty()) return kPollMs;
    const auto left = std::chrono::ceil<milliseconds>(timers_.begin()->first - Steady::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kPollMs));
  }

  const TransfersOptions options_;
  const std::unique_ptr<CURLM, CleanupMulti> multi_;

  std::mutex mutex_;
  std::vector<Job> jobs_;
  bool closing_ = false;

  // Of the thread.
  Id last_id_ = 0;
  std::deque<std::pair<Id, Exchange>> waiting_;
  std::map<Id, std::unique_ptr<Active>> active_;
  std::multimap<Steady::time_point, Job> timers_;
  std::vector<Easy> idle_;

  std::thread thread_;
};

}  // namespace

std::string_view Answer::Header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return "";
}

namespace {

Result<void> CheckCaFile(const std::string& path) {
  if (path.empty()) return {};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) {
    return Fail(Code::kInvalid, fmt::format("blob.s3_ca_file {}: {}", path, std::strerror(errno)));
  }
  const std::unique_ptr<X509, void (*)(X509*)> first(
      PEM_read_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  ERR_clear_error();
  if (first) return {};
  return Fail(Code::kInvalid, fmt::format("blob.s3_ca_file {} holds no certificate (PEM)", path));
}

}  // namespace

Result<std::unique_ptr<Transfers>> Transfers::Make(const TransfersOptions& options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  if (auto checked = CheckCaFile(options.ca_file); !checked) return Fail(checked.error());
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) return Fail(Code::kInternal, "libcurl cannot be used");
  return std::make_unique<CurlTransfers>(options, multi);
}

}  // namespace insightd::blob::s3
