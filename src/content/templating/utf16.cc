#include "content/templating/utf16.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>

#include "base/utf8.h"

namespace insightd::content::templating::utf16 {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }
std::size_t UnitsOf(char lead) { return static_cast<unsigned char>(lead) >= 0xf0U ? 2 : 1; }

// What a code point's first unit compares as, with those that need two units where their units are.
std::uint32_t CompareKey(std::uint32_t point) { return point >= 0x10000 ? 0xd800 : point; }

}  // namespace

std::size_t Length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    if (!IsContinuation(c)) units += UnitsOf(c);
  }
  return units;
}

std::size_t ByteOf(std::string_view text, std::size_t unit) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsContinuation(text[i])) continue;
    units += UnitsOf(text[i]);
    if (units > unit) return i;
  }
  return text.size();
}

std::size_t UnitOf(std::string_view text, std::size_t byte) { return Length(text.substr(0, byte)); }

int Compare(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t at = 0;
  while (at < shorter && a[at] == b[at]) ++at;
  if (at == shorter) return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
  while (at > 0 && (IsContinuation(a[at]) || IsContinuation(b[at]))) --at;
  const std::uint32_t left = utf8::Decode(a.substr(at)).code_point;
  const std::uint32_t right = utf8::Decode(b.substr(at)).code_point;
  if (CompareKey(left) != CompareKey(right)) return CompareKey(left) < CompareKey(right) ? -1 : 1;
  return left < right ? -1 : 1;
}

std::int64_t IndexOf(std::string_view name) {
  if (name.empty() || name.size() > 10 || (name.size() > 1 && name[0] == '0')) return -1;
  std::uint64_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  if (read.ec != std::errc() || read.ptr != name.data() + name.size()) return -1;
  return index <= UINT32_MAX - 1 ? static_cast<std::int64_t>(index) : -1;
}

std::vector<json::Member> Ordered(json::Value object) {
  std::vector<json::Member> members;
  bool has_index = false;
  for (const json::Member member : object.members()) {
    members.push_back(member);
    has_index = has_index || IndexOf(member.name) >= 0;
  }
  if (object.HasDoubledNames()) {
    std::map<std::string_view, std::size_t> first;
    std::vector<json::Member> once;
    for (const json::Member& member : members) {
      const auto [at, is_new] = first.emplace(member.name, once.size());
      if (is_new) {
        once.push_back(member);
      } else {
        once[at->second].value = member.value;
      }
    }
    members = std::move(once);
  }
  if (!has_index) return members;
  std::stable_sort(members.begin(), members.end(),
                   [](const json::Member& a, const json::Member& b) {
                     const std::int64_t left = IndexOf(a.name);
                     const std::int64_t right = IndexOf(b.name);
                     if (left < 0 || right < 0) return left >= 0 && right < 0;
                     return left < right;
                   });
  return members;
}

}  // namespace insightd::content::templating::utf16
