#include "content/text_place.h"

#include "rules/yaml.h"

namespace insightd::content {
namespace {

bool Says(const rules::yaml::Node& node, std::string_view name, std::string_view text) {
  const rules::yaml::Node* value = node.Find(name);
  return value != nullptr && value->is_scalar() && value->text == text;
}

}  // namespace

rules::Place PlaceInText(const rules::Rule& rule, std::string_view text, std::size_t offset) {
  if (rule.source == nullptr) return rule.place;
  const rules::yaml::Parsed file = rules::yaml::Parse(*rule.source);
  if (file.root.kind != rules::yaml::Kind::kList) return rule.place;
  for (const rules::yaml::Node& item : file.root.items) {
    if (item.kind != rules::yaml::Kind::kMap || !Says(item, "module", rule.module) ||
        !Says(item, "key", rule.key)) {
      continue;
    }
    const rules::yaml::Node* content = item.Find("content");
    if (content == nullptr || content->kind != rules::yaml::Kind::kMap) return rule.place;
    const rules::yaml::Node* node = content->Find(text);
    if (node == nullptr || !node->is_scalar()) return rule.place;
    return rule.source->PlaceOf(rules::yaml::OffsetInSource(*rule.source, *node, offset));
  }
  return rule.place;
}

}  // namespace insightd::content
