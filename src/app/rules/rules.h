// The commands that help who writes rules: `insightd rules …`.
//
// Each prints to standard output what was asked for, and to standard error why it could not.
// Findings (a mistake in a pack, a failed test) are kFindings, a pack that cannot be read is
// kUnreadable.
#pragma once

#include <string>

#include "app/command_line.h"
#include "app/exit_code.h"

namespace insightd::app {

ExitCode RunRulesList(const CommandLine& line);
ExitCode RunRulesCheck(const CommandLine& line);
ExitCode RunRulesTest(const RulesArguments& arguments, bool as_json);
ExitCode RunRulesPack(const RulesArguments& arguments);
ExitCode RunRulesVerify(const RulesArguments& arguments, bool as_json);

}  // namespace insightd::app
