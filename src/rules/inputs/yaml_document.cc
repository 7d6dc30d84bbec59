#include "rules/inputs/yaml_document.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "base/json.h"
#include "rules/yaml.h"

namespace insightd::rules {
namespace {

using cel::Value;

Value Convert(const yaml::Node& node, std::span<const cel::MapEntry> added, cel::Arena& arena) {
  switch (node.kind) {
    case yaml::Kind::kNull: return Value::Null();
    case yaml::Kind::kBool: return Value::Bool(node.boolean);
    case yaml::Kind::kInt: return Value::Int(node.integer);
    case yaml::Kind::kDouble: return Value::Double(node.number);
    case yaml::Kind::kText: return Value::String(arena.Copy(node.text));
    case yaml::Kind::kList: {
      cel::ListBuilder list(arena, node.items.size());
      for (const yaml::Node& item : node.items) list.Add(Convert(item, {}, arena));
      return list.Finish();
    }
    case yaml::Kind::kMap: {
      cel::MapBuilder map(arena, added.size() + node.members.size());
      for (const cel::MapEntry& entry : added) map.Add(entry.key, entry.value);
      for (const yaml::Member& member : node.members) {
        const bool is_added = std::any_of(added.begin(), added.end(), [&](const auto& entry) {
          return entry.key.AsString() == member.name;
        });
        if (is_added) continue;
        map.Add(Value::String(arena.Copy(member.name)), Convert(member.value, {}, arena));
      }
      return map.Finish();
    }
  }
  __builtin_unreachable();
}

}  // namespace

Result<Value> ReadYaml(std::string_view path, std::string_view text,
                       std::span<const cel::MapEntry> added, cel::Arena& arena) {
  const SourceText source{std::string(path), std::string(text)};
  const yaml::Parsed document = yaml::Parse(source,
                                            {.bytes_max = kYamlDocumentBytesMax,
                                             .depth_max = json::kDepthMax,
                                             .nodes_max = kYamlDocumentNodesMax},
                                            yaml::Accept::kAllOfYaml12);
  if (!document.mistakes.empty()) {
    const yaml::Mistake& mistake = document.mistakes.front();
    const Place place = source.PlaceOf(mistake.offset);
    return Fail(Code::kInvalid,
                fmt::format("line {}, column {}: {}", place.line, place.column, mistake.message));
  }
  return Convert(document.root, added, arena);
}

}  // namespace insightd::rules
