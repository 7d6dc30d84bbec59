#include "blob/s3/s3_blob.h"

#include <fmt/core.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "blob/key.h"
#include "blob/s3/address.h"
#include "blob/s3/client.h"
#include "blob/s3/download.h"
#include "blob/s3/http_date.h"
#include "blob/s3/listing.h"
#include "blob/s3/refusal.h"
#include "blob/s3/transfers.h"
#include "blob/s3/upload.h"

namespace insightd::blob {
namespace {

using s3::Call;
using s3::Client;
using s3::Outcome;

// Removed at one time: enough to hide the way there and back, few enough to leave connections.
constexpr int kRemovalsAtOnce = 16;

// Those that are under way.
class Removals {
 public:
  // Waits for room. False when one has failed.
  bool Begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < kRemovalsAtOnce; });
    if (failed_) return false;
    ++under_way_;
    return true;
  }
  void End(Outcome outcome) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    const bool is_gone = outcome || outcome.failure->error.code() == Code::kNotFound;
    if (!is_gone && !failed_) failed_ = std::move(outcome.failure->error);
    changed_.notify_all();
  }
  Result<void> Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
    if (failed_) return Fail(*failed_);
    return {};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
  std::optional<Error> failed_;
};

class S3Blob final : public Store {
 public:
  explicit S3Blob(std::shared_ptr<Client> client)
      : client_(std::move(client)),
        uploads_(std::make_shared<s3::Uploads>(client_)),
        refusal_(std::make_shared<s3::Refusal>(client_)) {}
  ~S3Blob() override { S3Blob::Close(); }

  Result<std::unique_ptr<Writer>> Create(std::string_view key) override {
    if (!client_->options().any_name) {
      if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
    }
    if (client_->options().refusal_look.count() > 0) {
      if (auto refused = refusal_->Find()) return Fail(*std::move(refused));
    }
    return uploads_->Create(key);
  }

  Result<std::unique_ptr<Reader>> Open(std::string_view key) override {
    if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
    return s3::StartDownload(client_, key);
  }

  Result<Object> Stat(std::string_view key) override {
    if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
    Call call{.method = "HEAD"};
    call.key = key;
    Outcome outcome = client_->Ask(std::move(call));
    if (!outcome) {
      // The answer has no body that would tell a missing object from a missing bucket.
      if (outcome.failure->error.code() == Code::kNotFound) {
        if (auto probed = client_->Probe(); !probed) return Fail(std::move(probed).error());
      }
      return Fail(std::move(outcome.failure->error));
    }
    Object object{.key = std::string(key), .bytes = 0, .modified = {}};
    const std::string_view bytes = outcome.answer.Header("content-length");
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), object.bytes);
    object.modified = s3::ParseHttpDate(outcome.answer.Header("last-modified")).value_or(Time());
    return object;
  }

  Result<void> Remove(std::string_view key) override {
    const std::string keys[] = {std::string(key)};
    return RemoveAll(keys);
  }

  Result<void> RemoveAll(std::span<const std::string> keys) override;
  Result<void> List(const std::function<bool(const Object&)>& visit) override;

  std::int64_t BytesHeld() override { return -1; }
  void RefuseNew(std::optional<Error> why) override { refusal_->Tell(why); }

  Result<std::string> UrlFor(std::string_view key, seconds validity) override {
    if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
    return client_->Presign(key, validity);
  }
  std::optional<std::string> KeyOf(std::string_view url) const override {
    return client_->address().KeyOf(url);
  }

  Result<void> Check() override { return client_->Check(); }

  void Close() override {
    uploads_->Close();
    client_->Close();
  }

 private:
  const std::shared_ptr<Client> client_;
  const std::shared_ptr<s3::Uploads> uploads_;
  const std::shared_ptr<s3::Refusal> refusal_;
};

Result<void> S3Blob::RemoveAll(std::span<const std::string> keys) {
  for (const std::string& key : keys) {
    if (auto checked = CheckKey(key); !checked) return checked;
  }
  const auto removals = std::make_shared<Removals>();
  for (const std::string& key : keys) {
    if (!removals->Begin()) break;
    const auto call = std::make_shared<Call>(Call{.method = "DELETE"});
    call->key = key;
    call->done = [removals](Outcome outcome) { removals->End(std::move(outcome)); };
    client_->Send(call);
  }
  return removals->Wait();
}

Result<void> S3Blob::List(const std::function<bool(const Object&)>& visit) {
  const std::string& prefix = client_->options().prefix;
  std::string token;
  do {
    Call call{.method = "GET"};
    call.query = {{"list-type", "2"},
                  {"encoding-type", "url"},
                  {"max-keys", std::to_string(client_->options().page_objects_max)}};
    if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    const Outcome outcome = client_->Ask(std::move(call));
    if (!outcome) return Fail(outcome.failure->error);
    Result<s3::Page> page = s3::ParsePage(outcome.answer.body);
    if (page && !page->next.empty() && page->next == token) {
      page = Fail(Code::kUnavailable, "the listing begins again and again");
    }
    if (!page) return Fail(std::move(page).error().While(client_->address().Shown()));
    for (Object& object : page->objects) {
      if (!object.key.starts_with(prefix)) continue;
      object.key.erase(0, prefix.size());
      // What has no key of ours is not ours.
      if (CheckKey(object.key) && !visit(object)) return {};
    }
    token = std::move(page->next);
  } while (!token.empty());
  return {};
}

// A client that has not asked anything yet.
Result<std::shared_ptr<Client>> MakeClient(S3BlobOptions options) {
  Result<s3::Address> address =
      s3::MakeAddress(options.endpoint, options.bucket, options.prefix, options.path_style);
  if (!address) return Fail(std::move(address).error());
  if (options.region.empty()) {
    return Fail(Code::kInvalid,
                "blob.s3_region is empty; most servers of one's own take us-east-1");
  }
  // One part on its way and one that is filled.
  if (options.upload_bytes_max < 2 * std::uint64_t{options.part_bytes}) {
    return Fail(Code::kInvalid,
                fmt::format("blob.s3_upload_bytes_max ({}) is less than two parts of "
                            "blob.s3_part_bytes ({}): no large archive could be sent",
                            options.upload_bytes_max, options.part_bytes));
  }
  Result<std::unique_ptr<s3::Transfers>> transfers =
      s3::Transfers::Make({.ca_file = options.ca_file,
                           .connections_max = options.connections_max,
                           .connect_time_max = options.connect_time_max,
                           .slow_time_max = options.slow_time_max});
  if (!transfers) return Fail(std::move(transfers).error());
  auto client =
      std::make_shared<Client>(std::move(options), *std::move(address), *std::move(transfers));
  if (auto loaded = client->LoadKeys(); !loaded) return Fail(std::move(loaded).error());
  return client;
}

}  // namespace

Result<void> CheckS3Options(const S3BlobOptions& options) {
  if (auto client = MakeClient(options); !client) return Fail(std::move(client).error());
  return {};
}

Result<std::unique_ptr<Store>> OpenS3Blob(S3BlobOptions options) {
  const bool once = options.opens_at_once;
  auto client = MakeClient(std::move(options));
  if (!client) return Fail(std::move(client).error());
  auto store = std::make_unique<S3Blob>(*client);
  if (auto probed = (*client)->Probe(once); !probed) {
    return Fail(Code::kUnavailable, probed.error().message());
  }
  return store;
}

}  // namespace insightd::blob
