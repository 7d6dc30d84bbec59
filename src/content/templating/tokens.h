// The code inside a tag, cut into tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::content::templating {

inline constexpr std::size_t kTokensMax = 10'000;  // in one tag

struct Token {
  enum class Kind : std::uint8_t { kEnd, kNumber, kText, kName, kSign };
  Kind kind = Kind::kEnd;
  std::string text;  // of a text: what it says, escapes resolved
  double number = 0;
  bool Is(std::string_view sign) const { return kind == Kind::kSign && text == sign; }
  bool IsWord(std::string_view word) const { return kind == Kind::kName && text == word; }
};

struct Tokens {
  std::vector<Token> list;  // the last is kEnd
  std::string error;        // empty: none
};

Tokens Tokenize(std::string_view code);

}  // namespace insightd::content::templating
