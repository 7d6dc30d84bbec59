// What all simulated parts of one machine share: time, chance, faults, and whether it still runs.
//
// A process that ended goes on in the simulation to the end of its call, since C++ cannot be cut
// off; but from that moment on nothing that it does has an effect and nothing that it says counts.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "faults.h"

namespace insightd::simulation {

// The version, as parts name it.
inline constexpr char kBuild[] = "simulation";

class SimClock final : public Clock {
 public:
  Time Now() const override { return Time(steady_ + offset_); }
  microseconds Steady() const override { return steady_; }
  void Advance(microseconds by) { steady_ += by; }
  // The wall clock is set; durations stay true.
  void Jump(microseconds by) { offset_ += by; }

 private:
  microseconds steady_ = std::chrono::hours(24 * 365 * 56);
  microseconds offset_{};
};

enum class Ending : std::uint8_t { kNone, kProcessEnds, kPowerLoss };

struct MachineState {
  explicit MachineState(std::uint64_t seed, Plan plan)
      : faults(std::move(plan)),
        disk_random(MakeSeededRandom(seed + 1)),
        random(MakeSeededRandom(seed + 2)) {}

  bool alive() const { return ending == Ending::kNone; }
  void End(Ending how) {
    if (alive()) ending = how;
  }
  // A call to the outside begins. False when there is nobody to call any more.
  bool Call() {
    if (faults.Fires(Kind::kSlow)) clock.Advance(seconds(7));
    return alive();
  }

  SimClock clock;
  Faults faults;
  std::unique_ptr<Random> disk_random;  // what a power loss leaves
  std::unique_ptr<Random> random;       // handed to the parts
  Ending ending = Ending::kNone;
};

}  // namespace insightd::simulation
