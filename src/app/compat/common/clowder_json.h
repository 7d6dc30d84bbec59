// Reading the members of a Clowder file, the JSON that the environment variable ACG_CONFIG names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace insightd::app::compat {

inline constexpr const char* kClowderVariable = "ACG_CONFIG";

// The text of a member, or the digits of an integer; empty when it is neither.
std::string TextOf(const json::Value& object, std::string_view name);
// Of a list; none when it is no list.
std::vector<json::Value> ItemsOf(const json::Value& object, std::string_view name);
std::optional<json::Value> ObjectOf(const json::Value& object, std::string_view name);

}  // namespace insightd::app::compat
