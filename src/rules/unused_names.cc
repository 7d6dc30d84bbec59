#include "rules/unused_names.h"

#include <set>
#include <string_view>

#include "cel/arena.h"
#include "cel/ast.h"
#include "cel/lexer.h"

namespace insightd::rules {
namespace {

using Words = std::set<std::string, std::less<>>;

void AddWords(const Expression& expression, Words& words) {
  const std::string_view text = expression.scalar.text;
  cel::Arena arena;
  cel::Reporter reporter(text);
  bool is_member = false;
  for (const cel::Token& token : cel::Tokenize(text, arena, reporter)) {
    if (token.kind == cel::TokenKind::kIdent && !is_member) words.emplace(token.text);
    is_member = token.Is(".");
  }
}

void AddWords(const DetailNode& node, Words& words) {
  if (node.kind == DetailNode::Kind::kExpression) AddWords(node.expression, words);
  for (const DetailNode& child : node.children) AddWords(child, words);
}

}  // namespace

UnusedNames FindUnusedNames(const Rule& rule) {
  Words words;
  AddWords(rule.when, words);
  AddWords(rule.details, words);
  UnusedNames unused;
  // An entry is seen by those below it only.
  for (auto let = rule.lets.rbegin(); let != rule.lets.rend(); ++let) {
    const std::string_view label = let->expression.label;
    const std::string_view name = label.substr(label.find(' ') + 1);
    if (!words.contains(name)) unused.lets.insert(unused.lets.begin(), std::string(name));
    AddWords(let->expression, words);
  }
  for (const json::Member param : rule.params.root().members()) {
    if (!words.contains(param.name)) unused.params.emplace_back(param.name);
  }
  return unused;
}

}  // namespace insightd::rules
