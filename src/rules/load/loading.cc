#include "rules/load/loading.h"

#include <fmt/core.h>

#include <algorithm>

namespace insightd::rules {

const LoadedFile* Loading::Read(const std::string& path) {
  if (const auto known = read_.find(path); known != read_.end()) return known->second.get();
  std::unique_ptr<LoadedFile>& kept = read_[path];
  const PackFile* file = files_.Find(path);
  if (file == nullptr) {
    diagnostics_.AddFile(path, "no such file in the pack");
    return nullptr;
  }
  pack_.sources.push_back(std::make_unique<SourceText>(path, file->text));
  const SourceText& source = *pack_.sources.back();
  yaml::Parsed parsed = yaml::Parse(source);
  for (const yaml::Mistake& mistake : parsed.mistakes) {
    diagnostics_.Add(source, source.PlaceOf(mistake.offset), mistake.message);
  }
  // A file with doubled keys is read on, to find the other mistakes in the same run.
  if (parsed.root.kind == yaml::Kind::kNull) {
    if (parsed.mistakes.empty()) diagnostics_.AddFile(path, "the file is empty");
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

bool Loading::TakeName(const SourceText& source, std::size_t offset, const std::string& name,
                       std::string_view what, std::map<std::string, std::string>* rule_names) {
  const auto refuse = [&](std::string message) {
    diagnostics_.Add(source, source.PlaceOf(offset), std::move(message));
    return false;
  };
  if (!IsIdentifier(name)) {
    return refuse(fmt::format("\"{}\" is no name; use letters, digits and _", name));
  }
  if (IsReservedWord(name)) {
    return refuse(fmt::format("\"{}\" is a word of the language; take another name", name));
  }
  const auto taken = [&](const std::map<std::string, std::string>& names) {
    const auto known = names.find(name);
    return known == names.end() ? std::string() : known->second;
  };
  std::string hidden = taken(names_);
  if (hidden.empty() && rule_names != nullptr) hidden = taken(*rule_names);
  if (!hidden.empty()) {
    return refuse(
        fmt::format("{} \"{}\" would hide {} of that name; take another name", what, name, hidden));
  }
  (rule_names != nullptr ? *rule_names : names_)[name] = fmt::format("the {}", what);
  return true;
}

Expression Loading::Compile(const SourceText& source, const yaml::Node& scalar, std::string label,
                            const cel::Environment& environment,
                            const std::optional<cel::Type>& result) {
  Expression expression;
  expression.label = std::move(label);
  expression.source = &source;
  expression.scalar = scalar;
  last_type_ = cel::Type::Error();
  if (!scalar.is_scalar() || scalar.text.empty()) {
    diagnostics_.Add(source, source.PlaceOf(scalar.offset),
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
    if (!one.suggestion.empty()) message += fmt::format("; did you mean \"{}\"?", one.suggestion);
    diagnostics_.Add(source, source.PlaceOf(offset), std::move(message));
  }
  return expression;
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
