// Many worlds, on several cores: a process each, since a world has the process for itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broken_parts.h"
#include "world.h"

namespace insightd::simulation {

struct ManyOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 1'000;
  unsigned jobs = 1;
  bool progress = false;      // on standard error
  bool until_broken = false;  // stop at the first world that breaks a promise
};

struct ManyOutcome {
  std::uint64_t worlds = 0;
  std::uint64_t broken = 0;
  std::optional<std::uint64_t> first_broken;  // the lowest seed among these
  Coverage coverage;
  std::uint64_t uploads = 0;
  std::uint64_t accepted = 0;
  std::uint64_t processes = 0;
  std::uint64_t refused = 0;
  std::uint64_t newest_gone = 0;
  std::uint64_t unknown_gone = 0;
};

ManyOutcome RunMany(const ManyOptions& options, const PartsOfWorld& parts);

}  // namespace insightd::simulation
