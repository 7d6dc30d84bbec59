#include "blob/key.h"

#include <fmt/format.h>

#include <algorithm>

namespace insightd::blob {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool MayStand(char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '/' || c == '-'; }

}  // namespace

Result<void> CheckKey(std::string_view key) {
  if (key.empty() || key.size() > kKeyCharactersMax) {
    return Fail(Code::kInvalid, fmt::format("a blob's key of {} characters: 1 to {} are possible",
                                            key.size(), kKeyCharactersMax));
  }
  if (!std::all_of(key.begin(), key.end(), MayStand) || !IsAlphanumeric(key.front()) ||
      !IsAlphanumeric(key.back()) || key.find("..") != key.npos || key.find("//") != key.npos) {
    return Fail(Code::kInvalid,
                "a blob's key has letters, digits and ._/- only, begins and ends with a letter or "
                "digit and has no .. and no //");
  }
  return {};
}

std::optional<std::string> KeyOfBlobUrl(std::string_view url) {
  constexpr std::string_view kScheme = "blob:";
  if (!url.starts_with(kScheme)) return std::nullopt;
  return std::string(url.substr(kScheme.size()));
}

}  // namespace insightd::blob
