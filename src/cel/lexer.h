// Text into tokens. Reports what is no token and goes on behind it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cel/ast.h"

namespace insightd::cel {

enum class TokenKind : std::uint8_t {
  kEnd,
  kError,  // reported already; stands where an operand would
  kIdent,
  kQuotedIdent,  // `a-b`
  kReserved,     // a word that is kept for later: `for`, `package`
  kTrue,
  kFalse,
  kNull,
  kIn,
  kInt,  // digits without sign; the parser knows about the minus
  kUint,
  kDouble,
  kString,
  kBytes,
  kSign
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t offset = 0;
  // Of kSign the sign; of a text its value; else the spelling, for kQuotedIdent without quotes.
  std::string_view text;
  bool Is(std::string_view sign) const { return kind == TokenKind::kSign && text == sign; }
};

// The last token is kEnd. Texts lie in `expression` or in `texts`.
std::vector<Token> Tokenize(std::string_view expression, Arena& texts, Reporter& reporter);

}  // namespace insightd::cel
