#include "archive/names.h"

#include <fmt/core.h>

#include "base/utf8.h"

namespace insightd::archive {
namespace {

constexpr std::size_t kShownBytesMax = 200;

// Whether nothing has to change, told in one pass: printable ASCII, no `//`, `/./`, `..`.
bool IsPlain(std::string_view name) {
  char before = '/';
  for (const char c : name) {
    if (c == '\0' || static_cast<signed char>(c) < 0) return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return before != '/';
}

}  // namespace

Result<std::string_view> NormalName(std::string_view name, std::string& scratch) {
  if (IsPlain(name)) return name;
  if (name.starts_with('/')) {
    return Fail(Code::kCorrupt, fmt::format("name {} is absolute", ShownName(name)));
  }
  if (name.find('\0') != std::string_view::npos) {
    return Fail(Code::kCorrupt, fmt::format("name {} holds a NUL", ShownName(name)));
  }
  std::string normal;
  for (std::string_view left = name; !left.empty();) {
    const std::string_view part = left.substr(0, left.find('/'));
    left.remove_prefix(std::min(part.size() + 1, left.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return Fail(Code::kCorrupt, fmt::format("name {} leaves the root", ShownName(name)));
    }
    if (!normal.empty()) normal += '/';
    normal += part;
  }
  scratch = utf8::IsValid(normal) ? std::move(normal) : utf8::Repaired(normal);
  return std::string_view(scratch);
}

std::string ShownName(std::string_view name) {
  const bool is_cut = name.size() > kShownBytesMax;
  std::string shown = utf8::Repaired(name.substr(0, kShownBytesMax));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (is_cut) shown += "…";
  return "\"" + shown + "\"";
}

}  // namespace insightd::archive
