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
      clock_ahead_(Ahead(clock)) {
  if (blobs_ != nullptr) room_.emplace(*blobs_, clock_, registry, settings_);
}

Result<void> Cleaner::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Result<void> round = IsCountDue() ? Count(stop) : Result<void>();
    Result<bool> stepped = true;
    while (round && *stepped && !stop.stop_requested()) {
      stepped = Step();
      if (!stepped) round = Fail(std::move(stepped).error());
    }
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
  // New ones are refused already, or nothing is known before the next count.
  const bool looks = !overfull_ && room_ && !room_->is_counted();
  const milliseconds step = looks ? kLook : pause;
  for (milliseconds waited{0}; waited < pause && !stop.stop_requested(); waited += step) {
    if (looks && room_->MayBeOver()) return;
    never.wait_for(lock, stop, step, [] { return false; });
  }
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

Result<std::vector<store::KeptArchive>> Cleaner::TakeNewest() {
  auto newest = store_.NewestArchives(kNewestAtOnce);
  if (!newest) return newest;
  // Few more than there have to be.
  if (room_->is_counted()) {
    newest->resize(std::min(newest->size(), room_->ArchivesOver(kLeftShare)));
    return newest;
  }
  std::vector<store::KeptArchive> taken;
  for (store::KeptArchive& archive : *newest) {
    if (!room_->IsOver(kLeftShare)) break;
    if (auto done = blobs_->Remove(archive.key); !done) return Fail(std::move(done).error());
    taken.push_back(std::move(archive));
  }
  return taken;
}

Result<std::size_t> Cleaner::RemoveArchives(Time now) {
  const bool overfull = room_->IsOver();
  overfull_ = overfull;
  // Before the first count nobody knows whether those that are refused could be taken.
  if (!overfull && (room_->bytes_held() >= 0 || !room_->bytes_max())) {
    blobs_->RefuseNew(std::nullopt);
  }
  // Over the limit all that is released goes, also what was so by a clock that was set back since.
  const Time until = overfull ? kEver : now - seconds(settings_.archive_kept_s);
  auto archives = store_.ReleasedArchives(until, kArchivesAtOnce);
  if (!archives) return Fail(std::move(archives).error());
  if (overfull && archives->empty()) {
    archives = TakeNewest();
    if (!archives) return Fail(std::move(archives).error());
    if (archives->empty()) {
      RefuseUploads();
    } else {
      kLog.Warn(log::event::kArchiveRemoved,
                "newest archives of clusters removed, since archives are over blob.bytes_max or "
                "the disk is full",
                {{"archives", static_cast<std::int64_t>(archives->size())},
                 {"bytes", room_->bytes_held()}});
    }
  }
  auto removed = Remove(*archives);
  if (removed && overfull) room_->NoteRemoved(*removed);
  return removed;
}

void Cleaner::RefuseUploads() {
  blobs_->RefuseNew(Error(
      Code::kNoRoom,
      fmt::format("{} bytes of archives wait to be judged or belong to dead letters, and "
                  "blob.bytes_max is {}; raise it, or drop dead letters (insightd dead-letters)",
                  room_->bytes_held(), room_->bytes_max().value_or(0))));
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
  Room::Count count;
  const auto listed = blobs_->List([&](const blob::Object& object) {
    count.Add(object);
    if (object.modified < before) keys.push_back(object.key);
    if (keys.size() >= kArchivesAtOnce) failed = look();
    return failed && !stop.stop_requested();
  });
  if (!listed) return Fail(listed.error());
  if (failed) failed = look();
  if (!failed) return Fail(std::move(failed).error());
  if (!stop.stop_requested() && room_->is_counted()) room_->Note(count);
  return removed;
}

}  // namespace insightd::upkeep
