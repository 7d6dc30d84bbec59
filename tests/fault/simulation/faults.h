// What goes wrong in a simulated world, when and where, and which points were reached.
//
// A plan is drawn from the seed before the world starts, by a stream of its own: leaving a fault
// out changes nothing else about the world but what follows from it, and what the world is like
// (BeginsNew, Forgets). That is what makes shrinking possible. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "points.h"

namespace insightd::simulation {

struct Fault {
  std::size_t point = 0;    // of AllPoints()
  int step = 0;             // of the world, from which on it waits for its place to be passed
  std::uint64_t value = 0;  // how often it lets pass first, how long it lasts, by how much
};
using Plan = std::vector<Fault>;

// `steps`: how many steps of the world have faults.
Plan DrawPlan(std::uint64_t seed, int steps);
// Only what it takes to reach that point.
Plan DrawPlanFor(std::size_t point, std::uint64_t seed, int steps);

// What the world is like: whether its first start makes new files, and whether the history keeps
// next to nothing. Both only where something is to go wrong with it: the first costs a sixth of a
// world, the second the certainty that each upload has one end.
bool BeginsNew(const Plan& plan);
bool Forgets(const Plan& plan);

// "kill_at_sync at store.Put: /store.db-wal, from step 17 on"
std::string ToText(const Fault& fault);

// How often each point was reached, added up over worlds.
using Coverage = std::vector<std::uint64_t>;

// The faults of one world.
class Faults {
 public:
  // Is told of each fault that strikes.
  using Struck = std::function<void(const Fault&)>;

  Faults(const Plan& plan, Struck struck);

  // What is planned from this step on begins to wait.
  void BeginStep(int step);
  // Whether something goes wrong here and now. Counts as reached when it does.
  bool Fires(Kind kind, std::string_view place);
  // The same; `value` says how.
  bool Fires(Kind kind, std::string_view place, std::uint64_t& value);
  // The same with a fault that goes on for some steps, at all places of its kind.
  bool Lasts(Kind kind, std::string_view place);
  bool IsGoingOn(Kind kind) const;  // one that lasts
  // Nothing goes wrong until the next step begins; what waits or lasts is over.
  void Heal();

  const Coverage& coverage() const { return coverage_; }
  // Those of the plan that have struck nothing.
  Plan unmet() const;

 private:
  enum class Stage : std::uint8_t { kPlanned, kWaiting, kOver, kStruck };
  struct Entry {
    Fault fault;
    Stage stage = Stage::kPlanned;
    std::uint64_t lets_pass = 0;
  };

  std::vector<Entry> entries_;
  const Struck struck_;
  std::array<int, kKinds> lasts_until_{};
  int step_ = 0;
  bool healed_ = true;
  Coverage coverage_;
};

}  // namespace insightd::simulation
