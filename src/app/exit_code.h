// What the process says when it ends; part of the interface (docs/reference/commands.md).
#pragma once

#include <algorithm>
#include <cstdint>

namespace insightd::app {

enum class ExitCode : std::uint8_t {
  kGood = 0,
  kFindings = 1,    // a bad pack, a failed test, a hit of --fail-on, an upload that failed
  kUsage = 2,       // the command line, the settings
  kUnreadable = 3,  // an input file
  kUnusable = 4,    // data folder, broker, database, object store at start
  kInternal = 5
};

// Of several outcomes the highest code counts.
constexpr ExitCode Worse(ExitCode a, ExitCode b) { return std::max(a, b); }

}  // namespace insightd::app
