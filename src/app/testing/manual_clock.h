// A clock that a test moves.
#pragma once

#include "base/clock.h"

namespace insightd::app::testing {

class ManualClock final : public Clock {
 public:
  Time Now() const override { return Time(seconds(1'785'578'400)) + passed_; }
  microseconds Steady() const override { return seconds(1'000) + passed_; }
  void Advance(microseconds by) { passed_ += by; }

 private:
  microseconds passed_{0};
};

}  // namespace insightd::app::testing
