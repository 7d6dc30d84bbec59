// The commands that are neither a role nor have a folder of their own.
#pragma once

#include <string>

#include "app/admin/letters.h"
#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

ExitCode RunRulesList(const std::string& folder, bool as_json);
ExitCode RunRulesCheck(const std::string& folder, bool as_json);
ExitCode RunConfigCheck(const std::string& config);
// Also what is in force in spite of mistakes; they then are on standard error.
ExitCode RunConfigPrint(const std::string& config);
ExitCode RunConfigReference();
// Asks the process that runs on the data folder, or opens it where none does.
ExitCode RunDeadLetters(LettersVerb verb, const CommandLine& line);
ExitCode RunVersion(bool as_json);

}  // namespace insightd::app
