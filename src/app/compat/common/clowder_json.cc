#include "app/compat/common/clowder_json.h"

namespace insightd::app::compat {

std::string TextOf(const json::Value& object, std::string_view name) {
  const json::Value member = object[name];
  if (member.is_int()) return std::to_string(member.AsInt());
  return std::string(member.StringOr({}));
}

std::vector<json::Value> ItemsOf(const json::Value& object, std::string_view name) {
  std::vector<json::Value> items;
  const json::Value member = object[name];
  if (member.is_array()) {
    for (const json::Value item : member.elements()) items.push_back(item);
  }
  return items;
}

std::optional<json::Value> ObjectOf(const json::Value& object, std::string_view name) {
  const auto member = object.Find(name);
  if (!member || !member->is_object()) return std::nullopt;
  return member;
}

}  // namespace insightd::app::compat
