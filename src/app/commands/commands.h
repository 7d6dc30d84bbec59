// The commands that are neither a role nor have a folder of their own.
#pragma once

#include <string>

#include "app/admin/letters.h"
#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

// Also refuses what `all` refuses at start, with the same exit code.
ExitCode RunConfigCheck(const std::string& config);
// Nothing but the mistakes, on standard error, when there are any.
ExitCode RunConfigPrint(const std::string& config);
ExitCode RunConfigReference();
// Asks the process that runs on the data folder, or opens it where none does.
ExitCode RunDeadLetters(LettersVerb verb, const CommandLine& line);
ExitCode RunVersion(bool as_json);

}  // namespace insightd::app
