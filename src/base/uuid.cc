#include "base/uuid.h"

#include <cstddef>

namespace insightd {
namespace {

constexpr std::string_view kUrn = "urn:uuid:";
constexpr std::size_t kCanonicalSize = 36;
constexpr std::size_t kDigits = 32;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsHex(char c) { return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'f'); }

bool IsCanonical(std::string_view text) {
  if (text.size() != kCanonicalSize) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

bool HasUrn(std::string_view text) {
  if (text.size() != kUrn.size() + kCanonicalSize) return false;
  for (std::size_t i = 0; i < kUrn.size(); ++i) {
    if (Lower(text[i]) != kUrn[i]) return false;
  }
  return true;
}

// What is left without prefix and braces.
std::string_view Core(std::string_view text) {
  if (HasUrn(text)) return text.substr(kUrn.size());
  if (text.size() == kCanonicalSize + 2 && text.front() == '{' && text.back() == '}') {
    return text.substr(1, kCanonicalSize);
  }
  return text;
}

}  // namespace

bool IsUuid(std::string_view text) {
  const std::string_view core = Core(text);
  if (IsCanonical(core)) return true;
  if (text.size() != kDigits) return false;
  for (const char c : text) {
    if (!IsHex(c)) return false;
  }
  return true;
}

bool SameUuid(std::string_view a, std::string_view b) {
  a = Core(a);
  b = Core(b);
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    while (i < a.size() && a[i] == '-') ++i;
    while (j < b.size() && b[j] == '-') ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (Lower(a[i++]) != Lower(b[j++])) return false;
  }
}

}  // namespace insightd
