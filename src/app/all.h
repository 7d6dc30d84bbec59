// `insightd all` and, with Kafka, each role alone: starts a row of the table and all that it needs,
// answers until SIGTERM or SIGINT, stops in the opposite order. SIGHUP loads the rules again.
#pragma once

#include <string>
#include <string_view>

#include "app/exit_code.h"

namespace insightd::app {

// `config` as given on the command line. Returns when everything has stopped; a second signal
// meanwhile ends the process at once. Call it before any thread has started: the signals are held
// back from all of them.
ExitCode RunRole(std::string_view name, const std::string& config);

}  // namespace insightd::app
