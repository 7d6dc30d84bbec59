#include "pipeline/copy/key_pattern.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace insightd::pipeline {
namespace {

bool IsOfName(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `inside` of the brackets; nothing when it is no slice: then the bracket stands for itself.
std::optional<std::string> Sliced(const std::string& value, std::string_view inside) {
  const auto size = static_cast<std::int64_t>(value.size());
  const auto bound = [size](std::string_view text, std::int64_t otherwise) {
    if (text.empty()) return std::optional(otherwise);
    std::optional<std::int64_t> at = Number(text);
    if (at && *at < 0) *at += size;
    if (at) at = std::clamp<std::int64_t>(*at, 0, size);
    return at;
  };
  const std::size_t colon = inside.find(':');
  if (colon == inside.npos) {
    const std::optional<std::int64_t> at = Number(inside);
    if (!at) return std::nullopt;
    const std::int64_t index = *at < 0 ? *at + size : *at;
    if (index < 0 || index >= size) return std::string();
    return value.substr(static_cast<std::size_t>(index), 1);
  }
  const auto from = bound(inside.substr(0, colon), 0);
  const auto to = bound(inside.substr(colon + 1), size);
  if (!from || !to) return std::nullopt;
  if (*from >= *to) return std::string();
  return value.substr(static_cast<std::size_t>(*from), static_cast<std::size_t>(*to - *from));
}

}  // namespace

Result<std::string> MakeKey(std::string_view pattern, const KeyNames& names) {
  std::string key;
  for (std::string_view left = pattern; !left.empty();) {
    const bool braced = left.starts_with("${");
    std::size_t end = braced ? 2 : 1;
    while (end < left.size() && IsOfName(left[end])) ++end;
    const std::string_view name = left.substr(braced ? 2 : 1, end - (braced ? 2 : 1));
    if (left[0] != '$' || name.empty() || (braced && !left.substr(end).starts_with('}'))) {
      key += left[0];
      left.remove_prefix(1);
      continue;
    }
    left.remove_prefix(end + (braced ? 1 : 0));
    const auto found = names.find(name);
    if (found == names.end()) {
      std::vector<std::string_view> known;
      for (const auto& [known_name, value] : names) known.push_back(known_name);
      return Fail(Code::kInvalid, fmt::format("\"{}\": there is no ${}; there are ${}", pattern,
                                              name, fmt::join(known, ", $")));
    }
    const std::size_t closing = left.starts_with('[') ? left.find(']') : left.npos;
    std::optional<std::string> part;
    if (closing != left.npos) part = Sliced(found->second, left.substr(1, closing - 1));
    if (part) left.remove_prefix(closing + 1);
    key += part ? *part : found->second;
  }
  return key;
}

}  // namespace insightd::pipeline
