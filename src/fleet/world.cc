#include "fleet/world.h"

#include <fmt/core.h>

#include "fleet/data_files.h"
#include "rules/source_text.h"

namespace insightd::fleet {
namespace {

using rules::yaml::Node;

std::int64_t NumberIn(const Node& node, std::string_view name, std::int64_t fallback = 0) {
  const Node* const found = node.Find(name);
  return found == nullptr ? fallback : found->integer;
}

std::string TextIn(const Node& node, std::string_view name) {
  const Node* const found = node.Find(name);
  return found == nullptr ? std::string() : found->text;
}

std::vector<std::string> TextsIn(const Node& node, std::string_view name) {
  std::vector<std::string> texts;
  if (const Node* const found = node.Find(name)) {
    for (const Node& item : found->items) texts.push_back(item.text);
  }
  return texts;
}

Time DayIn(const Node& node, std::string_view name) {
  return ParseTime(TextIn(node, name) + "T00:00:00Z").value_or(Time());
}

FileTemplate FileOf(const Node& node) {
  FileTemplate file;
  file.file = TextIn(node, "file");
  file.each = node.Find("each");
  if (node.Find("as") != nullptr) file.as = TextIn(node, "as");
  file.when = node.Find("when");
  file.json = node.Find("json");
  file.text = node.Find("text");
  file.lines = node.Find("lines");
  file.fill = NumberIn(node, "fill");
  return file;
}

std::vector<FileTemplate> FilesIn(const Node& node, std::string_view name) {
  std::vector<FileTemplate> files;
  if (const Node* const found = node.Find(name)) {
    for (const Node& item : found->items) files.push_back(FileOf(item));
  }
  return files;
}

void ReadWorld(const Node& root, World& world) {
  for (const Node& node : root.Find("releases")->items) {
    world.releases.push_back({.minor = NumberIn(node, "minor"),
                              .from = DayIn(node, "from"),
                              .until = DayIn(node, "until"),
                              .newest_patch = NumberIn(node, "z"),
                              .coreos = TextIn(node, "coreos"),
                              .kernel = TextIn(node, "kernel")});
  }
  for (const Node& node : root.Find("platforms")->items) world.platforms.push_back(&node);
  for (const Node& node : root.Find("sizes")->items) {
    world.sizes.push_back({.name = TextIn(node, "name"),
                           .share = NumberIn(node, "share"),
                           .nodes_min = NumberIn(node, "nodes_min"),
                           .nodes_max = NumberIn(node, "nodes_max"),
                           .pods_min = NumberIn(node, "pods_min"),
                           .pods_max = NumberIn(node, "pods_max"),
                           .fill_mb_min = NumberIn(node, "fill_mb_min"),
                           .fill_mb_max = NumberIn(node, "fill_mb_max")});
  }
  world.purposes = TextsIn(*root.Find("names"), "purpose");
  world.teams = TextsIn(*root.Find("names"), "team");
}

void ReadDefects(const Node& root, World& world) {
  for (const Node& node : root.items) {
    world.defects.push_back({.name = TextIn(node, "name"),
                             .hits = TextsIn(node, "hits"),
                             .weight = NumberIn(node, "weight", 1),
                             .group = TextIn(node, "group"),
                             .when = node.Find("when"),
                             .release_ended = TextIn(node, "release") == "ended",
                             .patches = FilesIn(node, "patch"),
                             .added = FilesIn(node, "add"),
                             .removed = TextsIn(node, "remove")});
  }
}

}  // namespace

const Defect* World::FindDefect(std::string_view name) const {
  for (const Defect& defect : defects) {
    if (defect.name == name) return &defect;
  }
  return nullptr;
}

Result<World> LoadWorld() {
  World world;
  for (const DataFile& data : DataFiles()) {
    const rules::SourceText source(std::string(data.name), std::string(data.text));
    rules::yaml::Parsed parsed = rules::yaml::Parse(source);
    if (!parsed.mistakes.empty()) {
      const rules::yaml::Mistake& mistake = parsed.mistakes[0];
      return Fail(Code::kInternal,
                  fmt::format("{}:{}: {}", data.name, source.PlaceOf(mistake.offset).line,
                              mistake.message));
    }
    world.trees.push_back(std::make_unique<Node>(std::move(parsed.root)));
    const Node& root = *world.trees.back();
    if (data.name == "world.yaml") {
      ReadWorld(root, world);
    } else if (data.name == "defects.yaml") {
      ReadDefects(root, world);
    } else if (data.name == "gatherers.yaml") {
      for (const Node& node : root.items) {
        world.gatherers.emplace_back(TextIn(node, "prefix"), TextIn(node, "name"));
      }
    } else {
      for (const Node& node : root.items) world.files.push_back(FileOf(node));
    }
  }
  return world;
}

}  // namespace insightd::fleet
