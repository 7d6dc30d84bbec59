// What goes wrong in a simulated world, when, and which points were reached.
//
// A plan is drawn from the seed before the world starts, by a stream of its own: leaving a fault
// out changes nothing else about the world but what follows from it. That is what makes shrinking
// possible. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace insightd::simulation {

enum class Kind : std::uint8_t {
  // The process ends; what the kernel holds stays.
  kKillBetweenSteps,
  kKillAtWrite,
  kKillAtSync,
  kStopInOrder,  // parts are closed, then started again
  // The machine loses power: what was not synced is gone, kept or torn, by chance.
  kPowerLossBetweenSteps,
  kPowerLossAtWrite,
  kPowerLossAtSync,
  // A call fails, once or a few times.
  kDiskWriteFails,
  kDiskSyncFails,
  kDiskFull,  // for a while
  kBusProduceFails,
  kBusProduceUnsure,  // the record is durable, the producer is told that it is not known
  kBusDeliveryLate,   // the producer hears of it later
  kBusPollFails,
  kBusCommitFails,
  kBusMessagesDoubled,
  kBusMessagesLate,
  kBusAway,  // for a while
  kStoreWriteFails,
  kStoreWriteUnsure,  // it is stored, the caller is told that it is not known
  kStoreReadFails,
  kStoreAway,
  kBlobCreateFails,
  kBlobAppendFails,
  kBlobCommitFails,
  kBlobCommitUnsure,
  kBlobOpenFails,
  kBlobReadFails,
  kBlobRemoveFails,
  kBlobAway,
  kSlow,  // a call takes seconds
  // The world around.
  kClockForward,
  kClockBack,
  kRulesChange,
  kPipelineJoins,  // a second member of the group: rebalances when it comes and when it goes
  kPipelineLeaves,
  kWriterJoins,  // another one, which waits for its duty
  kWriterLeaves,
  kDutyLost,  // by a writer that runs on until it notices
  kUploadCut,
  kCount
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kCount);

std::string_view NameOf(Kind kind);

struct Fault {
  Kind kind = Kind::kCount;
  int step = 0;             // of the world, when it happens or begins to wait for its call
  std::uint64_t value = 0;  // how many calls it waits, how long it lasts, which way it tears
};
using Plan = std::vector<Fault>;

// `steps`: how many steps of the world have faults.
Plan DrawPlan(std::uint64_t seed, int steps);
// "kill_at_write@17"
std::string ToText(const Fault& fault);

// How often each point was reached, added up over worlds.
using Coverage = std::array<std::uint64_t, kKinds>;

// The faults of one world.
class Faults {
 public:
  explicit Faults(Plan plan) : plan_(std::move(plan)) {}

  // Faults that happen now, apart from calls; those of calls begin to wait.
  std::vector<Fault> BeginStep(int step);
  // Whether this call fails. Counts as reached when it does.
  bool Fires(Kind kind);
  // The same; `value` says how.
  bool Fires(Kind kind, std::uint64_t& value);
  // Whether a fault that lasts is there now.
  bool Lasts(Kind kind);
  // From now on nothing goes wrong.
  void Heal();
  void Reached(Kind kind) { ++coverage_[static_cast<std::size_t>(kind)]; }
  const Coverage& coverage() const { return coverage_; }

 private:
  struct Waiting {
    Fault fault;
    std::uint64_t calls = 0;
  };
  const Plan plan_;
  std::vector<Waiting> waiting_;
  std::array<int, kKinds> lasts_until_{};
  int step_ = 0;
  Coverage coverage_{};
};

}  // namespace insightd::simulation
