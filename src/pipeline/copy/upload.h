// An object that is written by a thread that may wait: for handlers, each of which has its own.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "blob/blob.h"

namespace insightd::pipeline {

// One thread at a time. Leaves nothing when it goes without a Commit.
class Upload {
 public:
  // `store` outlives it.
  static Result<Upload> Begin(blob::Store& store, std::string_view key);
  Upload(Upload&&) noexcept;
  Upload& operator=(Upload&&) noexcept;
  ~Upload();

  // Waits for room.
  Result<void> Append(std::span<const char> bytes);
  // Returns when the object is durable, or is not; kConflict when the key is taken. The store
  // bounds how long it tries.
  Result<void> Commit();

 private:
  explicit Upload(std::unique_ptr<blob::Writer> writer);
  std::unique_ptr<blob::Writer> writer_;
};

}  // namespace insightd::pipeline
