// Tokens of a tag into expressions and statements.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "content/templating/ast.h"
#include "content/templating/names.h"
#include "content/templating/tokens.h"

namespace insightd::content::templating {

// Reads the code of one tag. The first mistake is kept, and all that is read behind it is empty;
// look at error() at the end. One thread at a time.
class ExpressionParser {
 public:
  // `where` is told to `names` with each name.
  ExpressionParser(std::string_view code, Names& names, std::size_t where);

  Node Expression();
  // `var a = 1, b = 2`, `a = 1`, `a += 1`, `a++`; several behind each other with `;`. An empty
  // statement adds nothing.
  void Statements(std::vector<Assignment>& assignments);
  // One of them, or one declaration of several.
  void Statement(std::vector<Assignment>& assignments);

  bool Accept(std::string_view sign);
  bool AcceptWord(std::string_view word);
  void Expect(std::string_view sign);
  // A name that is declared by standing here; kNoSlot after a mistake.
  std::uint32_t Declared();
  const Token& Peek(std::size_t ahead = 0) const;
  bool IsAtEnd() const { return Peek().kind == Token::Kind::kEnd; }
  void ExpectEnd();

  void Fail(std::string message);
  const std::string& error() const { return error_; }

 private:
  class Deeper;
  std::vector<std::string> ArrowParameters();
  bool IsArrow() const;
  Node Binary(int level);
  Node Unary();
  Node Postfix();
  Node Primary();
  Node MemberOrMethod(Node object, bool is_optional);
  Node Arguments(Node call, bool takes_function);
  Node FunctionArgument();
  Token Next();
  Operator AcceptBinary(int level);

  Names& names_;
  const std::size_t where_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string error_;
};

}  // namespace insightd::content::templating
