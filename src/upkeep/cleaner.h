// Removes what need not be kept: archives, and the history of uploads and of recommendations.
//
// * An archive goes `archive_kept_s` after its result was replaced or overtaken, or its dead letter
//   dropped. The newest one of each cluster stays.
// * Above `blob.bytes_max`, or when the blob store says that it has no room, archives go earlier:
//   first those that nobody needs, then the newest ones of the clusters, oldest first. Their
//   results stay. An archive without a result yet, or of a dead letter, is never removed: when
//   these alone are over the limit, new uploads are refused until there is room.
// * From `kWarnShare` of the room on there is one line in the log.
// * An archive that nobody knows goes when it is older than the history: its upload was cut off
//   between keeping and announcing it.
// * History goes after `history_kept_s`, and the oldest of it where it is over `history_rows_max`.
//   Where there is no blob store, only history is cleaned.
// * A store that does not know its bytes (S3) has no limit here: its server's quota is the limit.
//   The search counts what it holds.
//
// Work is done in bounded steps, so that others are not held up. One thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob.h"
#include "store/store.h"
#include "upkeep/settings.h"

namespace insightd::upkeep {

// Of the room for archives: well before anything has to go early.
inline constexpr double kWarnShare = 0.8;

class Cleaner {
 public:
  // All given outlive the cleaner. `blobs` may be null.
  Cleaner(blob::Store* blobs, store::Store& store, const Clock& clock, metrics::Registry& registry,
          Settings settings);
  Cleaner(blob::Store& blobs, store::Store& store, const Clock& clock, metrics::Registry& registry,
          Settings settings)
      : Cleaner(&blobs, store, clock, registry, std::move(settings)) {}

  // Cleans every `clean_interval_s` until `stop` is requested; fails on what nobody can mend.
  Result<void> Run(std::stop_token stop);
  // One bounded step. False when there is nothing to do for now.
  Result<bool> Step();
  // Looks at every archive for those that nobody knows; gives how many were removed.
  Result<std::size_t> Search(const std::stop_token& stop);

 private:
  bool IsOverfull();
  void WarnEarly(std::int64_t held_bytes);
  Result<std::size_t> RemoveArchives(Time now);
  Result<std::size_t> Remove(const std::vector<store::KeptArchive>& archives);

  blob::Store* const blobs_;
  store::Store& store_;
  const Clock& clock_;
  const Settings settings_;
  microseconds searched_;
  bool overfull_ = false;
  bool warned_ = false;
  metrics::Gauge bytes_;
  metrics::Gauge room_bytes_;
};

}  // namespace insightd::upkeep
