#include "faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace insightd::simulation {
namespace {

constexpr std::array<std::string_view, kKinds> kNames = {
    "kill_between_steps",
    "kill_at_write",
    "kill_at_sync",
    "stop_in_order",
    "power_loss_between_steps",
    "power_loss_at_write",
    "power_loss_at_sync",
    "disk_write_fails",
    "disk_sync_fails",
    "disk_full",
    "bus_produce_fails",
    "bus_produce_unsure",
    "bus_delivery_late",
    "bus_poll_fails",
    "bus_commit_fails",
    "bus_messages_doubled",
    "bus_messages_late",
    "bus_away",
    "store_write_fails",
    "store_write_unsure",
    "store_read_fails",
    "store_away",
    "blob_create_fails",
    "blob_append_fails",
    "blob_commit_fails",
    "blob_commit_unsure",
    "blob_open_fails",
    "blob_read_fails",
    "blob_remove_fails",
    "blob_away",
    "slow",
    "clock_forward",
    "clock_back",
    "rules_change",
    "pipeline_joins",
    "pipeline_leaves",
    "writer_joins",
    "writer_leaves",
    "duty_lost",
    "upload_cut",
};

constexpr std::uint64_t kFaultsMax = 24;
// A fault of a call waits for one of the next so many calls.
constexpr std::uint64_t kCallsMax = 6;
// Writes to the disk are many.
constexpr std::uint64_t kDiskCallsMax = 60;
constexpr std::uint64_t kStepsLastingMin = 3;
constexpr std::uint64_t kStepsLastingMax = 40;
constexpr std::uint64_t kSeedOfFaults = 0x9e3779b97f4a7c15;

bool IsOfDisk(Kind kind) {
  return kind == Kind::kKillAtWrite || kind == Kind::kPowerLossAtWrite ||
         kind == Kind::kDiskWriteFails;
}
bool IsLasting(Kind kind) {
  return kind == Kind::kDiskFull || kind == Kind::kBusAway || kind == Kind::kStoreAway ||
         kind == Kind::kBlobAway;
}
bool HappensAtOnce(Kind kind) {
  switch (kind) {
    case Kind::kKillBetweenSteps:
    case Kind::kStopInOrder:
    case Kind::kPowerLossBetweenSteps:
    case Kind::kClockForward:
    case Kind::kClockBack:
    case Kind::kRulesChange:
    case Kind::kPipelineJoins:
    case Kind::kPipelineLeaves:
    case Kind::kWriterJoins:
    case Kind::kWriterLeaves:
    case Kind::kDutyLost:
    case Kind::kUploadCut: return true;
    default: return false;
  }
}

}  // namespace

std::string_view NameOf(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Plan DrawPlan(std::uint64_t seed, int steps) {
  const auto random = MakeSeededRandom(seed ^ kSeedOfFaults);
  Plan plan(1 + random->Below(kFaultsMax));
  for (Fault& fault : plan) {
    fault.kind = static_cast<Kind>(random->Below(kKinds));
    fault.step = static_cast<int>(random->Below(static_cast<std::uint64_t>(steps)));
    fault.value = random->Next();
  }
  std::stable_sort(plan.begin(), plan.end(),
                   [](const Fault& a, const Fault& b) { return a.step < b.step; });
  return plan;
}

std::string ToText(const Fault& fault) {
  return fmt::format("{}@{}", NameOf(fault.kind), fault.step);
}

std::vector<Fault> Faults::BeginStep(int step) {
  step_ = step;
  std::vector<Fault> now;
  for (const Fault& fault : plan_) {
    if (fault.step != step) continue;
    if (HappensAtOnce(fault.kind)) {
      now.push_back(fault);
    } else if (IsLasting(fault.kind)) {
      int& until = lasts_until_[static_cast<std::size_t>(fault.kind)];
      const std::uint64_t lasting = kStepsLastingMin + fault.value % kStepsLastingMax;
      until = std::max(until, step + static_cast<int>(lasting));
    } else {
      // Removals are few: the next one.
      const std::uint64_t calls_max = fault.kind == Kind::kBlobRemoveFails ? 1
                                      : IsOfDisk(fault.kind)               ? kDiskCallsMax
                                                                           : kCallsMax;
      waiting_.push_back({fault, fault.value % calls_max});
    }
  }
  return now;
}

bool Faults::Fires(Kind kind) {
  std::uint64_t value = 0;
  return Fires(kind, value);
}

bool Faults::Fires(Kind kind, std::uint64_t& value) {
  if (waiting_.empty()) return false;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (it->fault.kind != kind) continue;
    if (it->calls > 0) {
      --it->calls;
      return false;
    }
    value = it->fault.value;
    waiting_.erase(it);
    Reached(kind);
    return true;
  }
  return false;
}

bool Faults::Lasts(Kind kind) {
  if (step_ >= lasts_until_[static_cast<std::size_t>(kind)]) return false;
  Reached(kind);
  return true;
}

void Faults::Heal() {
  waiting_.clear();
  lasts_until_.fill(0);
}

}  // namespace insightd::simulation
