// `insightd analyze`: the rules over archives that lie in files, without a server.
#pragma once

#include <cstdio>

#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

// Judges several archives at a time and prints them in the order given, each as soon as it and all
// before it are done; so memory does not grow with their number. Limits are those of the settings
// pipeline.* and rules.*. Messages go to `err`. kInternal when `out` takes no more.
ExitCode RunAnalyze(const CommandLine& line, std::FILE* out, std::FILE* err);

}  // namespace insightd::app
