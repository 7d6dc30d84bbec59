// What a plain scalar means, and a tree as JSON.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json_writer.h"
#include "rules/yaml.h"

namespace insightd::rules::yaml {
namespace {

bool IsDigits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

std::string_view WithoutSign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool IsFloat(std::string_view text) {
  text = WithoutSign(text);
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != text.npos) {
    if (!IsDigits(WithoutSign(text.substr(exponent + 1)))) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == text.npos) return IsDigits(text);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = text.substr(dot + 1);
  if (whole.empty()) return IsDigits(fraction);
  return IsDigits(whole) && (fraction.empty() || IsDigits(fraction));
}

// Nothing when the number has more than 64 bits. Of `0o` and `0x` only the digits.
std::optional<std::int64_t> ReadInt(std::string_view text, int base) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether a decimal number without sign is below 1, by where its first digit stands.
bool IsBelowOne(std::string_view text) {
  const std::size_t exponent_at = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, exponent_at);
  const std::size_t dot = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == digits.npos) return true;
  const auto whole_digits = static_cast<std::int64_t>(dot) - static_cast<std::int64_t>(first);
  if (exponent_at == text.npos) return whole_digits <= 0;
  const std::string_view exponent = text.substr(exponent_at + 1);
  const std::optional<std::int64_t> shift = ReadInt(exponent, 10);
  if (!shift) return exponent.starts_with('-');
  return *shift <= -whole_digits;
}

bool IsOf(std::string_view digits, std::string_view text) {
  return !text.empty() && text.find_first_not_of(digits) == text.npos;
}

// Four octal digits are three hexadecimal ones.
std::string OctalToHex(std::string_view digits) {
  std::string octal((4 - digits.size() % 4) % 4, '0');
  octal += digits;
  std::string hex;
  for (std::size_t i = 0; i < octal.size(); i += 4) {
    unsigned bits = 0;
    for (std::size_t j = i; j < i + 4; ++j) bits = bits * 8 + static_cast<unsigned>(octal[j] - '0');
    for (const unsigned shift : {8u, 4u, 0u}) hex += "0123456789abcdef"[bits >> shift & 0xf];
  }
  return hex;
}

// Rounded correctly. Infinite when the number is beyond the range of a double.
double ReadDouble(std::string_view text, std::chars_format format) {
  const bool negative = text.starts_with('-');
  text = WithoutSign(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format);
  // Too small and too large give the same error and no value.
  const bool is_hex = format == std::chars_format::hex;
  if (error == std::errc::result_out_of_range && (is_hex || !IsBelowOne(text))) {
    value = std::numeric_limits<double>::infinity();
  }
  return negative ? -value : value;
}

void SetDouble(Node& node, double value) {
  node.kind = Kind::kDouble;
  node.number = value;
}

bool AppendJson(const Node& node, std::string& out) {
  switch (node.kind) {
    case Kind::kNull: out += "null"; return true;
    case Kind::kBool: out += node.boolean ? "true" : "false"; return true;
    case Kind::kInt: json::AppendInt(out, node.integer); return true;
    case Kind::kDouble:
      if (!std::isfinite(node.number)) return false;
      json::AppendDouble(out, node.number);
      return true;
    case Kind::kText: json::AppendQuoted(out, node.text); return true;
    case Kind::kList: {
      out += '[';
      for (const Node& item : node.items) {
        if (&item != &node.items.front()) out += ',';
        if (!AppendJson(item, out)) return false;
      }
      out += ']';
      return true;
    }
    case Kind::kMap: {
      out += '{';
      for (const Member& member : node.members) {
        if (&member != &node.members.front()) out += ',';
        json::AppendQuoted(out, member.name);
        out += ':';
        if (!AppendJson(member.value, out)) return false;
      }
      out += '}';
      return true;
    }
  }
  __builtin_unreachable();
}

}  // namespace

bool ResolvePlain(Node& node) {
  const std::string_view text = node.text;
  node.kind = Kind::kText;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    node.kind = Kind::kNull;
    return true;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    node.kind = Kind::kBool;
    node.boolean = text[0] == 't' || text[0] == 'T';
    return true;
  }
  const char first = text[0];
  if (first != '-' && first != '+' && first != '.' && !(first >= '0' && first <= '9')) return true;

  const std::string_view digits = text.substr(std::min<std::size_t>(text.size(), 2));
  const bool is_octal = text.starts_with("0o") && IsOf("01234567", digits);
  const bool is_hex = text.starts_with("0x") && IsOf("0123456789abcdefABCDEF", digits);
  const std::string_view bare = WithoutSign(text);
  if (is_octal || is_hex || IsDigits(bare)) {
    const std::optional<std::int64_t> value = is_octal ? ReadInt(digits, 8)
                                              : is_hex ? ReadInt(digits, 16)
                                                       : ReadInt(text, 10);
    if (value) {
      node.kind = Kind::kInt;
      node.integer = *value;
      node.number = static_cast<double>(*value);
      return true;
    }
  }
  if (is_octal || is_hex) {
    SetDouble(node, ReadDouble(is_octal ? OctalToHex(digits) : std::string(digits),
                               std::chars_format::hex));
  } else if (IsFloat(text)) {
    SetDouble(node, ReadDouble(text, std::chars_format::general));
  } else if (bare == ".inf" || bare == ".Inf" || bare == ".INF") {
    const double infinity = std::numeric_limits<double>::infinity();
    SetDouble(node, first == '-' ? -infinity : infinity);
    return true;
  } else if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    SetDouble(node, std::numeric_limits<double>::quiet_NaN());
    return true;
  }
  return node.kind != Kind::kDouble || std::isfinite(node.number);
}

std::optional<std::string> ToJson(const Node& node) {
  std::string out;
  if (!AppendJson(node, out)) return std::nullopt;
  return out;
}

}  // namespace insightd::rules::yaml
