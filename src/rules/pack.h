// A rule pack, loaded: inputs, globals and rules, checked and compiled.
//
// A pack is data; loading it runs nothing. It is checked whole, and one mistake refuses it: then
// all mistakes are reported, each with file, line, column and a caret.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cel/compile.h"
#include "cel/environment.h"
#include "rules/diagnostic.h"
#include "rules/input.h"
#include "rules/pack_files.h"
#include "rules/path_patterns.h"
#include "rules/semver.h"
#include "rules/source_text.h"
#include "rules/yaml.h"

namespace insightd::rules {

// An expression and where it stands.
struct Expression {
  std::string label;  // "when", "let bad", "details nodes", "global masters"
  const SourceText* source = nullptr;
  yaml::Node scalar;
  cel::Program program;

  // Where the expression's line and column (both from 1) stand in the file.
  Place PlaceOf(std::uint32_t line, std::uint32_t column) const;
};

struct Named {
  Expression expression;
  std::uint32_t slot = 0;
};

// What a hit shows: text leaves are expressions, all else is taken over.
struct DetailNode {
  enum class Kind : std::uint8_t { kExpression, kLiteral, kList, kMap };
  Kind kind = Kind::kMap;
  Expression expression;
  std::string literal;               // JSON text
  std::vector<std::string> names;    // of kMap, beside `children`
  std::vector<DetailNode> children;  // of kList and kMap
};

// One need of a rule: any of these inputs.
using Need = std::vector<std::uint32_t>;  // indexes into Pack::inputs

enum class RuleKind : std::uint8_t { kRule, kInfo };

// What people read about a rule, Markdown; empty where the pack says nothing.
struct RuleTexts {
  std::string description;
  std::string generic;
  std::string reason;
  std::string resolution;
  std::string more_info;
};

enum class Expect : std::uint8_t { kHit, kPass, kSkip, kError };

struct RuleTest {
  std::string name;
  Place place;
  std::int64_t now_s = 0;
  std::vector<std::pair<std::string, std::string>> files;  // path and bytes
  std::optional<std::string> generate;  // JSON text of what a generator is to make
  std::optional<std::string> archive;   // file or folder of the pack
  Expect expect = Expect::kHit;
  std::optional<std::string> details;  // JSON text
};

struct Rule {
  std::string module;
  std::string key;
  std::string component;  // prefix.module.report
  std::string title;
  RuleKind kind = RuleKind::kRule;
  const SourceText* source = nullptr;
  Place place;

  std::vector<Need> needs;
  std::optional<VersionRange> versions;
  bool absence = false;
  json::Document params;  // an object
  std::vector<Named> lets;
  Expression when;
  DetailNode details;
  std::unique_ptr<cel::Environment> environment;

  std::vector<std::string> tags;
  std::string impact_name;
  int impact = 0;
  int likelihood = 0;
  int total_risk() const { return (impact + likelihood) / 2; }
  std::string resolution_risk_name;
  int resolution_risk = 0;  // 0: not said
  std::string status;       // "active", "inactive" or empty
  std::string publish_date;
  std::string node_id;
  std::optional<RuleTexts> texts;
  std::vector<RuleTest> tests;

  // Last part of the module, `|`, key.
  std::string Id() const;
  // Of the module: "internal", "ocs", or whatever its first part is.
  std::string_view Family() const { return std::string_view(module).substr(0, module.find('.')); }
};

// Immutable once loaded, thread-safe; shared by all who judge with it.
struct Pack {
  std::string origin;
  std::string name;
  std::string version;
  std::string component;  // prefix of components
  std::vector<Input> inputs;
  std::vector<Named> globals;
  std::vector<Rule> rules;  // in the order of the pack
  std::map<std::string, int, std::less<>> impacts;
  std::map<std::string, int, std::less<>> resolution_risks;
  std::optional<std::string> gathering;  // gathering.yaml as JSON text

  // Indexes of the judge's own inputs.
  std::uint32_t version_input = 0;
  std::uint32_t cluster_id_input = 0;
  std::uint32_t gathers_input = 0;

  cel::Environment environment;
  std::uint32_t now_slot = 0;
  std::uint32_t ocp_slot = 0;
  std::vector<std::unique_ptr<SourceText>> sources;
  // Ids are positions in `pattern_targets`.
  PathPatterns patterns;
  struct PatternTarget {
    std::uint32_t input;
    std::uint32_t path;  // its rank among the input's paths
  };
  std::vector<PatternTarget> pattern_targets;

  // For the unpacker: whether some input wants the member of that name, or would without its
  // first part (a leading folder is known only at the end of an archive).
  bool Wants(std::string_view name) const;
};

using PackPointer = std::shared_ptr<const Pack>;

tl::expected<PackPointer, Diagnostics> LoadPack(const PackFiles& files);

}  // namespace insightd::rules
