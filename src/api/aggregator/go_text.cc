#include "api/aggregator/go_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "base/utf8.h"

namespace insightd::api::aggregator {
namespace {

constexpr std::size_t kUuidBytes = 36;
constexpr std::size_t kDigitsBytes = 32;
constexpr std::string_view kUrn = "urn:uuid:";

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool IsCanonicalUuid(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHexDigit(text[i])) return false;
  }
  return text.size() == kUuidBytes;
}

bool IsDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsHexDigit(c)) return false;
  }
  return true;
}

bool IsUrn(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != kUrn[i]) return false;
  }
  return text.size() == kUrn.size();
}

bool IsSpace(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

void AppendControl(std::string& out, unsigned char c) {
  switch (c) {
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\v': out += "\\v"; return;
    default: out += fmt::format("\\x{:02x}", c);
  }
}

}  // namespace

std::string GoQuoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const utf8::Decoded decoded = utf8::Decode(text);
    if (!decoded.valid) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c < 0x20 || c == 0x7f) {
      AppendControl(out, c);
    } else if (decoded.code_point == 0xad || (c >= 0x80 && IsSpace(decoded.code_point)) ||
               (decoded.code_point >= 0x80 && decoded.code_point < 0xa0)) {
      out += fmt::format("\\u{:04x}", decoded.code_point);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out.append(text.substr(0, decoded.bytes));
    }
    text.remove_prefix(decoded.bytes);
  }
  return out + '"';
}

std::string_view TrimmedSpace(std::string_view text) {
  while (!text.empty()) {
    const utf8::Decoded decoded = utf8::Decode(text);
    if (!decoded.valid || !IsSpace(decoded.code_point)) break;
    text.remove_prefix(decoded.bytes);
  }
  std::size_t end = 0;  // behind the last character that stays
  for (std::size_t i = 0; i < text.size();) {
    const utf8::Decoded decoded = utf8::Decode(text.substr(i));
    i += decoded.bytes;
    if (!decoded.valid || !IsSpace(decoded.code_point)) end = i;
  }
  return text.substr(0, end);
}

std::string UuidProblem(std::string_view text) {
  const std::string_view whole = text;
  switch (text.size()) {
    case kUuidBytes: break;
    case kUuidBytes + kUrn.size():
      if (!IsUrn(text.substr(0, kUrn.size()))) {
        return "invalid urn prefix: " + GoQuoted(text.substr(0, kUrn.size()));
      }
      text.remove_prefix(kUrn.size());
      break;
    case kUuidBytes + 2: text = text.substr(1, kUuidBytes); break;  // whatever is around it
    case kDigitsBytes: return IsDigits(text) ? "" : "invalid UUID format";
    default: return fmt::format("invalid UUID length: {}", text.size());
  }
  return IsCanonicalUuid(text) && IsStorable(whole) ? "" : "invalid UUID format";
}

bool IsStorable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && utf8::IsValid(text);
}

}  // namespace insightd::api::aggregator
