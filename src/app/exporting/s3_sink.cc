#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "app/exporting/sink.h"
#include "blob/blob.h"

namespace insightd::app::exporting {
namespace {

// Of a file in many parts; S3 takes 10,000 of them, so files of 78 GiB.
constexpr std::size_t kPartBytes = std::size_t{8} << 20;
constexpr std::size_t kPartsInMemory = 3;
// What goes to the writer at once between two looks whether there is room.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

constexpr std::array<std::string_view, 2> kContentTypes = {"text/csv", "text/plain"};

class S3Output final : public Output {
 public:
  explicit S3Output(std::unique_ptr<blob::Writer> writer) : writer_(std::move(writer)) {}

  Result<void> Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      WaitForRoom();
      const std::string_view piece = bytes.substr(0, kPieceBytes);
      if (auto taken = writer_->Append(std::span(piece.data(), piece.size())); !taken) {
        return taken;
      }
      bytes.remove_prefix(piece.size());
    }
    return {};
  }

  Result<void> Finish() override {
    std::optional<Result<void>> committed;
    writer_->Commit([&](Result<void> result) {
      const std::lock_guard lock(mutex_);
      committed = std::move(result);
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return committed.has_value(); });
    return *std::move(committed);
  }

 private:
  void WaitForRoom() {
    ready_ = false;
    const bool has_room = writer_->WhenReady([this] {
      const std::lock_guard lock(mutex_);
      ready_ = true;
      changed_.notify_all();
    });
    if (has_room) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::unique_ptr<blob::Writer> writer_;  // goes first: it may call back until then
};

class S3Sink final : public Sink {
 public:
  S3Sink(blob::S3BlobOptions options, std::string prefix)
      : options_(std::move(options)), prefix_(std::move(prefix)) {}

  Result<void> OpenFor(ContentType type) {
    auto& store = stores_.at(static_cast<std::size_t>(type));
    if (store) return {};
    blob::S3BlobOptions options = options_;
    options.content_type = kContentTypes.at(static_cast<std::size_t>(type));
    auto opened = blob::OpenS3Blob(std::move(options));
    if (!opened) return Fail(std::move(opened).error());
    store = *std::move(opened);
    return {};
  }

  Result<std::unique_ptr<Output>> Create(const FileName& file) override {
    if (auto opened = OpenFor(file.type); !opened) return Fail(std::move(opened).error());
    const std::string key =
        prefix_.empty() || file.without_prefix ? file.name : prefix_ + "/" + file.name;
    auto writer = stores_.at(static_cast<std::size_t>(file.type))->Create(key);
    if (!writer) return Fail(std::move(writer).error());
    return std::make_unique<S3Output>(*std::move(writer));
  }

  std::string Shown() const override {
    return fmt::format("S3 bucket {}{}{}", options_.bucket, prefix_.empty() ? "" : "/", prefix_);
  }

 private:
  const blob::S3BlobOptions options_;
  const std::string prefix_;
  std::array<std::unique_ptr<blob::Store>, kContentTypes.size()> stores_;  // as they are needed
};

}  // namespace

Result<std::unique_ptr<Sink>> OpenS3Sink(blob::S3BlobOptions options, std::string prefix) {
  options.prefix.clear();
  options.overwrite = true;
  options.any_name = true;
  options.part_bytes = kPartBytes;
  options.upload_bytes_max = kPartsInMemory * kPartBytes;
  auto sink = std::make_unique<S3Sink>(std::move(options), std::move(prefix));
  if (auto opened = sink->OpenFor(ContentType::kCsv); !opened) {
    return Fail(std::move(opened).error());
  }
  return sink;
}

}  // namespace insightd::app::exporting
