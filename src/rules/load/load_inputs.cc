// inputs.yaml and globals.yaml.
#include <fmt/format.h>

#include "rules/load/loading.h"

namespace insightd::rules {
namespace {

std::optional<ParseAs> ParseAsOf(std::string_view name) {
  if (name.empty() || name == "json") return ParseAs::kJson;
  if (name == "yaml") return ParseAs::kYaml;
  if (name == "text") return ParseAs::kText;
  if (name == "lines") return ParseAs::kLines;
  if (name == "metrics") return ParseAs::kMetrics;
  return std::nullopt;
}

std::string Meaning(const Input& input) {
  return fmt::format("{} {} {}", static_cast<int>(input.as), input.many,
                     fmt::join(input.paths, "\n"));
}

void LoadInput(Loading& loading, const SourceText& source, const yaml::Member& member) {
  Pack& pack = loading.pack();
  if (member.value.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(
        source, source.PlaceOf(member.value.offset),
        fmt::format("input \"{}\" has to be a mapping with \"path\"", member.name));
    return;
  }
  const Fields fields(source, member.value, fmt::format("input \"{}\"", member.name),
                      loading.diagnostics());
  fields.Allow({"path", "as", "many"});
  Input input;
  input.name = member.name;
  input.many = fields.Bool("many").value_or(false);
  const std::string as = fields.Text("as");
  if (const std::optional<ParseAs> parse_as = ParseAsOf(as)) {
    input.as = *parse_as;
  } else {
    fields.Report(fields.Find("as")->offset,
                  fmt::format("\"{}\" is no way to parse; json, yaml, text, lines, metrics are{}",
                              as, Suggestion(as, {"json", "yaml", "text", "lines", "metrics"})));
  }
  if (input.as == ParseAs::kMetrics && input.many) {
    fields.Report(fields.Find("many")->offset,
                  "metrics are one file; an input of metrics cannot be many");
  }
  std::vector<const yaml::Node*> paths;
  if (fields.Require("path") != nullptr) paths = fields.Texts("path", true);
  for (const yaml::Node* path : paths) input.paths.push_back(path->text);

  bool is_shared = false;
  ScopeName* const taken = loading.TakeScopeName(
      source, member.offset, member.name, {.what = "input", .meaning = Meaning(input)}, is_shared);
  if (is_shared) return;
  const cel::Type type = input.many ? cel::Type::List(cel::Type::Dyn()) : cel::Type::Dyn();
  // Another pack may have the same: then its file is found and read once for both.
  for (std::uint32_t i = 0; i < pack.inputs.size() && taken != nullptr; ++i) {
    const Input& other = pack.inputs[i];
    if (other.name != input.name || Meaning(other) != Meaning(input)) continue;
    taken->index = i;
    loading.info().scope->AddAlias(input.name, type, other.slot);
    return;
  }
  const auto index = static_cast<std::uint32_t>(pack.inputs.size());
  for (std::uint32_t i = 0; i < paths.size(); ++i) {
    const auto id = static_cast<std::uint32_t>(pack.pattern_targets.size());
    if (const Result<void> added = pack.patterns.Add(paths[i]->text, id); !added) {
      fields.Report(paths[i]->offset,
                    fmt::format("pattern \"{}\": {}", paths[i]->text, added.error().message()));
      continue;
    }
    pack.pattern_targets.push_back({index, i});
  }
  if (taken == nullptr) return;
  // A single input may be null.
  input.slot = pack.environment.AddVariable(input.name, type);
  loading.info().scope->AddAlias(input.name, type, input.slot);
  taken->index = index;
  pack.inputs.push_back(std::move(input));
}

}  // namespace

void LoadInputs(Loading& loading, const LoadedFile& file) {
  if (file.root.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(*file.source, file.source->PlaceOf(file.root.offset),
                              "inputs have to be a mapping of names");
    return;
  }
  for (const yaml::Member& member : file.root.members) LoadInput(loading, *file.source, member);
}

void LoadGlobals(Loading& loading, const LoadedFile& file) {
  if (file.root.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(*file.source, file.source->PlaceOf(file.root.offset),
                              "globals have to be a mapping of names to expressions");
    return;
  }
  Pack& pack = loading.pack();
  cel::Environment& scope = *loading.info().scope;
  for (const yaml::Member& member : file.root.members) {
    bool is_shared = false;
    const ScopeName name{.what = "global", .meaning = member.value.text};
    Named global;
    global.expression =
        loading.Compile(*file.source, member.value, fmt::format("global {}", member.name), scope);
    if (loading.TakeScopeName(*file.source, member.offset, member.name, name, is_shared) ==
        nullptr) {
      continue;
    }
    global.slot = pack.environment.AddVariable(member.name, loading.last_type());
    scope.AddAlias(member.name, loading.last_type(), global.slot);
    pack.globals.push_back(std::move(global));
  }
}

}  // namespace insightd::rules
