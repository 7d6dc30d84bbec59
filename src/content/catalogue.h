// What people read about the rules: texts, tags, risk, by module and key.
//
// Made from the rule packs in force. Texts are Markdown as their authors wrote it, templates and
// all: so foreign clients get them, who fill them in themselves. For our own readers `templates`
// fills them with the details of a hit. A rule without texts shows its title and its details.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "content/rendered.h"
#include "rules/pack.h"

namespace insightd::content {

struct RuleContent {
  std::string module;  // with the pack's prefix: "ccx_rules_ocp.external.rules.some_rule"
  std::string key;
  bool is_info = false;      // informs only: no recommendation
  bool is_internal = false;  // of the families internal and ocs
  bool has_texts = false;    // false: generic, reason, resolution, more_info are empty

  std::string description;  // one line; the title when the pack has no other
  std::string generic;
  std::string reason;
  std::string resolution;
  std::string more_info;
  TextTemplates templates;  // of description, reason, resolution and more_info

  std::vector<std::string> tags;
  std::string impact_name;
  int impact = 0;           // 1 to 4; 0: not said
  int likelihood = 0;       // 1 to 4; 0: not said
  int total_risk = 0;       // 1 low, 2 moderate, 3 important, 4 critical
  int resolution_risk = 0;  // 1 to 4; 0: not said
  bool is_active = true;
  std::string publish_date;  // RFC 3339 in UTC; year 1 when the pack says none
  std::string node_id;       // number of an article; may be empty

  // "module|KEY", as acknowledgements and ratings name the rule.
  std::string Selector() const { return module + "|" + key; }
  bool HasTag(std::string_view tag) const;
};

// Whether a module, with prefix or without, is of a family that is meant for support.
bool IsInternalModule(std::string_view module);
// A component without the `.report` that reports put behind the module.
std::string_view ModuleOf(std::string_view component);

// Immutable, thread-safe.
class Catalogue {
 public:
  Catalogue() = default;
  static std::shared_ptr<const Catalogue> FromPack(const rules::Pack& pack);

  // By the component of a hit or the module of a selector; nullptr when it is not known.
  const RuleContent* Find(std::string_view component, std::string_view key) const;
  // By "module|KEY"; nullptr when it is not known.
  const RuleContent* FindSelector(std::string_view selector) const;
  // In the order of the pack.
  const std::vector<RuleContent>& rules() const { return rules_; }
  // Names and versions of the packs: "base-1.0.0+acme-2.1.0".
  const std::string& version() const { return version_; }

 private:
  std::vector<RuleContent> rules_;
  std::map<std::string, std::size_t, std::less<>> index_;  // by selector
  std::string version_;
};

// The catalogue that holds now: replaced when the pack is. Thread-safe.
class CurrentCatalogue {
 public:
  explicit CurrentCatalogue(std::shared_ptr<const Catalogue> first) : now_(std::move(first)) {}
  std::shared_ptr<const Catalogue> Get() const;
  void Set(std::shared_ptr<const Catalogue> next);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Catalogue> now_;
};

}  // namespace insightd::content
