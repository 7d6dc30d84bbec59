#include "upkeep/cleaner.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"

namespace insightd::upkeep {
namespace {

constexpr log::Logger kLog("upkeep");

constexpr Time kEver{seconds(253'402'300'799)};  // the end of the year 9999

// What one step removes at most.
constexpr std::size_t kArchivesAtOnce = 256;
constexpr std::size_t kUploadsAtOnce = 1000;
constexpr std::size_t kChangesAtOnce = 1000;
// Finding the oldest of the newest ones reads all clusters, so that a look takes more of them.
constexpr std::size_t kNewestAtOnce = 2048;
// A clock that goes another way than the steady one by more than this was set.
constexpr std::chrono::minutes kSetBy{1};
// Between two looks while there is no room.
constexpr seconds kOverfullPause{1};
// What is left where newest ones had to go, so that not each new one leads to a look at all
// clusters.
constexpr double kLeftShare = 0.99;
// The share of the room below which a warning may come again.
constexpr double kCalmShare = kWarnShare - 0.05;

// How far the clock is ahead of the steady one.
microseconds Ahead(const Clock& clock) { return clock.Now().time_since_epoch() - clock.Steady(); }

}  // namespace

Cleaner::Cleaner(blob::Store* blobs, store::Store& store, const Clock& clock,
                 metrics::Registry& registry, Settings settings, UploadsWait uploads_wait)
    : blobs_(blobs),
      store_(store),
      clock_(clock),
      settings_(std::move(settings)),
      uploads_wait_(std::move(uploads_wait)),
      searched_(clock.Steady()),
      clock_ahead_(Ahead(clock)),
      bytes_(registry.MakeGauge(metrics::kBlobBytes)),
      room_bytes_(registry.MakeGauge(metrics::kBlobRoomBytes)),
      disk_bytes_(registry.MakeGauge(metrics::kBlobDiskBytes)),
      usable_bytes_(registry.MakeGauge(metrics::kBlobDiskUsableBytes)) {}

Result<void> Cleaner::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Result<bool> stepped = Step();
    while (stepped && *stepped && !stop.stop_requested()) stepped = Step();
    Result<void> round;
    if (!stepped) round = Fail(std::move(stepped).error());
    const bool is_due = clock_.Steady() - searched_ >= seconds(settings_.search_interval_s);
    // Put off to a moment at which it can tell what belongs to nothing.
    if (round && is_due && HasClockSettled() && !DoUploadsWait()) {
      searched_ = clock_.Steady();
      const auto removed = Search(stop);
      if (!removed) round = Fail(removed.error());
    }
    if (!round) {
      if (VerdictFor(round.error().code()) == Verdict::kStop) return round;
      kLog.Warn("", "cleaning failed for now",
                {{"outcome", "retried"},
                 {"error_class", CodeName(round.error().code())},
                 {"error", round.error().message()}});
    }
    Pause(stop);
  }
  return {};
}

void Cleaner::Pause(const std::stop_token& stop) const {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  milliseconds pause = seconds(settings_.clean_interval_s);
  if (overfull_) pause = std::min<milliseconds>(pause, kOverfullPause);
  const auto held = [this] { return blobs_ != nullptr ? blobs_->BytesHeld() : -1; };
  // New ones are refused already, or nobody knows what is held.
  const bool looks = !overfull_ && held() >= 0;
  const milliseconds step = looks ? kLook : pause;
  for (milliseconds waited{0}; waited < pause && !stop.stop_requested(); waited += step) {
    if (looks && std::cmp_greater(held(), settings_.blob_bytes_max)) return;
    never.wait_for(lock, stop, step, [] { return false; });
  }
}

bool Cleaner::IsOverfull(double share) {
  const std::int64_t held = blobs_->BytesHeld();
  if (held < 0) return false;
  bytes_.Set(static_cast<double>(held));
  WarnEarly(held);
  const double most = static_cast<double>(settings_.blob_bytes_max) * share;
  if (static_cast<double>(held) > most) return true;
  const auto room = blobs_->Check();
  return !room && room.error().code() == Code::kNoRoom && held > 0;
}

bool Cleaner::Warning::IsDue(double share) {
  if (share < kCalmShare) given = false;
  return share >= kWarnShare && !std::exchange(given, true);
}

void Cleaner::WarnOfDisk(const blob::Disk& disk) {
  disk_bytes_.Set(static_cast<double>(disk.bytes));
  usable_bytes_.Set(static_cast<double>(disk.usable_bytes));
  const double left = static_cast<double>(disk.usable_bytes) /
                      static_cast<double>(std::max(disk.bytes, std::uint64_t{1}));
  if (!of_disk_.IsDue(1 - left)) return;
  kLog.Warn("",
            fmt::format("the file system of {} is nearly full, {} of its {} bytes are free; make "
                        "room on it before uploads are refused: blob.free_bytes_min leaves {}",
                        disk.folder, disk.free_bytes, disk.bytes, disk.usable_bytes));
}

void Cleaner::WarnEarly(std::int64_t held_bytes) {
  std::uint64_t room = settings_.blob_bytes_max;
  if (const auto disk = blobs_->FindDisk()) {
    room = std::min(room, static_cast<std::uint64_t>(held_bytes) + disk->usable_bytes);
    WarnOfDisk(*disk);
  }
  room_bytes_.Set(static_cast<double>(room));
  const double share =
      static_cast<double>(held_bytes) / static_cast<double>(std::max(room, std::uint64_t{1}));
  if (!of_archives_.IsDue(share)) return;
  kLog.Warn("",
            "archives take most of their room; before it is full, raise blob.bytes_max or make "
            "room on the disk of data_dir, else the oldest of them go early",
            {{"bytes", held_bytes}, {"room_bytes", static_cast<std::int64_t>(room)}});
}

Result<std::size_t> Cleaner::Remove(const std::vector<store::KeptArchive>& archives) {
  if (archives.empty()) return 0;
  std::vector<std::string> keys;
  keys.reserve(archives.size());
  for (const store::KeptArchive& archive : archives) keys.push_back(archive.key);
  if (auto all = blobs_->RemoveAll(keys); !all) {
    // A key that cannot be one holds up none of the others.
    if (all.error().code() != Code::kInvalid) return Fail(std::move(all).error());
    for (const std::string& key : keys) {
      if (auto removed = blobs_->RemoveAll({&key, 1});
          !removed && removed.error().code() != Code::kInvalid) {
        return Fail(std::move(removed).error());
      }
    }
  }
  for (const std::string& key : keys) {
    kLog.Debug(log::event::kArchiveRemoved, "archive removed", {{"request_id", key}});
  }
  // Last: after a crash in between they are removed again, which does no harm. One that came back
  // after this would be kept as its cluster's newest, and be in the way of uploads.
  if (auto forgot = store_.ForgetArchives(archives); !forgot) {
    return Fail(std::move(forgot).error());
  }
  return archives.size();
}

Result<std::size_t> Cleaner::RemoveArchives(Time now) {
  const bool overfull = IsOverfull();
  overfull_ = overfull;
  if (!overfull) blobs_->RefuseNew(std::nullopt);
  // Over the limit all that is released goes, also what was so by a clock that was set back since.
  const Time until = overfull ? kEver : now - seconds(settings_.archive_kept_s);
  auto archives = store_.ReleasedArchives(until, kArchivesAtOnce);
  if (!archives) return Fail(std::move(archives).error());
  const bool newest = overfull && archives->empty();
  if (newest) {
    archives = store_.NewestArchives(kNewestAtOnce);
    if (!archives) return Fail(std::move(archives).error());
    // Few more than there have to be.
    std::vector<store::KeptArchive> removed;
    for (const store::KeptArchive& archive : *archives) {
      if (!IsOverfull(kLeftShare)) break;
      if (auto done = blobs_->Remove(archive.key); !done) return Fail(std::move(done).error());
      removed.push_back(archive);
    }
    archives = std::move(removed);
    if (!archives->empty()) {
      kLog.Warn(log::event::kArchiveRemoved,
                "newest archives of clusters removed, since archives are over blob.bytes_max or "
                "the disk is full",
                {{"bytes", blobs_->BytesHeld()}});
    }
  }
  if (overfull && archives->empty()) {
    blobs_->RefuseNew(Error(
        Code::kNoRoom,
        fmt::format("{} bytes of archives wait to be judged or belong to dead letters, and "
                    "blob.bytes_max is {}; raise it, or drop dead letters (insightd dead-letters)",
                    blobs_->BytesHeld(), settings_.blob_bytes_max)));
  }
  return Remove(*archives);
}

bool Cleaner::HasClockSettled() {
  const microseconds now = clock_.Steady();
  const microseconds ahead = Ahead(clock_);
  if (std::chrono::abs(ahead - clock_ahead_) > kSetBy) clock_set_ = now;
  clock_ahead_ = ahead;
  return !clock_set_ || now - *clock_set_ >= kSettled;
}

Result<bool> Cleaner::Step() {
  HasClockSettled();  // notes when it was set
  const Time now = clock_.Now();
  std::size_t removed = 0;
  if (blobs_ != nullptr) {
    const auto archives = RemoveArchives(now);
    if (!archives) return Fail(archives.error());
    removed = *archives;
  }
  const store::Keep keep = {.since = now - seconds(settings_.history_kept_s),
                            .rows = settings_.history_rows_max};
  const auto uploads = store_.ForgetUploads(keep, kUploadsAtOnce);
  if (!uploads) return Fail(uploads.error());
  const auto changes = store_.ForgetChanges(keep, kChangesAtOnce);
  if (!changes) return Fail(changes.error());
  return removed > 0 || *uploads > 0 || *changes > 0;
}

Result<std::size_t> Cleaner::Search(const std::stop_token& stop) {
  if (blobs_ == nullptr) return 0;
  const Time before = clock_.Now() - seconds(settings_.history_kept_s);
  std::size_t removed = 0;
  std::vector<std::string> keys;
  Result<void> failed;
  const auto look = [&]() -> Result<void> {
    // Asked first: what gets its end between the two is known.
    const bool may_be_announced = !HasClockSettled() || DoUploadsWait();
    const auto uses = store_.UsesOf(keys);
    if (!uses) return Fail(uses.error());
    std::vector<std::string> unneeded;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool is_unneeded = uses->at(i) == store::ArchiveUse::kReleased ||
                               (uses->at(i) == store::ArchiveUse::kUnknown && !may_be_announced);
      if (is_unneeded) unneeded.push_back(std::move(keys[i]));
    }
    keys.clear();
    if (auto done = blobs_->RemoveAll(unneeded); !done) return done;
    removed += unneeded.size();
    for (const std::string& key : unneeded) {
      kLog.Info(log::event::kArchiveRemoved, "archive that belongs to nothing removed",
                {{"request_id", key}});
    }
    return {};
  };
  std::uint64_t listed_bytes = 0;
  const auto listed = blobs_->List([&](const blob::Object& object) {
    listed_bytes += object.bytes;
    if (object.modified < before) keys.push_back(object.key);
    if (keys.size() >= kArchivesAtOnce) failed = look();
    return failed && !stop.stop_requested();
  });
  if (!listed) return Fail(listed.error());
  if (failed) failed = look();
  if (!failed) return Fail(std::move(failed).error());
  // A store that does not know what it holds is counted here, and only here.
  if (!stop.stop_requested() && blobs_->BytesHeld() < 0) {
    bytes_.Set(static_cast<double>(listed_bytes));
  }
  return removed;
}

}  // namespace insightd::upkeep
