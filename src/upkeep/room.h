// How much archives take of their room, and warnings well before it is full.
//
// * A blob store that knows what it holds (a directory) is asked each time.
// * One that does not (S3) is counted by listing it: every `count_interval_s`, but never for more
//   than `kCountShare` of the time, since a bucket of ten million archives takes minutes. Between
//   two counts what was removed to make room is taken off, an archive as the mean of all; what
//   came is not known. Where there is no limit nobody counts.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob.h"
#include "upkeep/settings.h"

namespace insightd::upkeep {

// Of the room for archives: well before anything has to go early.
inline constexpr double kWarnShare = 0.8;
// Of the time, for counting.
inline constexpr double kCountShare = 0.1;

class Room {
 public:
  // What a listing has shown.
  struct Count {
    std::uint64_t archives = 0;
    std::uint64_t bytes = 0;
    void Add(const blob::Object& object) {
      ++archives;
      bytes += object.bytes;
    }
  };

  // Blob store, clock and registry outlive it.
  Room(blob::Store& blobs, const Clock& clock, metrics::Registry& registry,
       const Settings& settings);

  // Nothing: no limit.
  std::optional<std::uint64_t> bytes_max() const;
  // -1: not known, or not yet.
  std::int64_t bytes_held() const;
  bool IsCountDue() const;
  Result<void> CountAll(const std::stop_token& stop);
  // All were counted in passing, by who had to list them.
  void Note(const Count& count);
  // So many were removed to make room.
  void NoteRemoved(std::size_t archives);

  // Whether more than `share` of the limit is held, or the blob store says that it has no room.
  // Sets the metrics and warns.
  bool IsOver(double share = 1);
  // How many archives of a store that is counted have to go so that `share` of the limit is held,
  // as far as is known: at least one.
  std::size_t ArchivesOver(double share) const;
  // Without a look at the disk, for who looks often: whether IsOver is worth a call.
  bool MayBeOver() const;
  // Whether what is held is known by counting alone.
  bool is_counted() const { return blobs_.BytesHeld() < 0; }

 private:
  // Said once, and again only after it was not so for a while.
  struct Warning {
    bool given = false;
    bool IsDue(double share);
  };

  // A metric of what is not known is not there: a share of it would be one of nothing.
  void Tell(const metrics::Definition& gauge, std::uint64_t bytes);
  void WarnEarly(std::int64_t held_bytes, std::uint64_t bytes_max);
  void WarnOfDisk(const blob::Disk& disk);

  blob::Store& blobs_;
  const Clock& clock_;
  metrics::Registry& registry_;
  const std::uint64_t bytes_max_;  // 0: as fits the store
  const seconds count_interval_;
  std::optional<Count> count_;
  microseconds count_again_{};  // steady
  Warning of_archives_;
  Warning of_disk_;
};

}  // namespace insightd::upkeep
