#include "cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "cel/lexer.h"

namespace insightd::cel {
namespace {

struct BinaryLevel {
  std::string_view signs[6];
};
// From the loosest to the tightest.
constexpr BinaryLevel kLevels[] = {
    {{"==", "!=", "<=", ">=", "<", ">"}}, {{"+", "-"}}, {{"*", "/", "%"}}};
constexpr int kLevelCount = 3;

class Parser {
 public:
  Parser(std::string_view text, bool macros, Ast& ast, Reporter& reporter)
      : text_(text), macros_(macros), ast_(ast), reporter_(reporter) {
    tokens_ = Tokenize(text, ast.texts, reporter);
  }

  Expr* Run() {
    Expr* root = Expression();
    if (Peek().kind != TokenKind::kEnd) Unexpected("behind the expression");
    return root;
  }

 private:
  const Token& Peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token Take() {
    const Token token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool TakeSign(std::string_view sign) {
    if (!Peek().Is(sign)) return false;
    Take();
    return true;
  }

  std::string Shown(const Token& token) const {
    switch (token.kind) {
      case TokenKind::kEnd: return "the end";
      case TokenKind::kString: return "a text";
      case TokenKind::kBytes: return "bytes";
      default: return fmt::format("'{}'", token.text);
    }
  }

  void Unexpected(std::string_view where) {
    const Token& token = Peek();
    if (gave_up_ || token.kind == TokenKind::kError) return;
    if (token.offset == last_reported_ && last_reported_ != kNowhere) return;
    last_reported_ = token.offset;
    reporter_.Report(token.offset, fmt::format("unexpected {} {}", Shown(token), where));
  }

  // Passes over tokens up to one of `stops` outside of brackets, or to a closing bracket.
  void Skip(std::string_view stops) {
    int open = 0;
    while (Peek().kind != TokenKind::kEnd) {
      const Token& token = Peek();
      if (token.kind == TokenKind::kSign) {
        const char c = token.text.size() == 1 ? token.text[0] : '\0';
        if (c == '(' || c == '[' || c == '{') ++open;
        if (c == ')' || c == ']' || c == '}') {
          if (open == 0) return;
          --open;
        } else if (open == 0 && c != '\0' && stops.find(c) != stops.npos) {
          return;
        }
      }
      Take();
    }
  }

  // Takes the closing bracket, whatever is in front of it.
  void Close(std::string_view bracket, std::uint32_t open_offset, std::string_view what) {
    if (TakeSign(bracket)) return;
    if (!gave_up_) {
      if (Peek().kind == TokenKind::kEnd) {
        reporter_.Report(open_offset, fmt::format("{} has no '{}'", what, bracket));
      } else {
        Unexpected(fmt::format("where '{}' should be", bracket));
      }
    }
    Skip("");
    TakeSign(bracket);
  }

  Expr* Error(std::uint32_t offset) { return ast_.New(ExprKind::kError, offset); }

  // Depth of the tree below a node, for the bound on the stack of all later stages.
  Expr* Finish(Expr* node) {
    std::uint32_t depth = 0;
    if (node->target != nullptr) depth = node->target->depth;
    if (node->filter != nullptr) depth = std::max(depth, node->filter->depth);
    for (const Expr* arg : node->args) depth = std::max(depth, arg->depth);
    node->depth = depth + 1;
    if (node->depth > kExpressionDepthMax) {
      GiveUp(node->offset,
             fmt::format("expression is deeper than {} operations", kExpressionDepthMax));
      return Error(node->offset);
    }
    return node;
  }

  void GiveUp(std::uint32_t offset, std::string message) {
    if (gave_up_) return;
    gave_up_ = true;
    reporter_.Report(offset, std::move(message));
    at_ = tokens_.size() - 1;
  }

  Expr* Expression() {
    if (gave_up_) return Error(Peek().offset);
    if (++nesting_ > kExpressionNestingMax) {
      GiveUp(Peek().offset,
             fmt::format("expression is nested deeper than {} levels", kExpressionNestingMax));
    }
    Expr* result = Conditional();
    --nesting_;
    return result;
  }

  // Notes where the text of a node begins and ends (blanks behind it are in).
  Expr* Spanned(std::uint32_t begin, Expr* node) {
    node->begin = begin;
    node->end = Peek().offset;
    return node;
  }

  Expr* Conditional() {
    const std::uint32_t begin = Peek().offset;
    return Spanned(begin, ConditionalInside());
  }

  Expr* ConditionalInside() {
    Expr* condition = Or();
    if (!Peek().Is("?")) return condition;
    Expr* node = ast_.New(ExprKind::kTernary, Take().offset);
    node->args.push_back(condition);
    node->args.push_back(Or());
    if (!TakeSign(":")) {
      Unexpected("where ':' of '?' should be");
      Skip(",");
      node->args.push_back(Error(Peek().offset));
    } else {
      node->args.push_back(Expression());
    }
    return Finish(node);
  }

  Expr* Or() {
    const std::uint32_t begin = Peek().offset;
    return Spanned(begin, OrInside());
  }

  Expr* OrInside() {
    Expr* first = And();
    if (!Peek().Is("||")) return first;
    Expr* node = ast_.New(ExprKind::kOr, Peek().offset);
    node->args.push_back(first);
    while (TakeSign("||")) node->args.push_back(And());
    return Finish(node);
  }

  Expr* And() {
    const std::uint32_t begin = Peek().offset;
    return Spanned(begin, AndInside());
  }

  Expr* AndInside() {
    Expr* first = Binary(0);
    if (!Peek().Is("&&")) return first;
    Expr* node = ast_.New(ExprKind::kAnd, Peek().offset);
    node->args.push_back(first);
    while (TakeSign("&&")) node->args.push_back(Binary(0));
    return Finish(node);
  }

  bool IsOperatorOf(int level) const {
    const Token& token = Peek();
    if (level == 0 && token.kind == TokenKind::kIn) return true;
    if (token.kind != TokenKind::kSign) return false;
    for (const std::string_view sign : kLevels[level].signs) {
      if (!sign.empty() && token.text == sign) return true;
    }
    return false;
  }

  Expr* Binary(int level) {
    const std::uint32_t begin = Peek().offset;
    if (level == kLevelCount) return Spanned(begin, Unary());
    Expr* left = Binary(level + 1);
    while (IsOperatorOf(level)) {
      const Token sign = Take();
      Expr* node = ast_.New(ExprKind::kCall, sign.offset);
      node->name = sign.kind == TokenKind::kIn ? "in" : sign.text;
      node->operator_sign = true;
      node->args.push_back(left);
      node->args.push_back(Binary(level + 1));
      left = Spanned(begin, Finish(node));
    }
    return left;
  }

  Expr* Unary() {
    const Token& first = Peek();
    if (!first.Is("!") && !first.Is("-")) return Member();
    const std::string_view sign = first.text;
    const std::uint32_t offset = first.offset;
    int count = 0;
    while (Peek().Is(sign)) {
      const TokenKind next = Peek(1).kind;
      if (sign == "-" && (next == TokenKind::kInt || next == TokenKind::kDouble)) break;
      Take();
      ++count;
    }
    const std::uint32_t begin = Peek().offset;
    Expr* operand = Spanned(begin, Member());
    if (count % 2 == 0) return operand;
    Expr* node = ast_.New(ExprKind::kCall, offset);
    node->name = sign == "!" ? "!" : "-_";
    node->operator_sign = true;
    node->args.push_back(operand);
    return Finish(node);
  }

  Expr* Member() {
    Expr* node = Primary();
    while (true) {
      if (Peek().Is(".")) {
        node = Finish(Field(node));
      } else if (Peek().Is("[")) {
        const std::uint32_t open = Take().offset;
        Expr* index = ast_.New(ExprKind::kIndex, open);
        index->target = node;
        index->optional = TakeSign("?");
        index->args.push_back(Expression());
        Close("]", open, "'['");
        node = Finish(index);
      } else if (Peek().Is("{") && IsTypeName(node)) {
        node = Message(node);
      } else {
        return node;
      }
      if (gave_up_) return node;
    }
  }

  Expr* Field(Expr* target) {
    Take();  // the dot
    const bool optional = TakeSign("?");
    const Token name = Peek();
    const bool word = name.kind == TokenKind::kIdent || name.kind == TokenKind::kReserved ||
                      name.kind == TokenKind::kQuotedIdent;
    if (!word) {
      if (name.kind == TokenKind::kIn || name.kind == TokenKind::kTrue ||
          name.kind == TokenKind::kFalse || name.kind == TokenKind::kNull) {
        reporter_.Report(name.offset, fmt::format("'{0}' cannot be a member's name here; write "
                                                  "['{0}']",
                                                  name.text));
        Take();
      } else {
        Unexpected("where the name of a member should be");
      }
      return Error(name.offset);
    }
    Take();
    if (!optional && name.kind != TokenKind::kQuotedIdent && Peek().Is("(")) {
      Expr* call = ast_.New(ExprKind::kCall, name.offset);
      call->name = name.text;
      call->target = target;
      call->member = true;
      return Arguments(call);
    }
    Expr* select = ast_.New(ExprKind::kSelect, name.offset);
    select->name = name.text;
    select->target = target;
    select->optional = optional;
    return select;
  }

  // Behind the name of a function.
  Expr* Arguments(Expr* call) {
    const std::uint32_t open = Take().offset;
    if (!Peek().Is(")")) {
      do {
        call->args.push_back(Expression());
        if (!Peek().Is(",") && !Peek().Is(")") && Peek().kind != TokenKind::kEnd) {
          Unexpected("where ',' or ')' should be");
          Skip(",");
        }
      } while (TakeSign(",") && !gave_up_);
    }
    Close(")", open, fmt::format("call of '{}'", call->name));
    Finish(call);
    return macros_ && !gave_up_ ? ExpandMacro(call, ast_, reporter_) : call;
  }

  Expr* Primary() {
    const Token token = Peek();
    switch (token.kind) {
      case TokenKind::kTrue: return Literal(Value::Bool(true));
      case TokenKind::kFalse: return Literal(Value::Bool(false));
      case TokenKind::kNull: return Literal(Value::Null());
      case TokenKind::kString: return Literal(Value::String(token.text));
      case TokenKind::kBytes: return Literal(Value::Bytes(token.text));
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble: return Number(false);
      case TokenKind::kIdent: return Name(false);
      case TokenKind::kError: Take(); return Error(token.offset);
      case TokenKind::kReserved:
        reporter_.Report(token.offset,
                         fmt::format("'{}' is a reserved word and cannot be a name", token.text));
        Take();
        if (Peek().Is("(")) Arguments(ast_.New(ExprKind::kCall, token.offset));
        return Error(token.offset);
      case TokenKind::kSign: break;
      default:
        Unexpected("where a value should be");
        if (token.kind != TokenKind::kEnd) Take();
        return Error(token.offset);
    }
    if (token.Is("-") && (Peek(1).kind == TokenKind::kInt || Peek(1).kind == TokenKind::kDouble)) {
      Take();
      return Number(true);
    }
    if (token.Is("(")) {
      Take();
      Expr* inner = Expression();
      Close(")", token.offset, "'('");
      return inner;
    }
    if (token.Is("[")) return List();
    if (token.Is("{")) return Map();
    if (token.Is(".") && Peek(1).kind == TokenKind::kIdent) {
      Take();
      return Name(true);
    }
    Unexpected("where a value should be");
    // An operator without its left side: the right side may hold mistakes of its own.
    if (!token.Is(")") && !token.Is("]") && !token.Is("}") && !token.Is(",") && !token.Is(":")) {
      Take();
    }
    return Error(token.offset);
  }

  Expr* Literal(Value value) {
    Expr* node = ast_.New(ExprKind::kLiteral, Take().offset);
    node->literal = value;
    return node;
  }

  Expr* Number(bool negative) {
    const Token token = Take();
    Expr* node = ast_.New(ExprKind::kLiteral, token.offset);
    if (token.kind == TokenKind::kDouble) {
      const std::string spelled = (negative ? "-" : "") + std::string(token.text);
      const double number = std::strtod(spelled.c_str(), nullptr);
      if (!std::isfinite(number)) {
        reporter_.Report(token.offset, fmt::format("{} is out of the range of double", spelled));
      }
      node->literal = Value::Double(number);
      return node;
    }
    std::string_view digits = token.text;
    int base = 10;
    if (digits.size() > 2 && (digits[1] | 32) == 'x') {
      base = 16;
      digits.remove_prefix(2);
    }
    std::uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    bool fits = read.ec == std::errc();
    if (token.kind == TokenKind::kUint) {
      node->literal = Value::Uint(number);
    } else {
      constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;
      fits = fits && (negative ? number <= kEnd : number < kEnd);
      node->literal = Value::Int(static_cast<std::int64_t>(negative ? 0 - number : number));
    }
    if (!fits) {
      reporter_.Report(token.offset,
                       fmt::format("{}{} is out of the range of {}", negative ? "-" : "",
                                   token.text, token.kind == TokenKind::kUint ? "uint" : "int"));
    }
    return node;
  }

  Expr* Name(bool rooted) {
    const Token token = Take();
    Expr* node = ast_.New(Peek().Is("(") ? ExprKind::kCall : ExprKind::kIdent, token.offset);
    node->name = token.text;
    node->rooted = rooted;
    return node->kind == ExprKind::kCall ? Arguments(node) : node;
  }

  Expr* List() {
    Expr* node = ast_.New(ExprKind::kList, Take().offset);
    while (!Peek().Is("]") && Peek().kind != TokenKind::kEnd && !gave_up_) {
      node->optional_args.push_back(TakeSign("?"));
      node->args.push_back(Expression());
      if (!Peek().Is(",") && !Peek().Is("]") && Peek().kind != TokenKind::kEnd) {
        Unexpected("where ',' or ']' should be");
        Skip(",");
      }
      if (!TakeSign(",")) break;
    }
    Close("]", node->offset, "list");
    return Finish(node);
  }

  Expr* Map() {
    Expr* node = ast_.New(ExprKind::kMap, Take().offset);
    while (!Peek().Is("}") && Peek().kind != TokenKind::kEnd && !gave_up_) {
      node->optional_args.push_back(TakeSign("?"));
      node->args.push_back(Expression());
      if (TakeSign(":")) {
        node->args.push_back(Expression());
      } else {
        Unexpected("where ':' behind a key should be");
        Skip(",");
        node->args.push_back(Error(Peek().offset));
      }
      if (!Peek().Is(",") && !Peek().Is("}") && Peek().kind != TokenKind::kEnd) {
        Unexpected("where ',' or '}' should be");
        Skip(",");
      }
      if (!TakeSign(",")) break;
    }
    Close("}", node->offset, "map");
    return Finish(node);
  }

  static bool IsTypeName(const Expr* node) {
    while (node->kind == ExprKind::kSelect && !node->optional) node = node->target;
    return node->kind == ExprKind::kIdent;
  }

  // Values of messages are none of ours; the text is read all the same.
  Expr* Message(Expr* type) {
    const std::uint32_t open = Take().offset;
    Expr* node = ast_.New(ExprKind::kMessage, type->offset);
    std::string name(type->name);
    for (const Expr* part = type->target; part != nullptr; part = part->target) {
      name = std::string(part->name) + "." + name;
    }
    node->name = ast_.texts.Copy(name);
    while (!Peek().Is("}") && Peek().kind != TokenKind::kEnd && !gave_up_) {
      TakeSign("?");
      const TokenKind kind = Peek().kind;
      if (kind == TokenKind::kIdent || kind == TokenKind::kReserved ||
          kind == TokenKind::kQuotedIdent) {
        Take();
      } else {
        Unexpected("where the name of a field should be");
        Skip(",");
      }
      if (TakeSign(":")) Expression();
      if (!TakeSign(",")) break;
    }
    Close("}", open, "message");
    return node;
  }

  static constexpr std::uint32_t kNowhere = 0xffff'ffff;

  std::string_view text_;
  bool macros_;
  Ast& ast_;
  Reporter& reporter_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t nesting_ = 0;
  bool gave_up_ = false;
  std::uint32_t last_reported_ = kNowhere;
};

}  // namespace

void Parse(std::string_view expression, bool macros, Ast& ast, Reporter& reporter) {
  ast.root = Parser(expression, macros, ast, reporter).Run();
}

}  // namespace insightd::cel
