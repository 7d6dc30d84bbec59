// The commands that are neither a role nor have a folder of their own.
#pragma once

#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

ExitCode RunRulesList(const std::string& folder, bool as_json);
ExitCode RunRulesCheck(const std::string& folder, bool as_json);
ExitCode RunVersion(bool as_json);

}  // namespace insightd::app
