// A failing world made small, and kept as a file that becomes a named test (seeds/*.txt).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "broken_parts.h"
#include "faults.h"

namespace insightd::simulation {

// Leaves faults out, one by one, as long as some promise is still broken.
Plan Shrink(std::uint64_t seed, Plan plan, const PartsOfWorld& parts);

struct Replay {
  std::uint64_t seed = 0;
  Plan plan;
  std::string breaks = {};  // the broken part by which it is seen what went wrong; empty: none
};
// "seed 17", a line "fault KIND STEP VALUE PLACE" for each, "breaks PART"; `#` begins a comment.
std::string PrintReplay(const Replay& replay);
// kInvalid with the line that is wrong.
Result<Replay> ParseReplay(const std::string& text);

}  // namespace insightd::simulation
