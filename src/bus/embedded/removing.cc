#include "bus/embedded/engine.h"

#include <algorithm>

#include "base/log.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

// Removed at once where room is needed: no more than has to be.
constexpr std::int64_t kRemovedForRoom = 16;
// The share of the room below which a warning may come again.
constexpr double kCalmShare = kWarnShare - 0.05;

}  // namespace

EmbeddedBus::Unneeded EmbeddedBus::UnneededOf(std::size_t index) const {
  const Log& log = logs_[index];
  Unneeded unneeded{.until = log.next,
                    .at_once = log.next - options_.unread_records_max,
                    .kept = options_.unread_kept};
  bool read = false;
  for (const auto& [name, group] : groups_) {
    if (const auto at = group.next.find(index); at != group.next.end()) {
      unneeded.until = std::min(unneeded.until, at->second);
      read = true;
    }
  }
  if (read) {
    unneeded.at_once = 0;
    unneeded.kept = options_.read_kept;
  }
  if (unneeded.kept <= microseconds(0)) unneeded.at_once = unneeded.until;
  return unneeded;
}

std::vector<EmbeddedBus::Removal> EmbeddedBus::Removals() const {
  std::vector<Removal> removals;
  std::optional<Removal> oldest;  // of those whose time has not come
  const Time now = clock_.Now();
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    const Log& log = logs_[i];
    const Unneeded unneeded = UnneededOf(i);
    if (unneeded.until <= log.first) continue;
    const std::int64_t until =
        std::min(unneeded.until, log.first + static_cast<std::int64_t>(options_.removed_per_step));
    if (unneeded.at_once > log.first) {
      removals.push_back({i, log.first, std::min(until, unneeded.at_once), std::nullopt});
    } else if (const Time limit = now - unneeded.kept; log.oldest <= limit) {
      removals.push_back({i, log.first, until, limit});
    } else if (!oldest || log.oldest < logs_[oldest->log].oldest) {
      oldest = Removal{i, log.first, std::min(until, log.first + kRemovedForRoom), std::nullopt};
    }
  }
  if (removals.empty() && oldest && bytes_held_ > options_.bytes_max) removals.push_back(*oldest);
  return removals;
}

bool EmbeddedBus::KeepsForAWhile() const {
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    if (UnneededOf(i).until > logs_[i].first) return true;
  }
  return false;
}

void EmbeddedBus::WarnEarly() {
  const double share = static_cast<double>(bytes_held_) / static_cast<double>(options_.bytes_max);
  if (share < kCalmShare) warned_ = false;
  if (share < kWarnShare || warned_) return;
  warned_ = true;
  kLog.Warn("",
            "records take most of the room of the bus; when those that are not read yet have no "
            "more, uploads are refused: see who is behind (kafka_consumer_lag_records), or raise "
            "bus.bytes_max",
            {{"bytes", bytes_held_}, {"room_bytes", options_.bytes_max}});
}

Result<void> EmbeddedBus::Remove(Work& work) {
  for (Removal& removal : work.removals) {
    const Log& log = logs_[removal.log];
    if (removal.produced_until) {
      const Result<std::int64_t> until =
          file_->FirstAfter(log, removal.first, removal.until, *removal.produced_until);
      if (!until) return Fail(until.error());
      removal.until = *until;
    }
    if (auto done = file_->Remove(log, removal.first, removal.until); !done) return done;
    if (removal.until == work.next[removal.log]) continue;  // nothing is left
    const Result<Time> oldest = file_->Produced(log, removal.until);
    if (!oldest) return Fail(oldest.error());
    work.oldest[removal.log] = *oldest;
  }
  return {};
}

}  // namespace insightd::bus
