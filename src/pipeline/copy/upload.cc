#include "pipeline/copy/upload.h"

#include <future>
#include <utility>

namespace insightd::pipeline {

Result<Upload> Upload::Begin(blob::Store& store, std::string_view key) {
  Result<std::unique_ptr<blob::Writer>> writer = store.Create(key);
  if (!writer) return Fail(std::move(writer).error());
  return Upload(*std::move(writer));
}

Upload::Upload(std::unique_ptr<blob::Writer> writer) : writer_(std::move(writer)) {}
Upload::Upload(Upload&&) noexcept = default;
Upload& Upload::operator=(Upload&&) noexcept = default;
Upload::~Upload() = default;

Result<void> Upload::Append(std::span<const char> bytes) {
  const auto ready = std::make_shared<std::promise<void>>();
  if (!writer_->WhenReady([ready] { ready->set_value(); })) ready->get_future().wait();
  return writer_->Append(bytes);
}

Result<void> Upload::Commit() {
  const auto committed = std::make_shared<std::promise<Result<void>>>();
  writer_->Commit([committed](Result<void> outcome) { committed->set_value(std::move(outcome)); });
  return committed->get_future().get();
}

}  // namespace insightd::pipeline
