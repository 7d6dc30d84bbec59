// The kinds of faults. What is drawn, counted and asked for follows from points.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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
  kKillThenPowerLoss,  // at a sync; power goes when the next process has built on what it found
  // A call fails, once or a few times.
  kDiskWriteFails,
  kDiskSyncFails,
  kDiskFull,  // for a while
  kBusProduceFails,
  kBusProduceUnsure,  // the record is durable, the producer is told that it is not known
  kBusDeliveryLate,   // the producer hears of it later
  kBusPollFails,
  kBusCommitFails,
  kBusBeginsAnew,  // what the group had done is forgotten: all comes once more, in a higher epoch
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
  kDutyLost,   // by a writer that runs on until it notices
  kUploadCut,  // its client goes away
  kCount
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kCount);

constexpr bool IsAtWrite(Kind kind) {
  return kind == Kind::kKillAtWrite || kind == Kind::kPowerLossAtWrite ||
         kind == Kind::kDiskWriteFails;
}

std::string_view NameOf(Kind kind);
std::optional<Kind> KindOf(std::string_view name);

}  // namespace insightd::simulation
