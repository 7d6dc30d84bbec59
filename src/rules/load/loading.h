// What the parts of the loader share while packs are read.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/load/fields.h"
#include "rules/load/overrides.h"
#include "rules/pack.h"

namespace insightd::rules {

// A file of the pack that was read: its text and its tree.
struct LoadedFile {
  const SourceText* source;
  yaml::Node root;
};

// A name that the expressions of a pack may use.
struct ScopeName {
  std::string what = {};     // "input", "global"
  std::string meaning = {};  // two names of one meaning may be shared
  std::string place = {};    // "base/inputs.yaml:3"
  std::uint32_t pack = 0;    // that brought it
  std::uint32_t index = 0;   // of an input: into Pack::inputs
};

// What all packs that are loaded together share.
struct LoadingSet {
  Pack& pack;
  bool apply_overrides = true;
  Diagnostics diagnostics = {};
  Overrides overrides = {};
  std::vector<std::map<std::string, ScopeName>> scopes = {};  // by pack
};

// Reads one pack of a set. One thread at a time.
class Loading {
 public:
  // `label` stands before the names of its files; it may be empty.
  Loading(const PackFiles& files, LoadingSet& set, std::uint32_t index, std::string label)
      : files_(files), set_(set), index_(index), label_(std::move(label)) {}

  Pack& pack() { return set_.pack; }
  PackInfo& info() { return set_.pack.packs[index_]; }
  std::uint32_t index() const { return index_; }
  const PackFiles& files() const { return files_; }
  Diagnostics& diagnostics() { return set_.diagnostics; }
  LoadingSet& set() { return set_; }
  std::map<std::string, ScopeName>& scope() { return set_.scopes[index_]; }

  // The file's tree; nullptr when it is not there or is no YAML, which has been reported then.
  const LoadedFile* Read(const std::string& path);

  // Paths of the pack that a name or pattern means, sorted; none is reported at `at`.
  std::vector<std::string> Expand(const Fields& fields, const yaml::Node& pattern);

  // Takes the name for one rule, or says why it cannot be.
  bool TakeName(const SourceText& source, std::size_t offset, const std::string& name,
                std::string_view what, std::map<std::string, std::string>& rule_names);
  // Takes an input's or a global's name for all rules of the pack. Nothing, and no mistake, when a
  // pack that this one extends has brought the same: `is_shared` is set then.
  ScopeName* TakeScopeName(const SourceText& source, std::size_t offset, const std::string& name,
                           ScopeName taken, bool& is_shared);

  // Compiles a scalar; what is wrong is reported in the file's own coordinates. The type of an
  // expression that failed is Type::Error.
  Expression Compile(const SourceText& source, const yaml::Node& scalar, std::string label,
                     const cel::Environment& environment,
                     const std::optional<cel::Type>& result = std::nullopt);
  // The names of a rule's `let`: one that is used above its own place is said to be so.
  void set_let_names(std::vector<std::string> names) { let_names_ = std::move(names); }
  // Of the last Compile.
  const cel::Type& last_type() const { return last_type_; }

 private:
  bool CheckName(const SourceText& source, std::size_t offset, const std::string& name);
  std::string LabelOf(const std::string& path) const;
  std::string HintOf(std::string_view label, std::string_view message) const;

  const PackFiles& files_;
  LoadingSet& set_;
  const std::uint32_t index_;
  const std::string label_;
  std::map<std::string, std::unique_ptr<LoadedFile>> read_;
  cel::Type last_type_;
  std::vector<std::string> let_names_;
};

// Each adds to loading.pack() what its file holds.
void LoadInputs(Loading& loading, const LoadedFile& file);
void LoadGlobals(Loading& loading, const LoadedFile& file);
void LoadRules(Loading& loading, const LoadedFile& file);

// Parts of a rule.
void LoadTests(Loading& loading, const Fields& fields, Rule& rule);
void LoadTexts(const Fields& fields, Rule& rule);

// The number behind a name of a table of pack.yaml; 0, and a mistake, when it is not there.
int Ranked(const Fields& fields, std::string_view field, const std::string& name,
           const std::map<std::string, int, std::less<>>& table);

// The type of a constant: a list of one kind is a list of that type, a mapping map(string, dyn).
cel::Type TypeOfConstant(json::Value value);

}  // namespace insightd::rules
