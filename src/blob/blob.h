// Archives by key: written once, read many times, removed.
//
// The embedded store (blob/embedded: a directory) and S3 (blob/s3) keep the same contract:
//
// * An object exists whole or not at all: it appears when its Writer's Commit succeeds and is
//   then durable. A Writer that goes without leaves nothing.
// * A key is written once: of two writers of one key the second to commit gets kConflict; from
//   Create already where that can be told without asking over a network.
// * The other side away: kUnavailable, with what is missing in the message. The disk full, or new
//   objects refused (RefuseNew): kNoRoom.
// * Stopping: Close waits for commits that are under way.
//
// Keys are 1 to 200 characters of [A-Za-z0-9._/-] that begin and end with a letter or digit and
// hold no `..` and no `//`; anything else is kInvalid.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  // Copies or writes `bytes` before it returns, and never waits for a network.
  virtual Result<void> Append(std::span<const char> bytes) = 0;
  // Whether there is room for more: who goes on nevertheless may be refused by Append with
  // kUnavailable. When there is none, `ready` is called once when there is again, or when the
  // writer has failed: from a thread of the store, not after the writer has gone; it may not block
  // nor call the writer.
  virtual bool WhenReady(std::function<void()> ready) {
    static_cast<void>(ready);
    return true;
  }
  // Makes the object appear; many commits share one sync. `committed` is called exactly once, from
  // a thread of the store or from within the call, and may not block. The writer may go at once.
  virtual void Commit(Committed committed) = 0;
};

// An object that is read; see Source.
class Reader : public Source {
 public:
  // Of the whole object.
  virtual std::uint64_t bytes() const = 0;
};

struct Object {
  std::string key;
  std::uint64_t bytes = 0;
  Time modified{};
};

// The file system that objects lie on.
struct Disk {
  std::string folder;
  std::uint64_t bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t usable_bytes = 0;  // may still come before objects are refused for want of room
};

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  // kConflict when the key is known to exist already.
  virtual Result<std::unique_ptr<Writer>> Create(std::string_view key) = 0;
  // kNotFound when there is no such object.
  virtual Result<std::unique_ptr<Reader>> Open(std::string_view key) = 0;
  virtual Result<Object> Stat(std::string_view key) = 0;
  // Good also when there is no such object. A loss of power may bring it back.
  virtual Result<void> Remove(std::string_view key) = 0;
  // The same for many at once, and for good: once all are removed, no loss of power brings one of
  // them back, also of those that were removed before. Of those before and behind one that fails,
  // some may be gone.
  virtual Result<void> RemoveAll(std::span<const std::string> keys) = 0;
  // Calls `visit` with each object in no order until it returns false.
  virtual Result<void> List(const std::function<bool(const Object&)>& visit) = 0;
  // Bytes of all objects, about; -1 where that is not known (S3). The first call may take long.
  virtual std::int64_t BytesHeld() = 0;
  // Nothing where that is not known.
  virtual std::optional<Disk> FindDisk() { return std::nullopt; }
  // From now on Create, and Append to a large object of a directory, fail with `why`, or with
  // nothing no more: for who knows what of the objects must stay. It counts for all that share the
  // objects, in other processes some seconds later. May need another call to be told to all.
  virtual void RefuseNew(std::optional<Error> why) { static_cast<void>(why); }
  // Where others read the object: `blob:KEY` embedded, a URL signed for `validity` for S3 (which
  // takes no more than seven days).
  virtual Result<std::string> UrlFor(std::string_view key, seconds validity) = 0;
  // The key of an object of this store that `url` names, however long ago it was signed; nothing
  // when the URL is another's.
  virtual std::optional<std::string> KeyOf(std::string_view url) const = 0;
  // Whether the other side answers and takes objects; for /readyz.
  virtual Result<void> Check() = 0;
  virtual void Close() = 0;
};

}  // namespace insightd::blob
