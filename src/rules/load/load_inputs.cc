// inputs.yaml and globals.yaml.
#include <fmt/core.h>

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
  const auto index = static_cast<std::uint32_t>(pack.inputs.size());
  if (fields.Require("path") != nullptr) {
    for (const yaml::Node* path : fields.Texts("path", true)) {
      const auto id = static_cast<std::uint32_t>(pack.pattern_targets.size());
      if (const Result<void> added = pack.patterns.Add(path->text, id); !added) {
        fields.Report(path->offset,
                      fmt::format("pattern \"{}\": {}", path->text, added.error().message()));
        continue;
      }
      pack.pattern_targets.push_back({index, static_cast<std::uint32_t>(input.paths.size())});
      input.paths.push_back(path->text);
    }
  }
  if (!loading.TakeName(source, member.offset, member.name, "input")) return;
  // A single input may be null.
  input.slot = pack.environment.AddVariable(
      input.name, input.many ? cel::Type::List(cel::Type::Dyn()) : cel::Type::Dyn());
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
  for (const yaml::Member& member : file.root.members) {
    Named global;
    global.expression = loading.Compile(*file.source, member.value,
                                        fmt::format("global {}", member.name), pack.environment);
    if (!loading.TakeName(*file.source, member.offset, member.name, "global")) continue;
    global.slot = pack.environment.AddVariable(member.name, loading.last_type());
    pack.globals.push_back(std::move(global));
  }
}

}  // namespace insightd::rules
