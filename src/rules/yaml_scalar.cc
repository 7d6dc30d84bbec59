// What a plain scalar means, and a tree as JSON.
#include <cctype>
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

bool ReadInt(std::string_view text, int base, std::int64_t& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

double ReadDouble(std::string_view text) {
  const bool negative = text.starts_with('-');
  text = WithoutSign(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Too small becomes 0, too large infinite; both report the same error.
  if (error == std::errc::result_out_of_range && std::abs(value) >= 1) {
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

void ResolvePlain(Node& node) {
  const std::string_view text = node.text;
  node.kind = Kind::kText;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    node.kind = Kind::kNull;
    return;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    node.kind = Kind::kBool;
    node.boolean = text[0] == 't' || text[0] == 'T';
    return;
  }
  const char first = text[0];
  if (first != '-' && first != '+' && first != '.' && !(first >= '0' && first <= '9')) return;

  std::int64_t value = 0;
  const bool is_octal = text.starts_with("0o");
  if ((is_octal || text.starts_with("0x")) && text.size() > 2 && text[2] != '-') {
    if (!ReadInt(text.substr(2), is_octal ? 8 : 16, value)) return;
  } else if (IsDigits(WithoutSign(text))) {
    if (!ReadInt(text, 10, value)) return SetDouble(node, ReadDouble(text));
  } else {
    const std::string_view bare = WithoutSign(text);
    if (bare == ".inf" || bare == ".Inf" || bare == ".INF") {
      const double infinity = std::numeric_limits<double>::infinity();
      return SetDouble(node, first == '-' ? -infinity : infinity);
    }
    if (text == ".nan" || text == ".NaN" || text == ".NAN") {
      return SetDouble(node, std::numeric_limits<double>::quiet_NaN());
    }
    if (IsFloat(text)) SetDouble(node, ReadDouble(text));
    return;
  }
  node.kind = Kind::kInt;
  node.integer = value;
  node.number = static_cast<double>(value);
}

std::optional<std::string> ToJson(const Node& node) {
  std::string out;
  if (!AppendJson(node, out)) return std::nullopt;
  return out;
}

}  // namespace insightd::rules::yaml
