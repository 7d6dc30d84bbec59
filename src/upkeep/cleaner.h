// Removes what need not be kept: archives, and the history of uploads and of recommendations.
//
// * An archive goes `archive_kept_s` after its result was replaced or overtaken, or its dead letter
//   dropped. The newest one of each cluster stays.
// * Above `blob.bytes_max`, or when the blob store says that it has no room, archives go earlier:
//   first those that nobody needs, then the newest ones of the clusters, oldest first. Their
//   results stay. An archive without a result yet, or of a dead letter, is never removed: when
//   these alone are over the limit, new uploads are refused until there is room. The limit is
//   looked at every `kLook`: what came since, and uploads that were under way, may be over it.
// * From `kWarnShare` of the room on there is one line in the log, and one when as much of the file
//   system is taken, by whomever.
// * An archive that nobody knows goes when it is older than the history, and no upload waits for
//   its end: then it was cut off between being kept and announced. None goes for `kSettled` after
//   the clock was set: what an upload under way has kept a moment ago may look old then.
// * History goes after `history_kept_s`, and the oldest of it where it is over `history_rows_max`.
//   Where there is no blob store, only history is cleaned.
// How much is held, and when a blob store that does not know it is counted: room.h.
//
// Work is done in bounded steps, so that others are not held up. One thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob.h"
#include "store/store.h"
#include "upkeep/room.h"
#include "upkeep/settings.h"

namespace insightd::upkeep {

// Between two looks at whether more is held than may be.
inline constexpr milliseconds kLook{100};
// After the clock was set, for the uploads under way: much longer than one takes.
inline constexpr std::chrono::hours kSettled{1};

class Cleaner {
 public:
  // Whether an upload may be on its way to its end; see waiting.h.
  using UploadsWait = std::function<bool()>;

  // All given outlive the cleaner. `blobs` may be null. Without `uploads_wait` age alone tells
  // whether an archive that has no end may still get one.
  Cleaner(blob::Store* blobs, store::Store& store, const Clock& clock, metrics::Registry& registry,
          Settings settings, UploadsWait uploads_wait = {});
  Cleaner(blob::Store& blobs, store::Store& store, const Clock& clock, metrics::Registry& registry,
          Settings settings, UploadsWait uploads_wait = {})
      : Cleaner(&blobs, store, clock, registry, std::move(settings), std::move(uploads_wait)) {}

  // Cleans every `clean_interval_s`, and when more is held than may be, until `stop` is requested;
  // fails on what nobody can mend.
  Result<void> Run(std::stop_token stop);
  // Whether the blob store does not know what it holds, and it is time to count it.
  bool IsCountDue() const { return room_ && room_->IsCountDue(); }
  Result<void> Count(const std::stop_token& stop) { return room_->CountAll(stop); }
  // One bounded step. False when there is nothing to do for now.
  Result<bool> Step();
  // Looks at every archive for those that nobody knows; gives how many were removed.
  Result<std::size_t> Search(const std::stop_token& stop);

 private:
  void Pause(const std::stop_token& stop) const;
  bool DoUploadsWait() const { return uploads_wait_ && uploads_wait_(); }
  bool HasClockSettled();
  Result<std::size_t> RemoveArchives(Time now);
  // Newest archives of clusters that go now to make room.
  Result<std::vector<store::KeptArchive>> TakeNewest();
  void RefuseUploads();
  Result<std::size_t> Remove(const std::vector<store::KeptArchive>& archives);

  blob::Store* const blobs_;
  store::Store& store_;
  const Clock& clock_;
  const Settings settings_;
  const UploadsWait uploads_wait_;
  microseconds searched_;
  microseconds clock_ahead_;  // of the steady one
  std::optional<microseconds> clock_set_;
  bool overfull_ = false;
  std::optional<Room> room_;  // none without a blob store
};

}  // namespace insightd::upkeep
