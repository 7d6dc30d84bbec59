// Reads the fields of a mapping and reports what does not fit. For the loader of packs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/diagnostic.h"
#include "rules/source_text.h"
#include "rules/yaml.h"

namespace insightd::rules {

// Every mistake goes to the diagnostics; what is asked for and is not there or does not fit is
// empty. One thread at a time; `node` must be a mapping.
class Fields {
 public:
  Fields(const SourceText& source, const yaml::Node& node, std::string what,
         Diagnostics& diagnostics)
      : source_(source), node_(node), what_(std::move(what)), diagnostics_(diagnostics) {}

  // Reports each member that is none of these.
  void Allow(const std::vector<std::string_view>& known) const;

  const yaml::Node* Find(std::string_view name) const { return node_.Find(name); }
  // The same, and says that it is missing.
  const yaml::Node* Require(std::string_view name) const;

  // A scalar as text; empty when there is none.
  std::string Text(std::string_view name) const;
  std::string RequireText(std::string_view name) const;
  std::optional<bool> Bool(std::string_view name) const;
  std::optional<std::int64_t> Int(std::string_view name, std::int64_t min, std::int64_t max) const;
  // A list of texts; `or_one`: a single text is a list of one.
  std::vector<const yaml::Node*> Texts(std::string_view name, bool or_one) const;
  // Nothing when it is not there or is no mapping.
  const yaml::Node* Map(std::string_view name) const;
  const yaml::Node* List(std::string_view name) const;

  void Report(std::size_t offset, std::string message) const {
    diagnostics_.Add(source_, source_.PlaceOf(offset), std::move(message));
  }

  const SourceText& source() const { return source_; }
  const yaml::Node& node() const { return node_; }
  Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  void ReportKind(std::string_view name, const yaml::Node& node, std::string_view wanted) const;

  const SourceText& source_;
  const yaml::Node& node_;
  std::string what_;
  Diagnostics& diagnostics_;
};

// Letters, digits and underscores, no digit first, and no word that CEL keeps for itself.
bool IsIdentifier(std::string_view text);
bool IsReservedWord(std::string_view text);

}  // namespace insightd::rules
