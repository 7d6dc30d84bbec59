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
// A page of Markdown for each rule, into a folder; what else lies there stays.
ExitCode RunRulesCatalogue(const RulesArguments& arguments);
ExitCode RunRulesPack(const RulesArguments& arguments);
ExitCode RunRulesVerify(const RulesArguments& arguments, bool as_json);
// Why a rule hit over an archive, or did not. A rule that fails is a finding.
ExitCode RunRulesExplain(const CommandLine& line);
// What new or changed rules would say, beside the old ones.
ExitCode RunRulesTry(const CommandLine& line);
// Writes a rule with texts and tests that pass, and a pack for it where there is none.
ExitCode RunRulesNew(const RulesArguments& arguments);
// Time and steps of each rule.
ExitCode RunRulesBench(const CommandLine& line);
ExitCode RunRulesEval(const CommandLine& line);
ExitCode RunRulesFunctions(const RulesArguments& arguments, bool as_json);

}  // namespace insightd::app
