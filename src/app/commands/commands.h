// The commands that are neither a role nor have a folder of their own.
#pragma once

#include <string>

#include "app/admin/letters.h"
#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

// Also refuses what `role` refuses at start, with the same exit code; empty: the roles that the
// settings are for.
ExitCode RunConfigCheck(const std::string& config, const std::string& role);
// Nothing but the mistakes, on standard error, when there are any.
ExitCode RunConfigPrint(const std::string& config);
ExitCode RunConfigReference();
// Asks the process that runs on the data folder, or opens it where none does; with servers in the
// settings it connects to database and broker itself.
ExitCode RunDeadLetters(LettersVerb verb, const CommandLine& line);
// Brings the database of store.postgres to the latest versions, or to what the line says.
ExitCode RunMigrate(const CommandLine& line);
// Deletes clusters that are old or named, in the database that the settings name; a role may be
// running on it.
ExitCode RunClean(const CommandLine& line);
// Writes its tables as CSV, as they were at one moment.
ExitCode RunExport(const CommandLine& line);
ExitCode RunVersion(bool as_json);

}  // namespace insightd::app
