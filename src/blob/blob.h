// Archives by key: written once, read many times, removed.
//
// The embedded store (blob/embedded: a directory) and S3 (blob/s3) keep the same contract:
//
// * An object exists whole or not at all: it appears when its Writer's Commit succeeds and is
//   then durable. A Writer that goes without leaves nothing.
// * A key is written once: of two writers of one key the second to commit gets kConflict.
// * The other side away, the disk full: kUnavailable, with what is missing in the message.
// * Stopping: Close waits for commits that are under way.
//
// Keys are 1 to 200 characters of [A-Za-z0-9._/-] that begin and end with a letter or digit and
// hold no `..` and no `//`; anything else is kInvalid.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/source.h"

namespace insightd::blob {

// One thread at a time. Memory is bounded whatever the object's size.
class Writer {
 public:
  using Committed = std::function<void(Result<void>)>;

  virtual ~Writer() = default;
  // Copies or writes `bytes` before it returns.
  virtual Result<void> Append(std::span<const char> bytes) = 0;
  // Makes the object appear; many commits share one sync. `committed` is called exactly once, from
  // a thread of the store or from within the call, and may not block. The writer may go at once.
  virtual void Commit(Committed committed) = 0;
};

struct Object {
  std::string key;
  std::uint64_t bytes = 0;
  Time modified{};
};

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  // kConflict when the key exists already.
  virtual Result<std::unique_ptr<Writer>> Create(std::string_view key) = 0;
  // kNotFound when there is no such object.
  virtual Result<std::unique_ptr<Source>> Open(std::string_view key) = 0;
  virtual Result<Object> Stat(std::string_view key) = 0;
  // Good also when there is no such object.
  virtual Result<void> Remove(std::string_view key) = 0;
  // Calls `visit` with each object in no order until it returns false.
  virtual Result<void> List(const std::function<bool(const Object&)>& visit) = 0;
  // Bytes of all objects, about; -1 where that is not known (S3). The first call may take long.
  virtual std::int64_t BytesHeld() = 0;
  // Where others read the object: `blob:KEY` embedded, a URL signed for `validity` for S3.
  virtual Result<std::string> UrlFor(std::string_view key, seconds validity) = 0;
  // Whether the other side answers and takes objects; for /readyz.
  virtual Result<void> Check() = 0;
  virtual void Close() = 0;
};

}  // namespace insightd::blob
