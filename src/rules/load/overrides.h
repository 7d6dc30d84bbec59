// Overrides: what a pack changes of the rules of packs that it extends, without touching them.
//
//   overrides:
//     - rule: ETCD_SLOW_APPLIES          # KEY or module|KEY
//       params: {slow_applies_min: 20000}
//       likelihood: 2
//       reason: our disks are slow, and we know
//
// They are read before any rule is, and taken over while a rule is loaded: parameters are part of
// its compiled expressions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/load/fields.h"
#include "rules/pack.h"

namespace insightd::rules {

class Loading;
struct LoadedFile;

// One entry of a list of overrides; its fields have been checked as far as that goes without
// the rule.
struct Override {
  std::uint32_t pack = 0;  // that overrides
  const SourceText* source = nullptr;
  std::string rule;
  std::size_t rule_offset = 0;
  const yaml::Node* params = nullptr;  // a mapping
  std::optional<bool> enabled;
  std::string impact_name;
  int impact = 0;
  std::optional<int> likelihood;
  std::string reason;
  std::vector<std::string> matches;  // "module|KEY" of the rules that it named
};

class Overrides {
 public:
  void Add(Override one) { list_.push_back(std::move(one)); }
  // Those that name a rule of pack `pack`, in the order of the packs.
  std::vector<Override*> For(const Pack& all, std::uint32_t pack, const std::string& module,
                             const std::string& key);
  // Once all rules are loaded: those that named none, or several.
  void ReportUnmatched(const Pack& all, Diagnostics& diagnostics) const;

 private:
  std::vector<Override> list_;
};

// Reads a list of overrides of the pack that is being loaded. `list` lives as long as the loading.
void LoadOverrides(Loading& loading, const SourceText& source, const yaml::Node& list);

// The params of a rule as overrides leave them; what does not fit is reported where it stands.
// `applied` has one entry for each of `overrides`, and gets a line for each change.
yaml::Node OverriddenParams(const yaml::Node& params, const std::string& rule,
                            const std::vector<Override*>& overrides,
                            std::vector<AppliedOverride>& applied, Diagnostics& diagnostics);

}  // namespace insightd::rules
