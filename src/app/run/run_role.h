// `insightd all`, and each role as a process of its own: starts a row of the table and all that it
// needs, answers until SIGTERM or SIGINT, stops in the opposite order. SIGHUP loads the rules
// again.
//
// * Health is answered from the first moment to the last, whatever else waits.
// * What a role cannot reach at start is tried again for `start_wait_s`, then it is exit code 4.
// * The first signal: not ready from now on, requests under way finish, consumers finish or give
//   back what is in work; the second ends the process at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/exit_code.h"
#include "app/settings.h"

namespace insightd::app {

// `config` as given by --config.
ExitCode RunRole(std::string_view name, const std::string& config);

// The same with settings from elsewhere. What logs has been set up by the caller.
// `on_failure` tells why it ends before it was asked to; by default on standard error.
struct StartFailure;
using OnFailure = std::function<void(const StartFailure& failure)>;
ExitCode RunRole(std::string_view name, const Settings& settings, OnFailure on_failure = nullptr);

}  // namespace insightd::app
