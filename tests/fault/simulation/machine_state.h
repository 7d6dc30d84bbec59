// What all simulated parts of one machine share: time, chance, faults, and whether it still runs.
//
// A process that ended goes on in the simulation to the end of its call, since C++ cannot be cut
// off; but from that moment on nothing that it does has an effect and nothing that it says counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "faults.h"
#include "upkeep/settings.h"

namespace insightd::simulation {

// The version, as parts name it.
inline constexpr char kBuild[] = "simulation";

class SimClock final : public Clock {
 public:
  Time Now() const override { return Time(steady_ + offset_); }
  microseconds Steady() const override { return steady_; }
  void Advance(microseconds by) { steady_ += by; }
  // The wall clock is set; durations stay true.
  void Jump(microseconds by) {
    offset_ += by;
    earliest_ = std::min(earliest_, Now());
  }
  // That it has ever shown.
  Time earliest() const { return earliest_; }

 private:
  microseconds steady_ = std::chrono::hours(24 * 365 * 56);
  microseconds offset_{};
  Time earliest_{steady_};
};

// A quarter of the worlds, by their seed, has room for two to six archives, and a history that is
// over where the clock is set forward.
constexpr bool HasLittleRoom(std::uint64_t seed) { return seed % 4 == 3; }
// Half of these have archives that do not know their bytes and are counted, as in S3.
constexpr bool CountsArchives(std::uint64_t seed) {
  return HasLittleRoom(seed) && seed / 64 % 2 == 0;
}

inline upkeep::Settings KeepingOf(std::uint64_t seed, const Plan& plan) {
  // So short that archives go while messages about them may still come again.
  upkeep::Settings settings{.archive_kept_s = 1, .history_rows_max = Forgets(plan) ? 1 : 100'000};
  if (HasLittleRoom(seed)) {
    constexpr std::uint64_t kArchiveBytes = 350;
    settings.blob_bytes_max = kArchiveBytes * (2 + seed / 4 % 5);
    settings.history_kept_s = 3'600;
  }
  return settings;
}

enum class Ending : std::uint8_t { kNone, kProcessEnds, kPowerLoss };

struct MachineState {
  MachineState(std::uint64_t seed, const Plan& plan, Faults::Struck struck)
      : faults(plan, std::move(struck)),
        disk_random(MakeSeededRandom(seed + 1)),
        random(MakeSeededRandom(seed + 2)),
        bus_random(MakeSeededRandom(seed + 3)),
        keeping(KeepingOf(seed, plan)),
        counts_archives(CountsArchives(seed)) {}

  bool alive() const { return ending == Ending::kNone; }
  void End(Ending how) {
    if (alive()) ending = how;
  }
  // Nothing goes wrong any more.
  void Heal() {
    faults.Heal();
    loses_power_after = {};
    has_committed = false;
  }
  // Something goes wrong with the call that is under way.
  bool Fires(Kind kind) { return faults.Fires(kind, place); }
  bool Lasts(Kind kind) { return faults.Lasts(kind, place); }
  // The call goes to the outside. False when there is nobody to call any more.
  bool Reaches() {
    if (Fires(Kind::kSlow)) clock.Advance(seconds(7));
    return alive();
  }

  SimClock clock;
  Faults faults;
  std::unique_ptr<Random> disk_random;  // what a power loss leaves
  std::unique_ptr<Random> random;       // handed to the parts
  std::unique_ptr<Random> bus_random;   // which partition comes first
  const upkeep::Settings keeping;
  const bool counts_archives;
  Ending ending = Ending::kNone;
  // Power is lost as soon as the bus has written what this step has committed; empty: not that.
  std::string_view loses_power_after;
  bool has_committed = false;  // that step
  std::string_view step;       // of the world: by whom calls are made
  std::string place;           // the call that is under way, as points name it
};

// A call through one of the doors.
class Calling {
 public:
  Calling(MachineState& state, std::string place)
      : state_(state), before_(std::exchange(state.place, std::move(place))) {}
  ~Calling() { state_.place = std::move(before_); }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

 private:
  MachineState& state_;
  std::string before_;
};

}  // namespace insightd::simulation
