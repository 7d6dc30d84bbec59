// pack.yaml, and from there all the rest.
#include <fmt/core.h>

#include <algorithm>

#include "rules/functions/functions.h"
#include "rules/load/loading.h"

namespace insightd::rules {
namespace {

constexpr const char* kPackFile = "pack.yaml";
constexpr const char* kGatheringFile = "gathering.yaml";

void LoadTable(const Fields& fields, std::string_view name,
               std::map<std::string, int, std::less<>>& table) {
  const yaml::Node* node = fields.Map(name);
  if (node == nullptr) return;
  for (const yaml::Member& member : node->members) {
    if (member.value.kind == yaml::Kind::kInt && member.value.integer >= 1 &&
        member.value.integer <= 4) {
      table[member.name] = static_cast<int>(member.value.integer);
    } else {
      fields.Report(member.value.offset,
                    fmt::format("{} of \"{}\" has to be a number from 1 to 4", name, member.name));
    }
  }
}

// What the judge reads for itself, whatever the pack names.
std::uint32_t AddOwnInput(Pack& pack, std::vector<std::string> paths, ParseAs as) {
  const auto index = static_cast<std::uint32_t>(pack.inputs.size());
  for (std::uint32_t i = 0; i < paths.size(); ++i) {
    const Result<void> added =
        pack.patterns.Add(paths[i], static_cast<std::uint32_t>(pack.pattern_targets.size()));
    INSIGHTD_ASSERT(added.has_value());
    pack.pattern_targets.push_back({index, i});
  }
  Input input;
  input.paths = std::move(paths);
  input.as = as;
  pack.inputs.push_back(std::move(input));
  return index;
}

// The files that a field of pack.yaml names, in its order, none twice.
std::vector<std::string> FilesOf(Loading& loading, const Fields& fields, std::string_view name) {
  std::vector<std::string> paths;
  for (const yaml::Node* pattern : fields.Texts(name, true)) {
    for (std::string& path : loading.Expand(fields, *pattern)) {
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        paths.push_back(std::move(path));
      }
    }
  }
  return paths;
}

void LoadPackFile(Loading& loading, const LoadedFile& file) {
  Pack& pack = loading.pack();
  if (file.root.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(*file.source, file.source->PlaceOf(file.root.offset),
                              "pack.yaml has to be a mapping with name, version, component, …");
    return;
  }
  const Fields fields(*file.source, file.root, "pack.yaml", loading.diagnostics());
  fields.Allow({"name", "version", "component", "inputs", "globals", "rules", "impacts",
                "resolution_risks", "gathering"});
  pack.name = fields.RequireText("name");
  pack.version = fields.RequireText("version");
  pack.component = fields.RequireText("component");
  if (!pack.component.empty() && !IsIdentifier(pack.component)) {
    fields.Report(fields.Find("component")->offset,
                  fmt::format("component \"{}\" has to be letters, digits and _, without a dot",
                              pack.component));
  }
  LoadTable(fields, "impacts", pack.impacts);
  LoadTable(fields, "resolution_risks", pack.resolution_risks);

  const auto load_each = [&](std::string_view name, void (*load)(Loading&, const LoadedFile&)) {
    for (const std::string& path : FilesOf(loading, fields, name)) {
      if (const LoadedFile* one = loading.Read(path)) load(loading, *one);
    }
  };
  fields.Require("inputs");
  load_each("inputs", LoadInputs);
  load_each("globals", LoadGlobals);
  fields.Require("rules");
  load_each("rules", LoadRules);

  std::string gathering = fields.Text("gathering");
  if (gathering.empty() && loading.files().Find(kGatheringFile) != nullptr) {
    gathering = kGatheringFile;
  }
  if (gathering.empty()) return;
  if (const LoadedFile* one = loading.Read(gathering)) pack.gathering = yaml::ToJson(one->root);
}

}  // namespace

tl::expected<PackPointer, Diagnostics> LoadPack(const PackFiles& files) {
  auto pack = std::make_shared<Pack>();
  pack->origin = files.origin;
  AddFunctions(pack->environment);
  pack->now_slot = pack->environment.AddVariable("now", cel::Type::Timestamp());
  pack->ocp_slot = pack->environment.AddVariable(
      "ocp", cel::Type::Map(cel::Type::String(), cel::Type::String()));

  Loading loading(files, *pack);
  if (files.Find(kPackFile) == nullptr) {
    loading.diagnostics().AddFile(
        fmt::format("{}/{}", files.origin, kPackFile),
        "no such file; a rule pack has one, with its name, version and files");
    return tl::unexpected(std::move(loading.diagnostics()));
  }
  if (const LoadedFile* file = loading.Read(kPackFile)) LoadPackFile(loading, *file);
  pack->version_input =
      AddOwnInput(*pack, {std::begin(kVersionPaths), std::end(kVersionPaths)}, ParseAs::kJson);
  pack->cluster_id_input = AddOwnInput(*pack, {std::string(kClusterIdPath)}, ParseAs::kText);
  pack->gathers_input = AddOwnInput(*pack, {std::string(kGathersPath)}, ParseAs::kJson);

  if (!loading.diagnostics().empty()) {
    loading.diagnostics().Sort();
    return tl::unexpected(std::move(loading.diagnostics()));
  }
  return PackPointer(std::move(pack));
}

}  // namespace insightd::rules
