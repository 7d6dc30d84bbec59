// The levels of log lines by the names and marks of the tools that are written in Go.
#pragma once

#include <string_view>

#include "base/log.h"

namespace insightd::app::compat {

struct GoLevel {
  std::string_view name;
  log::Level level;
  std::string_view mark;  // for people
  int colour;             // of the mark on a terminal
};

const GoLevel& GoLevelFor(log::Level level);

// "info" of any case; anything that is no name of a level is `debug`.
log::Level GoLevelOf(std::string_view name);

}  // namespace insightd::app::compat
