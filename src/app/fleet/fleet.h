// `insightd fleet`: runs simulated clusters and says how it went.
#pragma once

#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

// Until it is over, or SIGINT or SIGTERM, which are held back from all threads: call it before any
// has started. kFindings when an upload failed or did not become readable.
ExitCode RunFleet(const FleetArguments& arguments, bool as_json);

}  // namespace insightd::app
