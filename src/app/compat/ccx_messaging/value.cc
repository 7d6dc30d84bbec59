#include "app/compat/ccx_messaging/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "rules/source_text.h"
#include "rules/yaml.h"

namespace insightd::app::ccx {
namespace {

namespace yaml = rules::yaml;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Python's rule for `_` in numbers: single ones between digits. Nothing when it is broken.
std::optional<std::string> WithoutUnderscores(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
      continue;
    }
    const bool between = i > 0 && i + 1 < text.size() &&
                         std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
                         std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    if (!between) return std::nullopt;
  }
  return digits;
}

std::string_view WithoutPlus(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

std::optional<std::int64_t> ToInteger(std::string_view text) {
  const std::optional<std::string> digits = WithoutUnderscores(Trim(text));
  if (!digits) return std::nullopt;
  const std::string_view written = WithoutPlus(*digits);
  std::int64_t integer = 0;
  const auto [end, error] =
      std::from_chars(written.data(), written.data() + written.size(), integer);
  if (error != std::errc() || end != written.data() + written.size()) return std::nullopt;
  return integer;
}

std::optional<double> ToNumber(std::string_view text) {
  const std::optional<std::string> digits = WithoutUnderscores(Trim(text));
  if (!digits) return std::nullopt;
  const std::string_view written = WithoutPlus(*digits);
  double number = 0;
  const auto [end, error] =
      std::from_chars(written.data(), written.data() + written.size(), number);
  if (error != std::errc() || end != written.data() + written.size()) return std::nullopt;
  return number;
}

// Plain scalars that YAML 1.1 reads as booleans and YAML 1.2 as text.
std::optional<bool> OldBoolean(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "yes" || lower == "on") return true;
  if (lower == "no" || lower == "off") return false;
  return std::nullopt;
}

Value FromNode(const yaml::Node& node) {
  Value value;
  value.text = node.text;
  switch (node.kind) {
    case yaml::Kind::kNull: break;
    case yaml::Kind::kBool:
      value.kind = Value::Kind::kBool;
      value.boolean = node.boolean;
      break;
    case yaml::Kind::kInt:
      value.kind = Value::Kind::kInt;
      value.integer = node.integer;
      value.number = node.number;
      break;
    case yaml::Kind::kDouble:
      value.kind = Value::Kind::kDouble;
      value.number = node.number;
      break;
    case yaml::Kind::kText:
      value.kind = Value::Kind::kText;
      if (const auto boolean = OldBoolean(node.text);
          boolean && node.style == yaml::Style::kPlain) {
        value.kind = Value::Kind::kBool;
        value.boolean = *boolean;
      }
      break;
    case yaml::Kind::kList:
      value.kind = Value::Kind::kList;
      for (const yaml::Node& item : node.items) value.items.push_back(FromNode(item));
      break;
    case yaml::Kind::kMap:
      value.kind = Value::Kind::kMap;
      for (const yaml::Member& member : node.members) {
        value.members.emplace_back(member.name, FromNode(member.value));
      }
      break;
  }
  return value;
}

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// The variable that begins behind the `$` at `text[at]`, and where the text goes on.
struct Variable {
  std::string name;
  std::optional<std::string> otherwise;
  std::size_t end = 0;
};

std::optional<Variable> FindVariable(std::string_view text, std::size_t at) {
  const std::size_t begin = at + 1;
  if (begin >= text.size()) return std::nullopt;
  if (text[begin] == '{') {
    const std::size_t close = text.find('}', begin);
    if (close == text.npos || close == begin + 1) return std::nullopt;
    const std::string_view inside = text.substr(begin + 1, close - begin - 1);
    const std::size_t colon = inside.find(':');
    Variable variable{
        .name = std::string(inside.substr(0, colon)), .otherwise = {}, .end = close + 1};
    if (colon != inside.npos) variable.otherwise = std::string(inside.substr(colon + 1));
    return variable;
  }
  std::size_t end = begin;
  while (end < text.size() && IsNameCharacter(text[end])) ++end;
  if (end == begin) return std::nullopt;
  return Variable{
      .name = std::string(text.substr(begin, end - begin)), .otherwise = {}, .end = end};
}

}  // namespace

Value Value::Text(std::string text) {
  Value value;
  value.kind = Kind::kText;
  value.text = std::move(text);
  return value;
}

const Value* Value::Find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::first);
  return found == members.end() ? nullptr : &found->second;
}

Value* Value::Find(std::string_view name) {
  const auto found = std::ranges::find(members, name, &Member::first);
  return found == members.end() ? nullptr : &found->second;
}

Value& Value::At(std::string_view name) {
  if (Value* found = Find(name)) return *found;
  if (kind == Kind::kNull) kind = Kind::kMap;
  return members.emplace_back(std::string(name), Value()).second;
}

void Value::Erase(std::string_view name) {
  std::erase_if(members, [name](const Member& member) { return member.first == name; });
}

bool Value::Truthy() const {
  switch (kind) {
    case Kind::kNull: return false;
    case Kind::kBool: return boolean;
    case Kind::kInt: return integer != 0;
    case Kind::kDouble: return number != 0;
    case Kind::kText: return !text.empty();
    case Kind::kList: return !items.empty();
    case Kind::kMap: return !members.empty();
  }
  return false;
}

Result<Value> ParseYaml(const std::string& file, std::string text) {
  const rules::SourceText source(file, std::move(text));
  const yaml::Parsed parsed = yaml::Parse(source, {}, yaml::Accept::kAllOfYaml12);
  if (!parsed.mistakes.empty()) {
    const yaml::Mistake& mistake = parsed.mistakes.front();
    const rules::Place place = source.PlaceOf(mistake.offset);
    return Fail(Code::kInvalid,
                fmt::format("{}:{}:{}: {}", file, place.line, place.column, mistake.message));
  }
  return FromNode(parsed.root);
}

std::string Expand(std::string_view text, const Environment& environment) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      out += text[at++];
      continue;
    }
    if (text.substr(at).starts_with("$$")) {
      out += '$';
      at += 2;
      continue;
    }
    const std::optional<Variable> variable = FindVariable(text, at);
    if (!variable) {
      out += text[at++];
      continue;
    }
    if (const auto value = environment(variable->name)) {
      out += *value;
    } else if (variable->otherwise) {
      out += *variable->otherwise;
    } else {
      out += text.substr(at, variable->end - at);
    }
    at = variable->end;
  }
  return out;
}

Value Retype(std::string text) {
  Value value = Value::Text(std::move(text));
  const std::string lower = Lower(value.text);
  if (value.text.empty()) {
    value.kind = Value::Kind::kNull;
  } else if (lower == "true" || lower == "false") {
    value.kind = Value::Kind::kBool;
    value.boolean = lower == "true";
  } else if (const auto integer = ToInteger(value.text)) {
    value.kind = Value::Kind::kInt;
    value.integer = *integer;
    value.number = static_cast<double>(*integer);
  } else if (const auto number = ToNumber(value.text)) {
    value.kind = Value::Kind::kDouble;
    value.number = *number;
  }
  return value;
}

void Substitute(Value& value, const Environment& environment) {
  if (value.kind == Value::Kind::kText) value = Retype(Expand(value.text, environment));
  for (Value& item : value.items) Substitute(item, environment);
  for (Value::Member& member : value.members) Substitute(member.second, environment);
}

}  // namespace insightd::app::ccx
