#include "content/templating/tokens.h"

#include <fmt/core.h>

#include <array>
#include <cctype>

#include "base/utf8.h"
#include "content/templating/value.h"

namespace insightd::content::templating {
namespace {

// Longer ones first.
constexpr std::array<std::string_view, 38> kSigns = {
    "===", "!==", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "+=",
    "-=",  "++",  "--",  "-",  "+",  "*",  "/",  "%",  "<",  ">",  "!",  "?",  ":",
    ".",   ",",   "(",   ")",  "[",  "]",  "{",  "}",  ";",  "=",  "&",  "|"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view code) : rest_(code) {}

  Tokens Run() {
    while (tokens_.error.empty()) {
      while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
      if (rest_.empty()) break;
      if (tokens_.list.size() == kTokensMax) {
        tokens_.error = fmt::format("more than {} words and signs in one tag", kTokensMax);
        break;
      }
      Next();
    }
    tokens_.list.push_back({Token::Kind::kEnd, "the end of the tag"});
    return std::move(tokens_);
  }

 private:
  void Next() {
    const char c = rest_.front();
    if (IsDigit(c) || (c == '.' && rest_.size() > 1 && IsDigit(rest_[1]))) return Number();
    if (c == '\'' || c == '"') return Quoted(c);
    if (IsNameStart(c)) return Name();
    for (const std::string_view sign : kSigns) {
      if (!rest_.starts_with(sign)) continue;
      // `a?.5:b` is a condition.
      if (sign == "?." && rest_.size() > 2 && IsDigit(rest_[2])) continue;
      tokens_.list.push_back({Token::Kind::kSign, std::string(sign)});
      rest_.remove_prefix(sign.size());
      return;
    }
    if (c == '`') {
      tokens_.error = "texts in backticks are not part of the language; join texts by +";
      return;
    }
    tokens_.error = fmt::format("unexpected {}", rest_.substr(0, 1));
  }

  void Number() {
    std::size_t size = 0;
    if (rest_.size() > 1 && rest_[0] == '0' && (rest_[1] == 'x' || rest_[1] == 'X')) {
      size = 2;
      while (size < rest_.size() && std::isxdigit(static_cast<unsigned char>(rest_[size])) != 0)
        ++size;
    } else {
      while (size < rest_.size() && IsDigit(rest_[size])) ++size;
      if (size < rest_.size() && rest_[size] == '.') ++size;
      while (size < rest_.size() && IsDigit(rest_[size])) ++size;
      if (size < rest_.size() && (rest_[size] == 'e' || rest_[size] == 'E')) {
        std::size_t end = size + 1;
        if (end < rest_.size() && (rest_[end] == '+' || rest_[end] == '-')) ++end;
        if (end < rest_.size() && IsDigit(rest_[end])) {
          size = end;
          while (size < rest_.size() && IsDigit(rest_[size])) ++size;
        }
      }
    }
    if (size < rest_.size() && IsNamePart(rest_[size])) {
      tokens_.error = fmt::format("\"{}\" is no number", rest_.substr(0, size + 1));
      return;
    }
    const std::string_view digits = rest_.substr(0, size);
    tokens_.list.push_back({Token::Kind::kNumber, std::string(digits), NumberOf(digits)});
    rest_.remove_prefix(size);
  }

  void Name() {
    std::size_t size = 1;
    while (size < rest_.size() && IsNamePart(rest_[size])) ++size;
    tokens_.list.push_back({Token::Kind::kName, std::string(rest_.substr(0, size))});
    rest_.remove_prefix(size);
  }

  // Hexadecimal digits behind an escape, from `at`; none: false.
  bool Hex(std::size_t at, std::size_t size, std::uint32_t& value) const {
    if (size == 0 || at + size > rest_.size()) return false;
    value = 0;
    for (const char c : rest_.substr(at, size)) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
      const int digit = IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  // The escape at `at`, just behind its backslash; gives back the place behind it.
  std::size_t Escape(std::size_t at, std::string& text) const {
    std::uint32_t point = 0;
    switch (rest_[at]) {
      case 'n': text += '\n'; return at + 1;
      case 'r': text += '\r'; return at + 1;
      case 't': text += '\t'; return at + 1;
      case 'b': text += '\b'; return at + 1;
      case 'f': text += '\f'; return at + 1;
      case 'v': text += '\v'; return at + 1;
      case '0': text += '\0'; return at + 1;
      case 'x':
        if (!Hex(at + 1, 2, point)) break;
        utf8::Append(text, point);
        return at + 3;
      case 'u': {
        if (at + 1 < rest_.size() && rest_[at + 1] == '{') {
          const std::size_t end = rest_.find('}', at);
          if (end == rest_.npos || end - at - 2 > 6 || !Hex(at + 2, end - at - 2, point)) break;
          utf8::Append(text, IsScalar(point) ? point : 0xfffd);
          return end + 1;
        }
        if (!Hex(at + 1, 4, point)) break;
        std::uint32_t low = 0;
        if (point >= 0xd800 && point < 0xdc00 && rest_.substr(at + 5).starts_with("\\u") &&
            Hex(at + 7, 4, low) && low >= 0xdc00 && low < 0xe000) {
          utf8::Append(text, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
          return at + 11;
        }
        utf8::Append(text, IsScalar(point) ? point : 0xfffd);
        return at + 5;
      }
      default: break;
    }
    text += rest_[at];
    return at + 1;
  }

  static bool IsScalar(std::uint32_t point) {
    return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  }

  void Quoted(char quote) {
    std::string text;
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != quote) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) {
        at = Escape(at + 1, text);
      } else {
        // As the original does, a line end inside a tag is a blank.
        const char c = rest_[at++];
        text += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
      }
    }
    if (at >= rest_.size()) {
      tokens_.error = fmt::format("the text that begins at {} is not closed", rest_.substr(0, 12));
      return;
    }
    tokens_.list.push_back({Token::Kind::kText, std::move(text)});
    rest_.remove_prefix(at + 1);
  }

  std::string_view rest_;
  Tokens tokens_;
};

}  // namespace

Tokens Tokenize(std::string_view code) { return Tokenizer(code).Run(); }

}  // namespace insightd::content::templating
