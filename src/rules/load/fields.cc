#include "rules/load/fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace insightd::rules {

void Fields::Allow(const std::vector<std::string_view>& known) const {
  for (const yaml::Member& member : node_.members) {
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    Report(member.offset, fmt::format("{} has no field \"{}\"{}", what_, member.name,
                                      Suggestion(member.name, known)));
  }
}

const yaml::Node* Fields::Require(std::string_view name) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr) Report(node_.offset, fmt::format("{} lacks \"{}\"", what_, name));
  return node;
}

void Fields::ReportKind(std::string_view name, const yaml::Node& node,
                        std::string_view wanted) const {
  Report(node.offset,
         fmt::format("\"{}\" is {}; it has to be {}", name, yaml::KindName(node.kind), wanted));
}

std::string Fields::Text(std::string_view name) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr) return {};
  if (!node->is_scalar() || node->kind == yaml::Kind::kNull) {
    ReportKind(name, *node, "text");
    return {};
  }
  return node->text;
}

std::string Fields::RequireText(std::string_view name) const {
  const yaml::Node* node = Require(name);
  if (node == nullptr) return {};
  std::string text = Text(name);
  if (text.empty() && node->kind == yaml::Kind::kText) {
    Report(node->offset, fmt::format("\"{}\" is empty", name));
  }
  return text;
}

std::optional<bool> Fields::Bool(std::string_view name) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind != yaml::Kind::kBool) {
    ReportKind(name, *node, "true or false");
    return std::nullopt;
  }
  return node->boolean;
}

std::optional<std::int64_t> Fields::Int(std::string_view name, std::int64_t min,
                                        std::int64_t max) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind != yaml::Kind::kInt || node->integer < min || node->integer > max) {
    Report(node->offset,
           fmt::format("\"{}\" has to be a whole number from {} to {}", name, min, max));
    return std::nullopt;
  }
  return node->integer;
}

std::vector<const yaml::Node*> Fields::Texts(std::string_view name, bool or_one) const {
  const yaml::Node* node = Find(name);
  std::vector<const yaml::Node*> texts;
  if (node == nullptr) return texts;
  if (or_one && node->kind == yaml::Kind::kText) return {node};
  if (node->kind != yaml::Kind::kList) {
    ReportKind(name, *node, or_one ? "text or a list of texts" : "a list of texts");
    return texts;
  }
  for (const yaml::Node& item : node->items) {
    if (item.is_scalar() && item.kind != yaml::Kind::kNull && !item.text.empty()) {
      texts.push_back(&item);
    } else {
      Report(item.offset, fmt::format("\"{}\" has to be a list of texts", name));
    }
  }
  return texts;
}

const yaml::Node* Fields::Map(std::string_view name) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr || node->kind == yaml::Kind::kMap) return node;
  ReportKind(name, *node, "a mapping");
  return nullptr;
}

const yaml::Node* Fields::List(std::string_view name) const {
  const yaml::Node* node = Find(name);
  if (node == nullptr || node->kind == yaml::Kind::kList) return node;
  ReportKind(name, *node, "a list");
  return nullptr;
}

bool IsIdentifier(std::string_view text) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(), is_word);
}

bool IsReservedWord(std::string_view text) {
  static constexpr std::string_view kWords[] = {
      "as",       "break",     "const",  "continue", "else", "false", "for",
      "function", "if",        "import", "in",       "let",  "loop",  "null",
      "package",  "namespace", "return", "true",     "var",  "void",  "while"};
  return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

}  // namespace insightd::rules
