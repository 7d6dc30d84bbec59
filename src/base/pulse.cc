#include "base/pulse.h"

#include <fmt/core.h>

#include <chrono>
#include <utility>

namespace insightd {

std::vector<Pulse::Hung> Pulse::FindHung() const {
  std::vector<Hung> hung;
  const std::lock_guard lock(mutex_);
  const microseconds now = clock_.Steady();
  for (const Beat* beat : beats_) {
    const microseconds lasts = now - beat->since_;
    if (beat->step_.empty() || lasts <= step_max_) continue;
    hung.push_back(
        {beat->thread_, std::string(beat->step_), std::chrono::duration_cast<seconds>(lasts)});
  }
  return hung;
}

std::string HungText(const Pulse& pulse) {
  std::string text;
  for (const Pulse::Hung& hung : pulse.FindHung()) {
    text += fmt::format("{}: {} has lasted {} s, more than the {} s of a step\n", hung.thread,
                        hung.step, hung.lasts.count(),
                        std::chrono::duration_cast<seconds>(pulse.step_max()).count());
  }
  return text;
}

Beat::Beat(Pulse* pulse, std::string thread) : pulse_(pulse), thread_(std::move(thread)) {
  if (pulse_ == nullptr) return;
  const std::lock_guard lock(pulse_->mutex_);
  pulse_->beats_.push_back(this);
}

Beat::~Beat() {
  if (pulse_ == nullptr) return;
  const std::lock_guard lock(pulse_->mutex_);
  std::erase(pulse_->beats_, this);
}

void Beat::Begin(std::string_view step) {
  if (pulse_ == nullptr) return;
  const microseconds now = pulse_->clock_.Steady();
  const std::lock_guard lock(pulse_->mutex_);
  step_ = step;
  since_ = now;
}

void Beat::GoOn() {
  if (pulse_ == nullptr) return;
  const microseconds now = pulse_->clock_.Steady();
  const std::lock_guard lock(pulse_->mutex_);
  since_ = now;
}

void Beat::Idle() {
  if (pulse_ == nullptr) return;
  const std::lock_guard lock(pulse_->mutex_);
  step_ = {};
}

}  // namespace insightd
