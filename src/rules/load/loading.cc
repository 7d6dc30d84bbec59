#include "rules/load/loading.h"

#include <fmt/core.h>

#include <algorithm>

namespace insightd::rules {

const LoadedFile* Loading::Read(const std::string& path) {
  if (const auto known = read_.find(path); known != read_.end()) return known->second.get();
  std::unique_ptr<LoadedFile>& kept = read_[path];
  const PackFile* file = files_.Find(path);
  if (file == nullptr) {
    diagnostics().AddFile(LabelOf(path), "no such file in the pack");
    return nullptr;
  }
  pack().sources.push_back(std::make_unique<SourceText>(LabelOf(path), file->text));
  const SourceText& source = *pack().sources.back();
  yaml::Parsed parsed = yaml::Parse(source);
  for (const yaml::Mistake& mistake : parsed.mistakes) {
    diagnostics().Add(source, source.PlaceOf(mistake.offset), mistake.message);
  }
  // A file with doubled keys is read on, to find the other mistakes in the same run.
  if (parsed.root.kind == yaml::Kind::kNull) {
    if (parsed.mistakes.empty()) diagnostics().AddFile(LabelOf(path), "the file is empty");
    return nullptr;
  }
  kept = std::make_unique<LoadedFile>(LoadedFile{&source, std::move(parsed.root)});
  return kept.get();
}

std::vector<std::string> Loading::Expand(const Fields& fields, const yaml::Node& pattern) {
  std::vector<std::string> paths;
  PathPatterns patterns;
  if (const Result<void> added = patterns.Add(pattern.text, 0); !added) {
    fields.Report(pattern.offset, fmt::format("\"{}\": {}", pattern.text, added.error().message()));
    return paths;
  }
  std::vector<std::string_view> all;
  for (const PackFile& file : files_.files) {
    all.push_back(file.path);
    if (patterns.MatchesAny(file.path)) paths.push_back(file.path);
  }
  if (paths.empty()) {
    fields.Report(pattern.offset, fmt::format("no file of the pack is \"{}\"{}", pattern.text,
                                              Suggestion(pattern.text, all)));
  }
  return paths;
}

bool Loading::CheckName(const SourceText& source, std::size_t offset, const std::string& name) {
  if (!IsIdentifier(name)) {
    diagnostics().Add(source, source.PlaceOf(offset),
                      fmt::format("\"{}\" is no name; use letters, digits and _", name));
    return false;
  }
  if (IsReservedWord(name)) {
    diagnostics().Add(source, source.PlaceOf(offset),
                      fmt::format("\"{}\" is a word of the language; take another name", name));
    return false;
  }
  return true;
}

bool Loading::TakeName(const SourceText& source, std::size_t offset, const std::string& name,
                       std::string_view what, std::map<std::string, std::string>& rule_names) {
  if (!CheckName(source, offset, name)) return false;
  std::string hidden;
  if (const auto known = scope().find(name); known != scope().end()) {
    hidden = known->second.what;
  } else if (const auto own = rule_names.find(name); own != rule_names.end()) {
    hidden = own->second;
  }
  if (!hidden.empty()) {
    diagnostics().Add(source, source.PlaceOf(offset),
                      fmt::format("{} \"{}\" would hide the {} of that name; take another name",
                                  what, name, hidden));
    return false;
  }
  rule_names[name] = what;
  return true;
}

ScopeName* Loading::TakeScopeName(const SourceText& source, std::size_t offset,
                                  const std::string& name, ScopeName taken, bool& is_shared) {
  is_shared = false;
  if (!CheckName(source, offset, name)) return nullptr;
  const auto known = scope().find(name);
  if (known != scope().end()) {
    const ScopeName& other = known->second;
    is_shared = other.pack != index_ && other.what == taken.what && other.meaning == taken.meaning;
    if (is_shared) return nullptr;
    diagnostics().Add(
        source, source.PlaceOf(offset),
        other.place.empty() || other.pack == index_
            ? fmt::format("{} \"{}\" would hide the {} of that name; take another name", taken.what,
                          name, other.what)
            : fmt::format("{} \"{}\" would hide the {} of that name with another meaning in {}; "
                          "take another name",
                          taken.what, name, other.what, other.place));
    return nullptr;
  }
  taken.pack = index_;
  taken.place = fmt::format("{}:{}", source.name(), source.PlaceOf(offset).line);
  return &(scope()[name] = std::move(taken));
}

std::string Loading::LabelOf(const std::string& path) const {
  if (!files_.folder.empty()) {
    return files_.folder + (files_.folder.ends_with('/') ? "" : "/") + path;
  }
  return label_.empty() ? path : label_ + "/" + path;
}

// What else the author of a rule may have meant.
std::string Loading::HintOf(std::string_view label, std::string_view message) const {
  for (const std::string& name : let_names_) {
    if (message == fmt::format("unknown name '{}'", name)) {
      return "; it stands further down, and an entry of let sees those above it only";
    }
  }
  if (!message.ends_with("behind the expression")) return {};
  if (message.starts_with("unexpected 'and'")) return "; and is written &&";
  if (message.starts_with("unexpected 'or'")) return "; or is written ||";
  if (label.starts_with("details")) return "; a fixed text has quotes of its own: \"'text'\"";
  return {};
}

Expression Loading::Compile(const SourceText& source, const yaml::Node& scalar, std::string label,
                            const cel::Environment& environment,
                            const std::optional<cel::Type>& result) {
  Expression expression;
  expression.label = std::move(label);
  expression.source = &source;
  expression.scalar = scalar;
  expression.environment = &environment;
  last_type_ = cel::Type::Error();
  if (!scalar.is_scalar() || scalar.text.empty()) {
    diagnostics().Add(source, source.PlaceOf(scalar.offset),
                      fmt::format("{} has to be an expression, as text", expression.label));
    return expression;
  }
  cel::CompileOptions options;
  options.result = result;
  tl::expected<cel::Program, cel::Diagnostics> program =
      cel::Compile(scalar.text, environment, options);
  if (program) {
    expression.program = std::move(*program);
    last_type_ = expression.program.result_type();
    return expression;
  }
  for (const cel::Diagnostic& one : program.error()) {
    const std::size_t offset = yaml::OffsetInSource(source, scalar, one.offset);
    std::string message = fmt::format("{}: {}", expression.label, one.message);
    const std::string hint = HintOf(expression.label, one.message);
    message += hint;
    if (hint.empty() && !one.suggestion.empty())
      message += fmt::format("; did you mean \"{}\"?", one.suggestion);
    diagnostics().Add(source, source.PlaceOf(offset), std::move(message));
  }
  return expression;
}

namespace {

// "; there are Best Practice (1), Data Loss (4), …": a name of each rank.
std::string OnePerRank(const std::map<std::string, int, std::less<>>& table) {
  constexpr int kRankMax = 4;
  std::string text;
  for (int rank = 1; rank <= kRankMax; ++rank) {
    for (const auto& [name, its] : table) {
      if (its != rank) continue;
      text += fmt::format("{} {} ({})", text.empty() ? "; there are" : ",", name, rank);
      break;
    }
  }
  return text.empty() ? "; it has none, a pack that `extends: base` has those of base"
                      : text + ", …";
}

}  // namespace

int Ranked(const Fields& fields, std::string_view field, const std::string& name,
           const std::map<std::string, int, std::less<>>& table) {
  const auto found = table.find(name);
  if (found != table.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& entry : table) known.push_back(entry.first);
  const std::string suggestion = Suggestion(name, known);
  fields.Report(fields.Find(field)->offset,
                fmt::format("{} \"{}\" is not in the table of pack.yaml{}", field, name,
                            suggestion.empty() ? OnePerRank(table) : suggestion));
  return 0;
}

cel::Type TypeOfConstant(json::Value value) {
  switch (value.type()) {
    case json::Type::kNull: return cel::Type::Dyn();
    case json::Type::kBool: return cel::Type::Bool();
    case json::Type::kInt: return cel::Type::Int();
    case json::Type::kDouble: return cel::Type::Double();
    case json::Type::kString: return cel::Type::String();
    case json::Type::kObject: return cel::Type::Map(cel::Type::String(), cel::Type::Dyn());
    case json::Type::kArray: break;
  }
  std::optional<cel::Type> element;
  for (const json::Value item : value.elements()) {
    const cel::Type type = TypeOfConstant(item);
    if (!element) element = type;
    if (!(*element == type)) return cel::Type::List(cel::Type::Dyn());
  }
  return cel::Type::List(element.value_or(cel::Type::Dyn()));
}

}  // namespace insightd::rules
