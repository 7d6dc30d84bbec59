// Rule packs, loaded: inputs, globals and rules, checked and compiled.
//
// A pack is data; loading it runs nothing. Several are loaded together into what judges: a `Pack`
// holds them all, in their order. They are checked whole, and one mistake refuses them all: then
// all mistakes are reported, each with file, line, column and a caret. Of several packs the name
// stands before the file: `acme/rules/nodes.yaml`.
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
  const cel::Environment* environment = nullptr;  // with which it was compiled; the pack's

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

// What another pack has changed of a rule.
struct AppliedOverride {
  std::uint32_t pack = 0;            // index into Pack::packs
  std::vector<std::string> changes;  // "likelihood 2 (was 4)", "switched off"
  std::string reason;                // why, in the words of who overrides; may be empty
};

struct Rule {
  std::uint32_t pack = 0;  // index into Pack::packs
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

  // False: switched off by an override. It is not asked, so it is in no report.
  bool is_enabled = true;
  std::vector<AppliedOverride> overrides;

  // Last part of the module, `|`, key.
  std::string Id() const;
  // Of the module: "internal", "ocs", or whatever its first part is.
  std::string_view Family() const { return std::string_view(module).substr(0, module.find('.')); }
};

// One of the packs that were loaded together.
struct PackInfo {
  std::string origin;  // for people: the folder, the file, or "built in"
  std::string name;
  std::string version;
  std::string component;             // prefix of components, of this pack alone
  std::vector<std::string> extends;  // packs whose names it sees and whose rules it may override
  std::string digest;                // SHA-256 of its files in hexadecimal
  std::string signer;                // fingerprint of the key that signed it; empty: not signed
  // The numbers behind names, with those of the packs that it extends.
  std::map<std::string, int, std::less<>> impacts;
  std::map<std::string, int, std::less<>> resolution_risks;
  std::optional<std::string> gathering;  // gathering.yaml as JSON text
  // The names that its expressions may use. Slots are those of Pack::environment.
  std::unique_ptr<cel::Environment> scope;

  // "base-1.0.0"
  std::string Title() const { return name + "-" + version; }
};

// Immutable once loaded, thread-safe; shared by all who judge with it.
struct Pack {
  std::vector<PackInfo> packs;  // in the order in which they were loaded
  std::vector<Input> inputs;
  std::vector<Named> globals;
  std::vector<Rule> rules;  // pack by pack, in the order of each

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

  const PackInfo& PackOf(const Rule& rule) const { return packs[rule.pack]; }
  // Names and versions of all packs: "base-1.0.0+acme-2.1.0".
  std::string Title() const;
};

using PackPointer = std::shared_ptr<const Pack>;

struct LoadOptions {
  // False: overrides are checked but change nothing, as the tests of rules want it.
  bool apply_overrides = true;
};

// Packs that are to judge together. A pack sees its own inputs and globals and those of the packs
// that it `extends`, which come before it; `packs` and Rule::pack count in the order given.
tl::expected<PackPointer, Diagnostics> LoadPacks(const std::vector<PackFiles>& packs,
                                                 const LoadOptions& options = {});
// A pack that stands alone.
tl::expected<PackPointer, Diagnostics> LoadPack(const PackFiles& files);

// What pack.yaml says of name and ties, as far as it can be read: for whoever decides what to load
// with it. Mistakes are the loader's matter.
struct PackHeader {
  std::string name;
  std::string version;
  std::vector<std::string> extends;
};
PackHeader ReadPackHeader(const PackFiles& files);

}  // namespace insightd::rules
