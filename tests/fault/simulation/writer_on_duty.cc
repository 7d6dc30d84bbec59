#include "writer_on_duty.h"

#include <utility>

#include "machine_state.h"

namespace insightd::simulation {

Result<bool> WriterOnDuty::Step() {
  if (writer_ == nullptr) {
    if (auto begun = Begin(); !begun) {
      if (VerdictFor(begun.error().code()) == Verdict::kRetry) return false;
      return Fail(std::move(begun).error());
    }
  }
  Result<bool> done = writer_->Step();
  if (!has_duty()) writer_.reset();
  return done;
}

bool WriterOnDuty::LoseDuty() { return std::exchange(lease_, nullptr) != nullptr; }

// Joins its group after the duty was taken: one that waits holds no partitions.
Result<void> WriterOnDuty::Begin() {
  const auto duty =
      messages_ == writer::Messages::kResults ? store::Duty::kResults : store::Duty::kWorkloads;
  auto lease = store_.TryTakeDuty(duty);
  if (!lease) return Fail(std::move(lease).error());
  auto writer = std::make_unique<writer::Writer>(doors_, writer::Settings{.batch_results_max = 4},
                                                 kBuild, messages_);
  if (auto opened = writer->Open(); !opened) return opened;
  lease_ = *std::move(lease);
  writer_ = std::move(writer);
  return {};
}

}  // namespace insightd::simulation
