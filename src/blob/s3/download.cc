#include "blob/s3/download.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

namespace insightd::blob::s3 {
namespace {

std::uint64_t ToNumber(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What the reader and the thread of the transfers share.
class Download final : public Receiver, public std::enable_shared_from_this<Download> {
 public:
  Download(std::shared_ptr<Client> client, std::string_view key)
      : client_(std::move(client)), call_(std::make_shared<Call>(Call{.method = "GET"})) {
    call_->key = key;
  }

  Result<std::uint64_t> Start() {
    call_->receiver = shared_from_this();
    call_->prepare = [self = this](Call& call) { self->Prepare(call); };
    call_->done = [self = shared_from_this()](Outcome outcome) {
      self->OnDone(std::move(outcome));
    };
    client_->Send(call_);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return head_done_ || ended_; });
    if (failure_ && !head_done_) return Fail(*failure_);
    return bytes_;
  }

  Result<std::size_t> Read(std::span<char> into) {
    std::unique_lock lock(mutex_);
    if (window_.size() - at_ <= kWindowBytes / 2 && paused_) {
      paused_ = false;
      client_->InThread(
          [self = shared_from_this()] { self->client_->transfers().Resume(self->call_->id); });
    }
    changed_.wait(lock, [this] { return at_ < window_.size() || ended_; });
    if (at_ < window_.size()) {
      const std::size_t count = std::min(into.size(), window_.size() - at_);
      std::memcpy(into.data(), window_.data() + at_, count);
      at_ += count;
      if (at_ == window_.size()) {
        window_.clear();
        at_ = 0;
      }
      return count;
    }
    if (failure_) return Fail(*failure_);
    return std::size_t{0};
  }

  void Cancel() { client_->Cancel(call_); }

 private:
  void Prepare(Call& call) {
    const std::lock_guard lock(mutex_);
    if (received_ == 0) return;
    call.headers = {{"Range", fmt::format("bytes={}-", received_)}};
    if (!etag_.empty()) call.headers.emplace_back("If-Match", etag_);
  }

  void OnHead(const Answer& answer) override {
    const std::lock_guard lock(mutex_);
    // A server that does not know ranges begins again.
    skip_ = answer.status == 206 ? 0 : received_;
    if (head_done_) return;
    head_done_ = true;
    bytes_ = ToNumber(answer.Header("content-length"));
    etag_ = answer.Header("etag");
    changed_.notify_all();
  }

  bool OnBytes(std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    if (window_.size() - at_ + bytes.size() > kWindowBytes && at_ < window_.size()) {
      paused_ = true;
      return false;
    }
    // It moves: what fails from here on is a new failure.
    call_->tries = 1;
    call_->deadline = client_->options().clock->Steady() + client_->options().retry_time_max;
    const std::size_t skipped =
        static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    bytes.remove_prefix(skipped);
    if (at_ > 0) {
      window_.erase(0, at_);
      at_ = 0;
    }
    window_.append(bytes);
    received_ += bytes.size();
    changed_.notify_all();
    return true;
  }

  void OnDone(Outcome outcome) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    // Cut behind the last byte: there was nothing left to read on.
    const bool is_whole = head_done_ && bytes_ > 0 && received_ == bytes_;
    if (outcome.failure && !is_whole) failure_ = std::move(outcome.failure->error);
    changed_.notify_all();
  }

  const std::shared_ptr<Client> client_;
  const std::shared_ptr<Call> call_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string window_;
  std::size_t at_ = 0;
  std::uint64_t received_ = 0;  // of the object, in all tries
  std::uint64_t skip_ = 0;
  std::uint64_t bytes_ = 0;
  std::string etag_;
  bool head_done_ = false;
  bool paused_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
};

class S3Reader final : public Reader {
 public:
  S3Reader(std::shared_ptr<Download> download, std::uint64_t bytes)
      : download_(std::move(download)), bytes_(bytes) {}
  ~S3Reader() override { download_->Cancel(); }
  Result<std::size_t> Read(std::span<char> into) override { return download_->Read(into); }
  std::uint64_t bytes() const override { return bytes_; }

 private:
  const std::shared_ptr<Download> download_;
  const std::uint64_t bytes_;
};

}  // namespace

Result<std::unique_ptr<Reader>> StartDownload(std::shared_ptr<Client> client,
                                              std::string_view key) {
  auto download = std::make_shared<Download>(std::move(client), key);
  const Result<std::uint64_t> bytes = download->Start();
  if (!bytes) return Fail(bytes.error());
  return std::make_unique<S3Reader>(std::move(download), *bytes);
}

}  // namespace insightd::blob::s3
