// The rule packs that a command or a role works with.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "app/exit_code.h"
#include "app/settings.h"
#include "rules/pack.h"
#include "rules/pack_files.h"

namespace insightd::app {

// How the pack that is built in is named among folders and files.
inline constexpr const char* kBasePack = "base";

// What is wrong, ready to be printed, and the exit code that goes with it.
struct RulesMistake {
  ExitCode exit = ExitCode::kFindings;
  std::string text;
  std::string summary = {};  // the last line of the text
  // Of packs that could be read and are wrong: each mistake; else empty.
  rules::Diagnostics mistakes = {};
};

struct LoadedRules {
  // What each of pack->packs was loaded from, in the same order.
  std::vector<rules::PackFiles> files;
  rules::PackPointer pack;
  // False: was not asked for, but is extended by one that was.
  std::vector<bool> asked;

  // Whether the rule is of a pack that was asked for.
  bool IsAsked(const rules::Rule& rule) const { return asked[rule.pack]; }
};

// Where the packs of an installation come from, and whom it trusts.
struct RuleSources {
  std::vector<std::string> packs = {};  // folders, files, "base", in order
  std::string packs_folder = {};  // its folders and pack files come behind, by name; may be absent
  std::vector<std::string> trusted_keys = {};  // PEM files
  bool signature_required = false;
};
RuleSources SourcesOf(const Settings& settings);

// The packs that these mean now: `sources.packs` and what lies in the folder.
std::vector<std::string> PacksOf(const RuleSources& sources);

// Loads all of them, to judge together.
tl::expected<LoadedRules, RulesMistake> LoadRulesFrom(const RuleSources& sources,
                                                      const rules::LoadOptions& options = {});

// For commands: loads packs, each a folder, a file, or `base`, to judge together; none named: the
// built-in one. A pack that extends `base` gets it though nobody named it. Files have to be whole,
// whoever signed them.
tl::expected<rules::PackPointer, RulesMistake> LoadRules(const std::vector<std::string>& packs);
// The same with the files that they were loaded from.
tl::expected<LoadedRules, RulesMistake> LoadRulesWithFiles(const std::vector<std::string>& packs,
                                                           const rules::LoadOptions& options = {});

}  // namespace insightd::app
