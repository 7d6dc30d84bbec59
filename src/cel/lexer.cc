#include "cel/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.h"

namespace insightd::cel {
namespace {

constexpr std::array<std::string_view, 17> kReservedWords = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
  return -1;
}

class Lexer {
 public:
  Lexer(std::string_view text, Arena& texts, Reporter& reporter)
      : text_(text), texts_(texts), reporter_(reporter) {}

  std::vector<Token> Run() {
    while (true) {
      SkipBlanks();
      if (at_ >= text_.size()) break;
      Next();
    }
    Add(TokenKind::kEnd, text_.size(), {});
    return std::move(tokens_);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void Add(TokenKind kind, std::size_t offset, std::string_view text) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(offset), text});
  }
  void Report(std::size_t offset, std::string message) {
    reporter_.Report(static_cast<std::uint32_t>(offset), std::move(message));
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  void Next() {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (c == '"' || c == '\'') return Text(at_, false, false);
    if (IsLetter(c)) return Word();
    if (c == '`') return QuotedIdent();
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "&&", "||"}) {
      if (text_.substr(at_, 2) == sign) {
        Add(TokenKind::kSign, at_, text_.substr(at_, 2));
        at_ += 2;
        return;
      }
    }
    if (std::string_view("+-*/%!<>?:.,()[]{}").find(c) != std::string_view::npos) {
      Add(TokenKind::kSign, at_, text_.substr(at_, 1));
      ++at_;
      return;
    }
    const utf8::Decoded decoded = utf8::Decode(text_.substr(at_));
    if (c == '=') {
      Report(at_, "unexpected '='; equality is '=='");
      Add(TokenKind::kSign, at_, "==");
    } else if (c == '&' || c == '|') {
      Report(at_, fmt::format("unexpected '{0}'; the logical operator is '{0}{0}'", c));
      Add(TokenKind::kSign, at_, c == '&' ? "&&" : "||");
    } else if (decoded.valid && decoded.code_point >= 32) {
      Report(at_, fmt::format("unexpected character '{}'", text_.substr(at_, decoded.bytes)));
    } else {
      Report(at_, fmt::format("unexpected byte 0x{:02x}", static_cast<unsigned char>(c)));
    }
    at_ += decoded.bytes;
  }

  void Number() {
    const std::size_t begin = at_;
    TokenKind kind = TokenKind::kInt;
    if (Peek() == '0' && (Peek(1) | 32) == 'x' && HexValue(Peek(2)) >= 0) {
      at_ += 2;
      while (HexValue(Peek()) >= 0) ++at_;
    } else {
      while (IsDigit(Peek())) ++at_;
      if (Peek() == '.' && IsDigit(Peek(1))) {
        kind = TokenKind::kDouble;
        ++at_;
        while (IsDigit(Peek())) ++at_;
      }
      const std::size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
      if ((Peek() | 32) == 'e' && IsDigit(Peek(sign))) {
        kind = TokenKind::kDouble;
        at_ += sign;
        while (IsDigit(Peek())) ++at_;
      }
    }
    const std::string_view number = text_.substr(begin, at_ - begin);
    if (kind == TokenKind::kInt && (Peek() | 32) == 'u') {
      kind = TokenKind::kUint;
      ++at_;
    }
    if (IsLetter(Peek())) {
      while (IsLetter(Peek()) || IsDigit(Peek())) ++at_;
      const std::string_view word = text_.substr(begin, at_ - begin);
      const bool is_duration = word.find_first_not_of("0123456789") == word.size() - 1 &&
                               std::string_view("hms").find(word.back()) != word.npos;
      Report(begin, fmt::format("'{}' is no number{}", word,
                                is_duration ? fmt::format("; write duration('{}')", word) : ""));
      kind = TokenKind::kError;
    }
    Add(kind, begin, number);
  }

  void Word() {
    const std::size_t begin = at_;
    while (IsLetter(Peek()) || IsDigit(Peek())) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if ((Peek() == '"' || Peek() == '\'') && word.size() <= 2) {
      bool raw = false;
      bool bytes = false;
      bool prefix = true;
      for (const char c : word) {
        if ((c | 32) == 'r' && !raw) {
          raw = true;
        } else if ((c | 32) == 'b' && !bytes) {
          bytes = true;
        } else {
          prefix = false;
        }
      }
      if (prefix) return Text(begin, raw, bytes);
    }
    TokenKind kind = TokenKind::kIdent;
    if (word == "true") kind = TokenKind::kTrue;
    if (word == "false") kind = TokenKind::kFalse;
    if (word == "null") kind = TokenKind::kNull;
    if (word == "in") kind = TokenKind::kIn;
    if (std::find(kReservedWords.begin(), kReservedWords.end(), word) != kReservedWords.end()) {
      kind = TokenKind::kReserved;
    }
    Add(kind, begin, word);
  }

  void QuotedIdent() {
    const std::size_t begin = at_++;
    const std::size_t close = text_.find_first_of("`\n", at_);
    if (close == text_.npos || text_[close] == '\n' || close == at_) {
      Report(begin, "name in backquotes does not end");
      Add(TokenKind::kError, begin, {});
      at_ = std::min(close, text_.size());
      return;
    }
    const std::string_view name = text_.substr(at_, close - at_);
    for (const char c : name) {
      if (!IsLetter(c) && !IsDigit(c) &&
          std::string_view("_.-/ ").find(c) == std::string_view::npos) {
        Report(begin, "a name in backquotes has letters, digits and '_.-/ ' only");
        break;
      }
    }
    Add(TokenKind::kQuotedIdent, begin, name);
    at_ = close + 1;
  }

  // `begin` is that of the prefix, at_ is at the quote.
  void Text(std::size_t begin, bool raw, bool bytes) {
    const char quote = Peek();
    const bool triple = Peek(1) == quote && Peek(2) == quote;
    at_ += triple ? 3 : 1;
    std::string value;
    bool good = true;
    while (true) {
      if (at_ >= text_.size() || (!triple && (Peek() == '\n' || Peek() == '\r'))) {
        Report(begin, bytes ? "bytes do not end" : "text does not end");
        good = false;
        break;
      }
      if (Peek() == quote && (!triple || (Peek(1) == quote && Peek(2) == quote))) {
        at_ += triple ? 3 : 1;
        break;
      }
      if (Peek() == '\\' && !raw) {
        good = Escape(value, bytes) && good;
      } else {
        value += text_[at_++];
      }
    }
    if (good && !bytes && !utf8::IsValid(value)) {
      Report(begin, "text is not UTF-8");
      good = false;
    }
    Add(!good   ? TokenKind::kError
        : bytes ? TokenKind::kBytes
                : TokenKind::kString,
        begin, texts_.Copy(value));
  }

  bool Escape(std::string& value, bool bytes) {
    const std::size_t begin = at_++;
    const char c = Peek();
    constexpr std::string_view kFrom = "abfnrtv\\?\"'`";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\?\"'`";
    if (const std::size_t which = kFrom.find(c); which != kFrom.npos && c != '\0') {
      value += kTo[which];
      ++at_;
      return true;
    }
    std::size_t digits = 0;
    std::uint32_t base = 16;
    switch (c) {
      case 'x':
      case 'X': digits = 2; break;
      case 'u': digits = bytes ? 0 : 4; break;
      case 'U': digits = bytes ? 0 : 8; break;
      case '0':
      case '1':
      case '2':
      case '3':
        digits = 3;
        base = 8;
        break;
      default: break;
    }
    if (digits == 0) {
      const std::size_t shown = std::min<std::size_t>(2, text_.size() - begin);
      const std::string_view spelled = shown == 2 && static_cast<unsigned char>(c) < 128 && c >= ' '
                                           ? text_.substr(begin, 2)
                                           : text_.substr(begin, 1);
      Report(begin, fmt::format("unknown escape '{}' in {}; a backslash is written '\\\\'", spelled,
                                bytes ? "bytes" : "text"));
      return false;
    }
    if (base == 16) ++at_;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at_) {
      const int digit = HexValue(Peek());
      if (digit < 0 || digit >= static_cast<int>(base)) {
        Report(begin,
               fmt::format("escape '{}' needs {} {} digits", text_.substr(begin, at_ - begin),
                           digits, base == 8 ? "octal" : "hexadecimal"));
        return false;
      }
      number = number * base + static_cast<std::uint64_t>(digit);
    }
    if (bytes) {
      value += static_cast<char>(number);
      return true;
    }
    if (number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) {
      Report(begin, fmt::format("U+{:04X} is no character", number));
      return false;
    }
    utf8::Append(value, static_cast<std::uint32_t>(number));
    return true;
  }

  std::string_view text_;
  Arena& texts_;
  Reporter& reporter_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(std::string_view expression, Arena& texts, Reporter& reporter) {
  return Lexer(expression, texts, reporter).Run();
}

}  // namespace insightd::cel
