// What the parts of the loader share while a pack is read.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/load/fields.h"
#include "rules/pack.h"

namespace insightd::rules {

// A file of the pack that was read: its text and its tree.
struct LoadedFile {
  const SourceText* source;
  yaml::Node root;
};

// One thread at a time.
class Loading {
 public:
  Loading(const PackFiles& files, Pack& pack) : files_(files), pack_(pack) {}

  Pack& pack() { return pack_; }
  const PackFiles& files() const { return files_; }
  Diagnostics& diagnostics() { return diagnostics_; }

  // The file's tree; nullptr when it is not there or is no YAML, which has been reported then.
  const LoadedFile* Read(const std::string& path);

  // Paths of the pack that a name or pattern means, sorted; none is reported at `at`.
  std::vector<std::string> Expand(const Fields& fields, const yaml::Node& pattern);

  // Takes the name for all rules (or, with `rule_names`, for one rule), or says why it cannot be.
  bool TakeName(const SourceText& source, std::size_t offset, const std::string& name,
                std::string_view what, std::map<std::string, std::string>* rule_names = nullptr);

  // Compiles a scalar; what is wrong is reported in the file's own coordinates. The type of an
  // expression that failed is Type::Error.
  Expression Compile(const SourceText& source, const yaml::Node& scalar, std::string label,
                     const cel::Environment& environment,
                     const std::optional<cel::Type>& result = std::nullopt);
  // Of the last Compile.
  const cel::Type& last_type() const { return last_type_; }

 private:
  const PackFiles& files_;
  Pack& pack_;
  Diagnostics diagnostics_;
  std::map<std::string, std::unique_ptr<LoadedFile>> read_;
  std::map<std::string, std::string> names_ = {{"now", "the time of gathering"},
                                               {"ocp", "the versions of the cluster"}};
  cel::Type last_type_;
};

// Each adds to loading.pack() what its file holds.
void LoadInputs(Loading& loading, const LoadedFile& file);
void LoadGlobals(Loading& loading, const LoadedFile& file);
void LoadRules(Loading& loading, const LoadedFile& file);

// Parts of a rule.
void LoadTests(Loading& loading, const Fields& fields, Rule& rule);
void LoadTexts(const Fields& fields, Rule& rule);

// The type of a constant: a list of one kind is a list of that type, a mapping map(string, dyn).
cel::Type TypeOfConstant(json::Value value);

}  // namespace insightd::rules
