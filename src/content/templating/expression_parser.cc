#include "content/templating/expression_parser.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "content/templating/known.h"

namespace insightd::content::templating {
namespace {

struct BinarySign {
  std::string_view sign;
  Operator op;
  int level;
};

// Weakest first; `??` shares the level of `||`.
constexpr int kLevels = 6;
constexpr std::array<BinarySign, 18> kBinary = {{{"||", Operator::kOr, 0},
                                                 {"??", Operator::kNullish, 0},
                                                 {"&&", Operator::kAnd, 1},
                                                 {"===", Operator::kStrictEqual, 2},
                                                 {"!==", Operator::kStrictNotEqual, 2},
                                                 {"==", Operator::kEqual, 2},
                                                 {"!=", Operator::kNotEqual, 2},
                                                 {"<=", Operator::kLessEqual, 3},
                                                 {">=", Operator::kGreaterEqual, 3},
                                                 {"<", Operator::kLess, 3},
                                                 {">", Operator::kGreater, 3},
                                                 {"in", Operator::kIn, 3},
                                                 {"+", Operator::kAdd, 4},
                                                 {"-", Operator::kSubtract, 4},
                                                 {"*", Operator::kMultiply, 5},
                                                 {"/", Operator::kDivide, 5},
                                                 {"%", Operator::kRemainder, 5},
                                                 {"", Operator::kNone, kLevels}}};

// Words of JavaScript that name nothing here.
constexpr std::array<std::string_view, 22> kReserved = {
    "this",  "new",    "function", "class",  "delete",     "void", "await", "yield",
    "throw", "return", "while",    "do",     "switch",     "case", "break", "continue",
    "try",   "catch",  "import",   "export", "instanceof", "with"};

Node Literal(Value value) {
  Node node;
  node.literal = value;
  return node;
}

Node TextLiteral(std::string text) {
  Node node;
  node.literal = Value::Author({});
  node.text = std::move(text);
  return node;
}

}  // namespace

// Counts how deep the parser is; evaluation will be as deep.
class ExpressionParser::Deeper {
 public:
  explicit Deeper(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.depth_ > kNestingMax) {
      parser_.Fail(fmt::format("nested more than {} deep", kNestingMax));
    }
  }
  ~Deeper() { --parser_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  ExpressionParser& parser_;
};

ExpressionParser::ExpressionParser(std::string_view code, Names& names, std::size_t where)
    : names_(names), where_(where) {
  Tokens tokens = Tokenize(code);
  tokens_ = std::move(tokens.list);
  if (!tokens.error.empty()) Fail(std::move(tokens.error));
}

void ExpressionParser::Fail(std::string message) {
  if (error_.empty()) error_ = std::move(message);
  at_ = tokens_.size() - 1;  // at the end, so that all loops end
}

const Token& ExpressionParser::Peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token ExpressionParser::Next() {
  Token token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::Accept(std::string_view sign) {
  if (!Peek().Is(sign)) return false;
  ++at_;
  return true;
}

bool ExpressionParser::AcceptWord(std::string_view word) {
  if (!Peek().IsWord(word)) return false;
  ++at_;
  return true;
}

void ExpressionParser::Expect(std::string_view sign) {
  if (!Accept(sign)) Fail(fmt::format("expected {} before {}", sign, Peek().text));
}

void ExpressionParser::ExpectEnd() {
  if (!IsAtEnd()) Fail(fmt::format("unexpected {}", Peek().text));
}

std::uint32_t ExpressionParser::Declared() {
  const Token name = Next();
  if (name.kind != Token::Kind::kName) {
    Fail(fmt::format("expected a name before {}", name.text));
    return kNoSlot;
  }
  if (name.text == "pydata" || IsNamespace(name.text) || FunctionOf(name.text) ||
      std::find(kReserved.begin(), kReserved.end(), name.text) != kReserved.end()) {
    Fail(fmt::format("\"{}\" cannot be the name of a variable", name.text));
    return kNoSlot;
  }
  return names_.Declare(name.text);
}

void ExpressionParser::Statements(std::vector<Assignment>& assignments) {
  while (!IsAtEnd()) {
    if (Accept(";")) continue;
    Statement(assignments);
    if (!IsAtEnd()) Expect(";");
  }
}

void ExpressionParser::Statement(std::vector<Assignment>& assignments) {
  if (AcceptWord("var") || AcceptWord("let") || AcceptWord("const")) {
    do {
      Assignment assignment;
      assignment.slot = Declared();
      if (Accept("=")) {
        assignment.value = Expression();
        assignments.push_back(std::move(assignment));
      }
    } while (Accept(","));
    return;
  }
  if (Peek().kind != Token::Kind::kName) {
    Fail(fmt::format("unknown statement at {}", Peek().text));
    return;
  }
  const std::string name = Peek().text;
  if (name == "while" || name == "do" || name == "switch" || name == "function") {
    Fail(fmt::format("`{}` is not part of the language; statements are for, if and var", name));
    return;
  }
  const Token& sign = Peek(1);
  const bool is_step = sign.Is("++") || sign.Is("--");
  if (!is_step && !sign.Is("=") && !sign.Is("+=") && !sign.Is("-=")) {
    Fail(
        fmt::format("unknown statement \"{}\"; statements are for, if, var and assignments, and "
                    "a value is shown by {{{{=…}}}}",
                    name));
    return;
  }
  Assignment assignment;
  assignment.op = sign.Is("=")                     ? Operator::kNone
                  : sign.Is("++") || sign.Is("+=") ? Operator::kAdd
                                                   : Operator::kSubtract;
  if (name == "pydata") {
    Fail("the details cannot be changed");
    return;
  }
  assignment.slot = names_.Use(name, where_);
  at_ += 2;
  assignment.value = is_step ? Literal(Value::Number(1)) : Expression();
  assignments.push_back(std::move(assignment));
}

Node ExpressionParser::Expression() {
  const Deeper deeper(*this);
  if (IsArrow()) {
    Fail("a function may only be an argument of map, filter, some, every, find or sort");
    return {};
  }
  Node test = Binary(0);
  if (!Accept("?")) return test;
  Node node;
  node.kind = Node::Kind::kConditional;
  node.children.push_back(std::move(test));
  node.children.push_back(Expression());
  Expect(":");
  node.children.push_back(Expression());
  return node;
}

bool ExpressionParser::IsArrow() const {
  if (Peek().kind == Token::Kind::kName && Peek(1).Is("=>")) return true;
  if (!Peek().Is("(")) return false;
  std::size_t ahead = 1;
  while (Peek(ahead).kind == Token::Kind::kName) {
    ++ahead;
    if (!Peek(ahead).Is(",")) break;
    ++ahead;
  }
  return Peek(ahead).Is(")") && Peek(ahead + 1).Is("=>");
}

std::vector<std::string> ExpressionParser::ArrowParameters() {
  std::vector<std::string> names;
  const bool in_brackets = Accept("(");
  while (Peek().kind == Token::Kind::kName) {
    names.push_back(Next().text);
    if (!in_brackets || !Accept(",")) break;
  }
  if (in_brackets) Expect(")");
  Expect("=>");
  return names;
}

Node ExpressionParser::FunctionArgument() {
  const Deeper deeper(*this);
  if (!IsArrow()) {
    const std::optional<Function> function =
        Peek().kind == Token::Kind::kName ? FunctionOf(Peek().text) : std::nullopt;
    if (function && (Peek(1).Is(")") || Peek(1).Is(","))) {
      Next();
      Node node;
      node.kind = Node::Kind::kFunctionName;
      node.function = *function;
      return node;
    }
    Fail(fmt::format("expected a function such as x => x.name before {}", Peek().text));
    return {};
  }
  Node node;
  node.kind = Node::Kind::kArrow;
  node.slots = names_.OpenScope(ArrowParameters());
  if (Peek().Is("{")) {
    Fail("the body of a function has to be an expression, without braces");
  } else {
    node.children.push_back(Expression());
  }
  names_.CloseScope();
  return node;
}

Operator ExpressionParser::AcceptBinary(int level) {
  const Token& token = Peek();
  if (token.kind != Token::Kind::kSign && !token.IsWord("in")) return Operator::kNone;
  for (const BinarySign& binary : kBinary) {
    if (binary.level == level && binary.sign == token.text) {
      ++at_;
      return binary.op;
    }
  }
  return Operator::kNone;
}

Node ExpressionParser::Binary(int level) {
  if (level == kLevels) return Unary();
  Node left = Binary(level + 1);
  for (std::size_t links = 0;; ++links) {
    const Operator op = AcceptBinary(level);
    if (op == Operator::kNone) return left;
    // A chain becomes a tree as deep as it is long, and is evaluated by recursion.
    if (links == kNestingMax) {
      Fail(fmt::format("more than {} operators in a row", kNestingMax));
      return {};
    }
    Node node;
    node.kind = Node::Kind::kBinary;
    node.op = op;
    node.children.push_back(std::move(left));
    node.children.push_back(Binary(level + 1));
    left = std::move(node);
  }
}

Node ExpressionParser::Unary() {
  Operator op = Operator::kNone;
  if (Peek().Is("!")) op = Operator::kNot;
  if (Peek().Is("-")) op = Operator::kMinus;
  if (Peek().Is("+")) op = Operator::kPlus;
  if (Peek().IsWord("typeof")) op = Operator::kTypeof;
  if (op == Operator::kNone) return Postfix();
  const Deeper deeper(*this);
  Next();
  Node node;
  node.kind = Node::Kind::kUnary;
  node.op = op;
  node.children.push_back(Unary());
  return node;
}

Node ExpressionParser::Postfix() {
  Node node = Primary();
  for (std::size_t links = 0; error_.empty(); ++links) {
    if (links == kNestingMax) {
      Fail(fmt::format("more than {} members in a row", kNestingMax));
      break;
    }
    const bool is_optional = Accept("?.");
    if (Accept("[")) {
      Node member;
      member.kind = Node::Kind::kMember;
      member.is_optional = is_optional;
      member.children.push_back(std::move(node));
      member.children.push_back(Expression());
      Expect("]");
      node = std::move(member);
    } else if (is_optional || Accept(".")) {
      node = MemberOrMethod(std::move(node), is_optional);
    } else if (Peek().Is("(")) {
      Fail("called something that is no function");
    } else if (Peek().Is("++") || Peek().Is("--") || Peek().Is("=")) {
      Fail(fmt::format("{} is a statement and no value", Peek().text));
    } else {
      break;
    }
  }
  return node;
}

Node ExpressionParser::MemberOrMethod(Node object, bool is_optional) {
  const Token name = Next();
  if (name.kind != Token::Kind::kName) {
    Fail(fmt::format("expected a name before {}", name.text));
    return {};
  }
  Node node;
  node.is_optional = is_optional;
  node.children.push_back(std::move(object));
  if (!Accept("(")) {
    node.kind = Node::Kind::kMember;
    node.children.push_back(TextLiteral(name.text));
    return node;
  }
  const std::optional<Method> method = MethodOf(name.text);
  if (!method) {
    const std::string_view nearest = NearestMethod(name.text);
    Fail(fmt::format("there is no method \"{}\"{}", name.text,
                     nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
    return {};
  }
  node.kind = Node::Kind::kMethod;
  node.method = *method;
  // `sort` alone takes none, too.
  const bool takes_function =
      TakesFunction(*method) && !(*method == Method::kSort && Peek().Is(")"));
  return Arguments(std::move(node), takes_function);
}

Node ExpressionParser::Arguments(Node call, bool takes_function) {
  if (takes_function) {
    call.children.push_back(FunctionArgument());
    if (!Peek().Is(")")) Expect(",");
  }
  while (error_.empty() && !Peek().Is(")")) {
    call.children.push_back(Expression());
    if (!Accept(",")) break;
  }
  Expect(")");
  return call;
}

Node ExpressionParser::Primary() {
  const Token token = Next();
  if (token.kind == Token::Kind::kNumber) return Literal(Value::Number(token.number));
  if (token.kind == Token::Kind::kText) return TextLiteral(token.text);
  if (token.Is("(")) {
    Node node = Expression();
    Expect(")");
    return node;
  }
  if (token.Is("[")) {
    Node node;
    node.kind = Node::Kind::kArray;
    while (error_.empty() && !Peek().Is("]")) {
      node.children.push_back(Expression());
      if (!Accept(",")) break;
    }
    Expect("]");
    return node;
  }
  if (token.kind != Token::Kind::kName) {
    Fail(token.Is("{") ? "objects in braces are not part of the language"
                       : fmt::format("unexpected {}", token.text));
    return {};
  }
  if (token.text == "true" || token.text == "false") {
    return Literal(Value::Bool(token.text == "true"));
  }
  if (token.text == "null") return Literal(Value::Null());
  if (token.text == "undefined") return Literal(Value::Undefined());
  if (token.text == "NaN") return Literal(Value::Number(std::numeric_limits<double>::quiet_NaN()));
  if (token.text == "Infinity") {
    return Literal(Value::Number(std::numeric_limits<double>::infinity()));
  }
  if (std::find(kReserved.begin(), kReserved.end(), token.text) != kReserved.end()) {
    Fail(fmt::format("`{}` is not part of the language", token.text));
    return {};
  }
  std::string function_name = token.text;
  if (IsNamespace(token.text) && Peek().Is(".") && Peek(1).kind == Token::Kind::kName) {
    Next();
    function_name += "." + Next().text;
  }
  if (const std::optional<Function> function = FunctionOf(function_name)) {
    Expect("(");
    Node node;
    node.kind = Node::Kind::kCall;
    node.function = *function;
    return Arguments(std::move(node), false);
  }
  if (IsNamespace(token.text) || Peek().Is("(")) {
    const std::string_view nearest = NearestFunction(function_name);
    Fail(fmt::format("there is no function \"{}\"{}", function_name,
                     nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
    return {};
  }
  Node node;
  node.kind = Node::Kind::kName;
  node.text = token.text;
  node.slot = names_.Use(token.text, where_);
  return node;
}

}  // namespace insightd::content::templating
