#include "blob/s3/upload.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blob/s3/xml.h"

namespace insightd::blob::s3 {
namespace {

// Tells the writer of an object from others: see Upload::OnWhose.
constexpr std::string_view kMarkHeader = "x-amz-meta-insightd-writer";
constexpr std::size_t kMarkDigits = 32;
// Up to here the buffer grows as it has to; then it gets the room of a part at once.
constexpr std::size_t kSmallBytes = 256 * 1024;
constexpr int kCompleteTriesMax = 3;

// Buffers of parts are large, and the allocator would keep the room of some for each thread that
// had one. From here on it gives back what large blocks took as soon as they are free.
void GiveLargeBlocksBack() {
  constexpr int kLargeBytes = 1 << 20;
  static std::once_flag once;
  std::call_once(once, [] { mallopt(M_MMAP_THRESHOLD, kLargeBytes); });
}

// One object on its way. Requests follow each other, one at a time: each ends in a callback, which
// decides on the next.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(std::shared_ptr<Uploads> uploads, std::string_view key)
      : uploads_(std::move(uploads)),
        client_(*uploads_->client()),
        options_(client_.options()),
        key_(key),
        mark_(options_.random->Hex(kMarkDigits)) {}
  ~Upload() { uploads_->Give(held_); }

  Result<void> Append(std::span<const char> bytes) {
    std::shared_ptr<Call> next;
    {
      const std::lock_guard lock(mutex_);
      INSIGHTD_ASSERT(!committing_);
      if (failed_) return Fail(*failed_);
      if (Result<void> taken = uploads_->Take(bytes.size()); !taken) {
        failed_ = taken.error();
        DropBuffer();
        return taken;
      }
      held_ += bytes.size();
      if (buffer_.size() + bytes.size() > kSmallBytes) {
        GiveLargeBlocksBack();
        buffer_.reserve(std::max(options_.part_bytes + kSmallBytes, buffer_.size() + bytes.size()));
      }
      buffer_.append(bytes.data(), bytes.size());
      next = Next();
    }
    Send(next);
    return {};
  }

  bool WhenReady(std::function<void()> ready) {
    const std::lock_guard lock(mutex_);
    if (failed_ || !busy_ || buffer_.size() < options_.part_bytes) return true;
    ready_ = std::move(ready);
    return false;
  }

  void Commit(Writer::Committed committed) {
    std::shared_ptr<Call> next;
    std::optional<Error> refused;
    {
      const std::lock_guard lock(mutex_);
      INSIGHTD_ASSERT(!committing_);
      committing_ = true;
      refused = failed_;
      if (!refused && !uploads_->BeginCommit()) {
        refused.emplace(Code::kUnavailable, "the blob store is closed");
        failed_ = refused;
      }
      if (!refused) committed_ = std::move(committed);
      next = Next();
    }
    Send(next);
    if (refused) committed(Fail(*std::move(refused)));
  }

  // The writer has gone.
  void Leave() {
    std::shared_ptr<Call> next;
    {
      const std::lock_guard lock(mutex_);
      ready_ = nullptr;
      if (committing_) return;
      committing_ = true;
      if (!failed_) failed_.emplace(Code::kInternal, "not committed");
      DropBuffer();
      next = Next();
    }
    Send(next);
  }

 private:
  using Handler = void (Upload::*)(Outcome);

  void Send(const std::shared_ptr<Call>& call) {
    if (call) client_.Send(call);
  }

  // Nothing more is sent. A part that is answered just now is in memory until then.
  void DropBuffer() {
    buffer_ = std::string();
    if (part_ && client_.Cancel(part_)) {
      busy_ = false;
      part_.reset();
    }
    const std::uint64_t under_way = part_ ? part_bytes_ : 0;
    uploads_->Give(held_ - under_way);
    held_ = under_way;
  }

  std::shared_ptr<Call> Make(std::string_view method, Handler handler) {
    auto call = std::make_shared<Call>(Call{.method = method});
    call->key = key_;
    call->done = [self = shared_from_this(), handler](Outcome outcome) {
      (*self.*handler)(std::move(outcome));
    };
    busy_ = true;
    return call;
  }

  // What is to be sent now; none: nothing, or not yet. With the lock held.
  std::shared_ptr<Call> Next() {
    if (busy_ || finished_) return nullptr;
    if (failed_) {
      if (upload_id_.empty()) return nullptr;
      finished_ = true;
      auto call = Make("DELETE", &Upload::OnAborted);
      call->query = {{"uploadId", upload_id_}};
      return call;
    }
    if (upload_id_.empty()) {
      if (buffer_.size() > options_.part_bytes) {
        auto call = Make("POST", &Upload::OnBegun);
        call->query = {{"uploads", ""}};
        call->headers = ObjectHeaders();
        call->body = std::make_shared<const std::string>();
        return call;
      }
      if (!committing_) return nullptr;
      if (MustAskFirst()) return Make("HEAD", &Upload::OnWhose);
      auto call = Make("PUT", &Upload::OnPut);
      call->headers = ObjectHeaders();
      if (OnlyWhenNew()) call->headers.emplace_back("If-None-Match", "*");
      call->body = std::make_shared<const std::string>(std::move(buffer_));
      return call;
    }
    if (buffer_.size() >= options_.part_bytes || (committing_ && !buffer_.empty())) return Part();
    if (!committing_) return nullptr;
    if (MustAskFirst()) return Make("HEAD", &Upload::OnWhose);
    return Complete();
  }

  bool MustAskFirst() const { return !options_.if_none_match && !options_.overwrite && !asked_; }
  bool OnlyWhenNew() const { return options_.if_none_match && !options_.overwrite; }
  Pairs ObjectHeaders() const {
    Pairs headers = {{std::string(kMarkHeader), mark_}};
    if (!options_.acl.empty()) headers.emplace_back("x-amz-acl", options_.acl);
    if (!options_.content_type.empty()) headers.emplace_back("content-type", options_.content_type);
    return headers;
  }

  std::shared_ptr<Call> Part() {
    auto call = Make("PUT", &Upload::OnPart);
    call->query = {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", upload_id_}};
    // All but the last of one size: some servers want that. What is behind it is little, and gets a
    // buffer of its own, so that no part is there twice.
    std::string behind;
    if (buffer_.size() > options_.part_bytes) {
      behind = buffer_.substr(options_.part_bytes);
      buffer_.resize(options_.part_bytes);
    }
    call->body = std::make_shared<const std::string>(std::exchange(buffer_, std::move(behind)));
    part_bytes_ = call->body->size();
    part_ = call;
    return call;
  }

  std::shared_ptr<Call> Complete() {
    auto call = Make("POST", &Upload::OnCompleted);
    call->query = {{"uploadId", upload_id_}};
    if (OnlyWhenNew()) call->headers.emplace_back("If-None-Match", "*");
    std::string body = "<CompleteMultipartUpload>";
    for (std::size_t i = 0; i < etags_.size(); ++i) {
      body +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etags_[i]);
    }
    body += "</CompleteMultipartUpload>";
    call->body = std::make_shared<const std::string>(std::move(body));
    return call;
  }

  void OnBegun(Outcome outcome) {
    std::string id = outcome ? XmlText(outcome.answer.body, "UploadId") : "";
    Continue([&]() -> std::optional<Error> {
      if (!outcome) return std::move(outcome.failure->error);
      if (id.empty()) return Strange("beginning an upload in parts");
      upload_id_ = std::move(id);
      return std::nullopt;
    });
  }

  void OnPart(Outcome outcome) {
    Continue([&]() -> std::optional<Error> {
      held_ -= part_bytes_;
      uploads_->Give(part_bytes_);
      part_.reset();
      if (!outcome) return std::move(outcome.failure->error);
      const std::string_view etag = outcome.answer.Header("etag");
      if (etag.empty() || etag.find_first_of("<&") != etag.npos) return Strange("taking a part");
      etags_.emplace_back(etag);
      return std::nullopt;
    });
  }

  void OnPut(Outcome outcome) {
    // An earlier try of ours may have been good, and its answer lost.
    if (!outcome && outcome.failure->error.code() == Code::kConflict) return AskWhose();
    Finish(outcome ? std::nullopt : std::optional(std::move(outcome.failure->error)));
  }

  void OnCompleted(Outcome outcome) {
    // S3 begins this answer before it knows its end: a failure may stand in a good one.
    const std::string failure = outcome ? XmlText(outcome.answer.body, "Code") : "";
    if (!failure.empty() && ++complete_tries_ < kCompleteTriesMax) {
      std::shared_ptr<Call> again;
      {
        const std::lock_guard lock(mutex_);
        again = Complete();
      }
      return Send(again);
    }
    if (!failure.empty()) {
      return Finish(
          Error(Code::kUnavailable,
                fmt::format("{}: completing {}: {}", client_.address().Shown(), key_, failure)));
    }
    if (!outcome && (outcome.failure->error.code() == Code::kConflict ||
                     outcome.failure->s3_code == "NoSuchUpload")) {
      return AskWhose();
    }
    Finish(outcome ? std::nullopt : std::optional(std::move(outcome.failure->error)));
  }

  void AskWhose() {
    std::shared_ptr<Call> call;
    {
      const std::lock_guard lock(mutex_);
      call = Make("HEAD", &Upload::OnWhose);
    }
    Send(call);
  }

  // Whether the object that is there is what this writer wrote.
  void OnWhose(Outcome outcome) {
    if (outcome) {
      if (outcome.answer.Header(kMarkHeader) == mark_) return Finish(std::nullopt);
      return Finish(Error(Code::kConflict, fmt::format("blob {} exists", key_)));
    }
    if (outcome.failure->error.code() != Code::kNotFound) {
      return Finish(std::move(outcome.failure->error));
    }
    if (OnlyWhenNew() || options_.overwrite || asked_) {
      return Finish(Strange("keeping an object that was said to be there"));
    }
    Continue([this]() -> std::optional<Error> {
      asked_ = true;
      return std::nullopt;
    });
  }

  void OnAborted(Outcome /*outcome*/) {}

  Error Strange(std::string_view doing) const {
    return Error(Code::kUnavailable, fmt::format("{}: {} for {}: no answer that S3 would give",
                                                 client_.address().Shown(), doing, key_));
  }

  // The end of one request before the last.
  template <class Change>
  void Continue(Change change) {
    std::shared_ptr<Call> next;
    std::optional<Error> failure;
    Writer::Committed committed;
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      failure = change();
      if (failure && !failed_) {
        failed_ = failure;
        DropBuffer();
      }
      if (failed_) {
        committed = std::exchange(committed_, nullptr);
        failure = failed_;
      }
      next = Next();
      const bool has_room = failed_ || !busy_ || buffer_.size() < options_.part_bytes;
      // Under the lock, so that it is not called when the writer has gone.
      if (has_room && ready_) std::exchange(ready_, nullptr)();
    }
    Send(next);
    Tell(committed, failure);
  }

  // The end of the last request: the object is there, or not.
  void Finish(std::optional<Error> failure) {
    std::shared_ptr<Call> next;
    Writer::Committed committed;
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      committed = std::exchange(committed_, nullptr);
      DropBuffer();
      if (failure) {
        failed_ = failure;
        next = Next();
      }
      finished_ = true;
    }
    Send(next);
    Tell(committed, failure);
  }

  void Tell(const Writer::Committed& committed, const std::optional<Error>& failure) {
    if (!committed) return;
    committed(failure ? Result<void>(Fail(*failure)) : Result<void>());
    uploads_->EndCommit();
  }

  const std::shared_ptr<Uploads> uploads_;
  Client& client_;
  const S3BlobOptions& options_;
  const std::string key_;
  const std::string mark_;

  std::mutex mutex_;
  std::string buffer_;
  std::uint64_t held_ = 0;  // bytes taken of what all writers may hold
  bool busy_ = false;       // a request is under way
  bool committing_ = false;
  bool finished_ = false;
  bool asked_ = false;  // whether the key is free
  std::string upload_id_;
  std::vector<std::string> etags_;
  std::shared_ptr<Call> part_;  // that is under way
  std::size_t part_bytes_ = 0;
  int complete_tries_ = 0;
  std::optional<Error> failed_;
  Writer::Committed committed_;
  std::function<void()> ready_;
};

class S3Writer final : public Writer {
 public:
  explicit S3Writer(std::shared_ptr<Upload> upload) : upload_(std::move(upload)) {}
  ~S3Writer() override { upload_->Leave(); }
  Result<void> Append(std::span<const char> bytes) override { return upload_->Append(bytes); }
  bool WhenReady(std::function<void()> ready) override {
    return upload_->WhenReady(std::move(ready));
  }
  void Commit(Committed committed) override { upload_->Commit(std::move(committed)); }

 private:
  const std::shared_ptr<Upload> upload_;
};

}  // namespace

std::unique_ptr<Writer> Uploads::Create(std::string_view key) {
  return std::make_unique<S3Writer>(std::make_shared<Upload>(shared_from_this(), key));
}

Result<void> Uploads::Take(std::uint64_t bytes) {
  const std::uint64_t bytes_max = client_->options().upload_bytes_max;
  if (bytes_.fetch_add(bytes) + bytes <= bytes_max) return {};
  bytes_.fetch_sub(bytes);
  return Fail(Code::kUnavailable,
              fmt::format("archives on their way to S3 take more than blob.s3_upload_bytes_max ({} "
                          "bytes): S3 takes them more slowly than they come; raise it for more "
                          "large uploads at once",
                          bytes_max));
}

bool Uploads::BeginCommit() {
  const std::lock_guard lock(mutex_);
  if (closing_) return false;
  ++commits_;
  return true;
}

void Uploads::EndCommit() {
  const std::lock_guard lock(mutex_);
  if (--commits_ == 0) idle_.notify_all();
}

void Uploads::Close() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  idle_.wait(lock, [this] { return commits_ == 0; });
}

}  // namespace insightd::blob::s3
