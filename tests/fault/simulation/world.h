// A whole installation and its clusters, from one seed, in one thread: the same seed and plan give
// the same course of events on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broken_parts.h"
#include "faults.h"

namespace insightd::simulation {

// Steps in which something may go wrong; with a quiet point after some, and at the end. The second
// round is long, so that much comes to its end while things go wrong.
inline constexpr int kSteps = 320;
inline constexpr int kStepsOfFirstRound = 100;

struct Outcome {
  std::optional<std::string> broken;  // the promise that was, for people
  Coverage coverage;
  Plan unmet;  // faults that were planned and struck nothing
  std::uint64_t uploads = 0;
  std::uint64_t accepted = 0;
  std::uint64_t processes = 0;  // that were started
  // Where there is little room: uploads that were refused for it, archives that clusters showed and
  // that went for it, and those that belonged to nothing.
  std::uint64_t refused = 0;
  std::uint64_t newest_gone = 0;
  std::uint64_t unknown_gone = 0;
};

// `trace`: tell each step on standard error.
Outcome RunWorld(std::uint64_t seed, const Plan& plan, const PartsOfWorld& parts,
                 bool trace = false);

}  // namespace insightd::simulation
