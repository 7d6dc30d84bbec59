// Any bytes as YAML: a tree, or mistakes that lie in the text; each scalar's place is found again,
// and what is a tree of a pack is the same tree as a document of an archive.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "cel/arena.h"
#include "rules/inputs/yaml_document.h"
#include "rules/yaml.h"

namespace {

namespace rules = insightd::rules;
namespace yaml = insightd::rules::yaml;

constexpr yaml::Limits kLimits{
    .bytes_max = 1 << 16, .depth_max = 32, .nodes_max = 5'000, .alias_bytes_max = 1 << 12};

void Require(bool condition) {
  if (!condition) std::abort();
}

void Look(const rules::SourceText& source, const yaml::Node& node) {
  Require(node.offset <= source.text().size());
  if (node.is_scalar()) {
    for (std::size_t at = 0; at < node.text.size(); at += 7) {
      Require(yaml::OffsetInSource(source, node, at) <= source.text().size());
    }
  }
  for (const yaml::Node& item : node.items) Look(source, item);
  for (const yaml::Member& member : node.members) {
    Require(member.offset <= source.text().size());
    Look(source, member.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const rules::SourceText source("fuzz.yaml", text);
  const yaml::Parsed plain = yaml::Parse(source, kLimits);
  for (const yaml::Mistake& mistake : plain.mistakes) {
    Require(!mistake.message.empty() && mistake.offset <= source.text().size());
  }
  if (plain.mistakes.empty()) {
    Look(source, plain.root);
    const yaml::Parsed document = yaml::Parse(source, kLimits, yaml::Accept::kAllOfYaml12);
    Require(document.mistakes.empty());
    const std::optional<std::string> json = yaml::ToJson(plain.root);
    Require(json == yaml::ToJson(document.root));
    if (json) Require(insightd::json::Parse(*json).has_value());
  }
  insightd::cel::Arena arena;
  static_cast<void>(rules::ReadYaml("config/fuzz", text, {}, arena));
  return 0;
}
