#include "http/client.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

namespace insightd::http {
namespace {

constexpr int kPollMs = 1000;  // libcurl looks at its own time limits at least so often

struct CleanupEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CleanupMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct CleanupUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Multi = std::unique_ptr<CURLM, CleanupMulti>;
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

void InitOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::unique_ptr<char, FreeText> owned(text);
  return text;
}

// The URL's host as messages may show it; empty when the URL cannot be used. `allowed` tells
// whether the list has it.
struct Host {
  std::string name;
  bool has_user = false;
  bool allowed = false;
};

std::string Lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A star stands for at least one character.
bool Matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == name;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view behind = pattern.substr(star + 1);
  return name.size() > before.size() + behind.size() && name.starts_with(before) &&
         name.ends_with(behind);
}

Host HostOf(const std::string& text, const std::vector<std::string>& hosts) {
  const std::unique_ptr<CURLU, CleanupUrl> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return {};
  Host host{.name = Lowered(Part(url.get(), CURLUPART_HOST))};
  const std::string port = Part(url.get(), CURLUPART_PORT);
  const std::string with_port = host.name + ":" +
                                (!port.empty()      ? port
                                 : scheme == "http" ? "80"
                                                    : "443");
  host.has_user =
      !Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty();
  host.allowed = std::any_of(hosts.begin(), hosts.end(), [&](const std::string& listed) {
    const std::string allowed = Lowered(listed);
    return Matches(allowed, host.name) || Matches(allowed, with_port);
  });
  return host;
}

// The text between the first <name> and its end, without what a message should not hold.
std::string XmlText(const std::string& xml, const std::string& name) {
  constexpr std::size_t kShownMax = 120;
  const std::size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + name.size() + 2;
  const std::size_t end = xml.find('<', from);
  if (end == std::string::npos || end - from > kShownMax) return "";
  std::string text = xml.substr(from, end - from);
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(" .,:;'()_-").find(c) != std::string_view::npos;
  });
  return is_plain ? text : "";
}

// Handles that have connections open which may be used again. Thread-safe.
class IdleMultis {
 public:
  Multi Take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Multi(curl_multi_init());
    Multi multi = std::move(idle_.back());
    idle_.pop_back();
    return multi;
  }
  void Give(Multi multi) {
    constexpr std::size_t kIdleMax = 16;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(multi));
  }

 private:
  std::mutex mutex_;
  std::vector<Multi> idle_;
};

// Lives as long as the process: a Source may end in any thread, late.
IdleMultis& Idle() {
  static auto* const kIdle = new IdleMultis;
  return *kIdle;
}

class CurlSource : public Source {
 public:
  CurlSource(GetOptions options, std::string host)
      : options_(std::move(options)), host_(std::move(host)) {}

  ~CurlSource() override {
    if (!multi_ || !easy_) return;
    curl_multi_remove_handle(multi_.get(), easy_.get());
    if (ended_ && !failure_) Idle().Give(std::move(multi_));
  }

  // One request; the answer's status is good or a redirect when this returns.
  Result<void> Start(const std::string& url) {
    InitOnce();
    easy_.reset(curl_easy_init());
    multi_ = Idle().Take();
    if (!easy_ || !multi_) return Fail(Code::kInternal, "libcurl cannot be used");
    CURL* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_time_max.count()));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options_.slow_time_max.count()));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.slow_bytes_per_s));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlSource::OnBytes);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlSource::OnHeader);
    if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
      return Fail(Code::kInternal, "libcurl cannot be used");
    }
    while (!ended_ && !head_done_) {
      if (Result<void> step = Step(); !step) return step;
    }
    return failure_ ? Fail(*failure_) : Result<void>();
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  std::string redirect() const {
    char* url = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &url);
    return url != nullptr ? url : "";
  }
  std::uint64_t announced_bytes() const {
    curl_off_t bytes = -1;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
    return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
  }

  Result<std::size_t> Read(std::span<char> into) override {
    for (;;) {
      if (at_ < window_.size()) break;
      if (failure_) return Fail(*failure_);
      if (ended_ && total_ == 0 && !options_.empty_allowed && !into.empty()) {
        failure_.emplace(Code::kCorrupt, fmt::format("the answer of {} is empty", host_));
        return Fail(*failure_);
      }
      if (ended_) return std::size_t{0};
      window_.clear();
      at_ = 0;
      if (paused_) {
        paused_ = false;
        curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
        if (!window_.empty()) continue;
      }
      if (Result<void> step = Step(); !step) return Fail(step.error());
    }
    const std::size_t bytes = std::min(into.size(), window_.size() - at_);
    std::memcpy(into.data(), window_.data() + at_, bytes);
    at_ += bytes;
    total_ += bytes;
    if (total_ > options_.bytes_max) return TooLarge();
    return bytes;
  }

  tl::unexpected<Error> TooLarge() {
    failure_.emplace(Code::kTooLarge, fmt::format("the answer of {} is over the limit of {} bytes",
                                                  host_, options_.bytes_max));
    return Fail(*failure_);
  }

 private:
  static std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count,
                              void* self_pointer) {
    auto& self = *static_cast<CurlSource*>(self_pointer);
    const std::string_view line(bytes, size * count);
    if (line.starts_with("HTTP/")) self.head_whole_ = false;
    if (line == "\r\n" || line == "\n") self.head_whole_ = true;
    return line.size();
  }

  static std::size_t OnBytes(char* bytes, std::size_t size, std::size_t count, void* self_pointer) {
    auto& self = *static_cast<CurlSource*>(self_pointer);
    self.head_done_ = true;
    if (self.window_.size() + size * count > kWindowBytes && !self.window_.empty()) {
      self.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    self.window_.append(bytes, size * count);
    return size * count;
  }

  // Waits for something to happen and lets libcurl do it.
  Result<void> Step() {
    int running = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      return Fail(Code::kInternal, "libcurl failed");
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      ended_ = true;
      if (message->data.result != CURLE_OK) {
        failure_ = ErrorOf(message->data.result);
      } else if (!head_whole_) {
        // libcurl takes a connection that ends within the head for the end of an empty body.
        failure_.emplace(Code::kUnavailable,
                         fmt::format("{}: the connection ended within the answer's head", host_));
      }
    }
    if (!ended_ && window_.empty()) curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    return {};
  }

  Error ErrorOf(CURLcode code) const {
    const std::string text = fmt::format("{}: {}", host_, curl_easy_strerror(code));
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT: return {Code::kTimeout, text};
      case CURLE_BAD_CONTENT_ENCODING:
      case CURLE_WEIRD_SERVER_REPLY: return {Code::kCorrupt, text};
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL: return {Code::kInvalid, text};
      default: return {Code::kUnavailable, text};
    }
  }

  const GetOptions options_;
  const std::string host_;
  Multi multi_;
  std::unique_ptr<CURL, CleanupEasy> easy_;
  std::string window_;
  std::size_t at_ = 0;
  std::uint64_t total_ = 0;
  bool head_whole_ = false;
  bool head_done_ = false;
  bool paused_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
};

Code CodeOf(long status) {
  if (status == 404 || status == 410) return Code::kNotFound;
  const bool may_pass = status >= 500 || status == 408 || status == 425 || status == 429;
  return may_pass ? Code::kUnavailable : Code::kInvalid;
}

// What the answer says of itself: "status 403, AccessDenied: Request has expired".
std::string Said(CurlSource& source, long status) {
  std::string said = fmt::format("status {}", status);
  constexpr std::size_t kLookedAtMax = 8 * 1024;
  std::string body;
  char chunk[1024];
  while (body.size() < kLookedAtMax) {
    const Result<std::size_t> bytes = source.Read(chunk);
    if (!bytes || *bytes == 0) break;
    body.append(chunk, *bytes);
  }
  const std::string code = XmlText(body, "Code");
  if (!code.empty()) said += ", " + code;
  if (const std::string text = XmlText(body, "Message"); !code.empty() && !text.empty()) {
    said += ": " + text;
  }
  return said;
}

}  // namespace

Result<std::unique_ptr<Source>> Get(const std::string& url, const GetOptions& options) {
  std::string at = url;
  for (int redirects = 0;; ++redirects) {
    const Host host = HostOf(at, options.hosts);
    if (host.name.empty()) {
      return Fail(Code::kInvalid, "not an http or https URL that can be read");
    }
    if (host.has_user) {
      return Fail(
          Code::kInvalid,
          fmt::format("the URL at {} holds a user or a password, which is not taken", host.name));
    }
    if (!host.allowed) {
      return Fail(Code::kInvalid,
                  fmt::format("host {} is not listed as one that may be read from", host.name));
    }
    auto source = std::make_unique<CurlSource>(options, host.name);
    if (Result<void> started = source->Start(at); !started) return Fail(started.error());
    const long status = source->status();
    if (status >= 200 && status < 300) {
      if (source->announced_bytes() > options.bytes_max) return source->TooLarge();
      return source;
    }
    const std::string next = status >= 300 && status < 400 ? source->redirect() : "";
    if (next.empty()) {
      return Fail(CodeOf(status),
                  fmt::format("{} answered with {}", host.name, Said(*source, status)));
    }
    if (redirects >= options.redirects_max) {
      return Fail(Code::kInvalid,
                  fmt::format("{} redirects more than {} times", host.name, options.redirects_max));
    }
    at = next;
  }
}

Result<std::string> GetText(const std::string& url, const GetOptions& options) {
  Result<std::unique_ptr<Source>> source = Get(url, options);
  if (!source) return Fail(std::move(source.error()));
  std::string text;
  char chunk[16 * 1024];
  for (;;) {
    const Result<std::size_t> bytes = (*source)->Read(chunk);
    if (!bytes) return Fail(bytes.error());
    if (*bytes == 0) return text;
    text.append(chunk, *bytes);
  }
}

}  // namespace insightd::http
