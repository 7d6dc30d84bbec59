// The rule pack that a command works with.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "app/exit_code.h"
#include "rules/pack.h"
#include "rules/pack_files.h"

namespace insightd::app {

// What is wrong, ready to be printed, and the exit code that goes with it.
struct RulesMistake {
  ExitCode exit = ExitCode::kFindings;
  std::string text;
};

struct LoadedRules {
  rules::PackFiles files;
  rules::PackPointer pack;
};

// The pack in `folder`, or the built-in one when that is empty.
tl::expected<rules::PackPointer, RulesMistake> LoadRules(const std::string& folder);
// The same with the files that it was loaded from.
tl::expected<LoadedRules, RulesMistake> LoadRulesWithFiles(const std::string& folder);

}  // namespace insightd::app
