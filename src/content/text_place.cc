#include "content/text_place.h"

#include "rules/yaml.h"

namespace insightd::content {
namespace {

bool Says(const rules::yaml::Node& node, std::string_view name, std::string_view text) {
  const rules::yaml::Node* value = node.Find(name);
  return value != nullptr && value->is_scalar() && value->text == text;
}

// The mapping of the rule in its file, which was read again; nullptr when it is not found.
const rules::yaml::Node* ItemOf(const rules::Rule& rule, const rules::yaml::Parsed& file) {
  if (file.root.kind != rules::yaml::Kind::kList) return nullptr;
  for (const rules::yaml::Node& item : file.root.items) {
    if (item.kind == rules::yaml::Kind::kMap && Says(item, "module", rule.module) &&
        Says(item, "key", rule.key)) {
      return &item;
    }
  }
  return nullptr;
}

const rules::yaml::Node* MapIn(const rules::yaml::Node* node, std::string_view name) {
  const rules::yaml::Node* found = node == nullptr ? nullptr : node->Find(name);
  return found == nullptr || found->kind != rules::yaml::Kind::kMap ? nullptr : found;
}

}  // namespace

rules::Place PlaceInText(const rules::Rule& rule, std::string_view text, std::size_t offset) {
  if (rule.source == nullptr) return rule.place;
  const rules::yaml::Parsed file = rules::yaml::Parse(*rule.source);
  const rules::yaml::Node* content = MapIn(ItemOf(rule, file), "content");
  const rules::yaml::Node* node = content == nullptr ? nullptr : content->Find(text);
  if (node == nullptr || !node->is_scalar()) return rule.place;
  return rule.source->PlaceOf(rules::yaml::OffsetInSource(*rule.source, *node, offset));
}

rules::Place PlaceOfName(const rules::Rule& rule, std::string_view field, std::string_view name) {
  if (rule.source == nullptr) return rule.place;
  const rules::yaml::Parsed file = rules::yaml::Parse(*rule.source);
  const rules::yaml::Node* map = MapIn(ItemOf(rule, file), field);
  if (map == nullptr) return rule.place;
  for (const rules::yaml::Member& member : map->members) {
    if (member.name == name) return rule.source->PlaceOf(member.offset);
  }
  return rule.place;
}

}  // namespace insightd::content
