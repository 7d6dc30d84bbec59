#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "app/analyze/analyze.h"
#include "app/command_line.h"
#include "app/commands/commands.h"
#include "app/compat/names.h"
#include "app/fleet/fleet.h"
#include "app/rules/rules.h"
#include "app/run/run_role.h"

namespace {

using insightd::app::CommandId;
using insightd::app::CommandLine;
using insightd::app::ExitCode;
using insightd::app::LettersVerb;

ExitCode Run(const CommandLine& line) {
  switch (line.command) {  // No default: a new command must say what it does.
    case CommandId::kAll: return insightd::app::RunRole("all", line.config);
    case CommandId::kIngress: return insightd::app::RunRole("ingress", line.config);
    case CommandId::kPipeline: return insightd::app::RunRole("pipeline", line.config);
    case CommandId::kWriter: return insightd::app::RunRole("writer", line.config);
    case CommandId::kApi: return insightd::app::RunRole("api", line.config);
    case CommandId::kAnalyze: return insightd::app::RunAnalyze(line, stdout, stderr);
    case CommandId::kRulesList: return insightd::app::RunRulesList(line);
    case CommandId::kRulesCheck: return insightd::app::RunRulesCheck(line);
    case CommandId::kRulesTest: return insightd::app::RunRulesTest(line.rules, line.json);
    case CommandId::kRulesPack: return insightd::app::RunRulesPack(line.rules);
    case CommandId::kRulesCatalogue: return insightd::app::RunRulesCatalogue(line.rules);
    case CommandId::kRulesVerify: return insightd::app::RunRulesVerify(line.rules, line.json);
    case CommandId::kRulesNew: return insightd::app::RunRulesNew(line.rules);
    case CommandId::kRulesExplain: return insightd::app::RunRulesExplain(line);
    case CommandId::kRulesTry: return insightd::app::RunRulesTry(line);
    case CommandId::kRulesBench: return insightd::app::RunRulesBench(line);
    case CommandId::kRulesEval: return insightd::app::RunRulesEval(line);
    case CommandId::kRulesFunctions: return insightd::app::RunRulesFunctions(line.rules, line.json);
    case CommandId::kFleet: return insightd::app::RunFleet(line.fleet, line.json);
    case CommandId::kDeadLettersList:
      return insightd::app::RunDeadLetters(LettersVerb::kList, line);
    case CommandId::kDeadLettersShow:
      return insightd::app::RunDeadLetters(LettersVerb::kShow, line);
    case CommandId::kDeadLettersReplay:
      return insightd::app::RunDeadLetters(LettersVerb::kReplay, line);
    case CommandId::kDeadLettersDrop:
      return insightd::app::RunDeadLetters(LettersVerb::kDrop, line);
    case CommandId::kMigrate: return insightd::app::RunMigrate(line);
    case CommandId::kClean: return insightd::app::RunClean(line);
    case CommandId::kExport: return insightd::app::RunExport(line);
    case CommandId::kConfigCheck: return insightd::app::RunConfigCheck(line.config, line.role);
    case CommandId::kConfigPrint: return insightd::app::RunConfigPrint(line.config);
    case CommandId::kConfigReference: return insightd::app::RunConfigReference();
    case CommandId::kVersion: return insightd::app::RunVersion(line.json);
  }
  __builtin_unreachable();
}

// What is printed late or in the end counts too.
ExitCode Checked(ExitCode exit) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
  if (exit != ExitCode::kInternal) {
    fmt::print(stderr, "insightd: cannot write to standard output: {}\n", std::strerror(errno));
  }
  return ExitCode::kInternal;
}

ExitCode RunToTheEnd(const CommandLine& line) {
  try {
    return Checked(Run(line));
  } catch (const std::system_error& error) {  // fmt::print, when a file takes no more
    std::fputs("insightd: cannot write: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputc('\n', stderr);
    return ExitCode::kInternal;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (const insightd::app::CompatName* compat = insightd::app::FindCompatName(argv[0])) {
    return compat->run(compat->name, words);
  }
  const insightd::app::ParsedLine parsed = insightd::app::ParseCommandLine(words);
  if (!parsed.line) {
    fmt::print(parsed.exit == ExitCode::kGood ? stdout : stderr, "{}", parsed.text);
    return static_cast<int>(parsed.exit);
  }
  return static_cast<int>(RunToTheEnd(*parsed.line));
}
