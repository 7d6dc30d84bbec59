// The grammar: where the first value ends, and what is wrong with it.

#include <utility>

#include "api/aggregator/go_json.h"
#include "api/aggregator/go_json_characters.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/plain_bytes.h"
#include "base/utf8.h"

namespace insightd::api::aggregator::go_json {
namespace {

// A byte as it is named in a mistake.
std::string QuotedByte(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string character;
  utf8::Append(character, static_cast<unsigned char>(c));
  const std::string quoted = GoQuoted(character);
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

// What ends the plain part of a string, or may not stand in one.
constexpr auto kSpecial = [](auto c) { return (c < 0x20) | (c == '"') | (c == '\\'); };

// Goes over one value without keeping anything but the open brackets.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  tl::expected<std::size_t, Problem> Run() {
    while (true) {
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      if (at_ == text_.size()) return tl::unexpected(Problem{.truncated = true});
      if (!Step()) return tl::unexpected(std::move(problem_));
      if (done_) return at_;
    }
  }

 private:
  enum class Expect : std::uint8_t {
    kValue,
    kElementOrEnd,
    kNameOrEnd,
    kName,
    kColon,
    kAfterElement,
    kAfterMember
  };

  // Each of these is false where problem_ says why.
  bool Wrong(std::string_view where) {
    problem_.text = "invalid character " + QuotedByte(text_[at_]) + " " + std::string(where);
    return false;
  }
  bool Truncated() {
    problem_.truncated = true;
    return false;
  }

  bool Step() {
    const char c = text_[at_];
    switch (expect_) {
      case Expect::kElementOrEnd:
        if (c == ']') return Close();
        return Value();
      case Expect::kValue: return Value();
      case Expect::kNameOrEnd:
        if (c == '}') return Close();
        return Name();
      case Expect::kName: return Name();
      case Expect::kColon:
        if (c != ':') return Wrong("after object key");
        return Pass(Expect::kValue);
      case Expect::kAfterElement:
        if (c == ',') return Pass(Expect::kValue);
        if (c == ']') return Close();
        return Wrong("after array element");
      case Expect::kAfterMember:
        if (c == ',') return Pass(Expect::kName);
        if (c == '}') return Close();
        return Wrong("after object key:value pair");
    }
    __builtin_unreachable();
  }

  bool Pass(Expect next) {
    ++at_;
    expect_ = next;
    return true;
  }

  bool Open(char bracket) {
    if (open_.size() == kDepthMax) {
      problem_.text = "exceeded max depth";
      return false;
    }
    open_ += bracket;
    return Pass(bracket == '{' ? Expect::kNameOrEnd : Expect::kElementOrEnd);
  }

  bool Close() {
    open_.pop_back();
    ++at_;
    return Ended();
  }

  // A value ends here.
  bool Ended() {
    done_ = open_.empty();
    if (!done_) expect_ = open_.back() == '{' ? Expect::kAfterMember : Expect::kAfterElement;
    return true;
  }

  bool Name() {
    if (text_[at_] != '"') return Wrong("looking for beginning of object key string");
    if (!String()) return false;
    expect_ = Expect::kColon;
    return true;
  }

  bool Value() {
    switch (text_[at_]) {
      case '{':
      case '[': return Open(text_[at_]);
      case '"': return String() && Ended();
      case 't': return Literal("true") && Ended();
      case 'f': return Literal("false") && Ended();
      case 'n': return Literal("null") && Ended();
      default:
        if (text_[at_] != '-' && !IsDigit(text_[at_])) {
          return Wrong("looking for beginning of value");
        }
        return Number() && Ended();
    }
  }

  bool Literal(std::string_view word) {
    for (const char expected : word) {
      if (at_ == text_.size()) return Truncated();
      if (text_[at_] != expected) {
        return Wrong("in literal " + std::string(word) + " (expecting '" + expected + "')");
      }
      ++at_;
    }
    return true;
  }

  bool String() {
    ++at_;
    while ((at_ += PlainBytes(text_.substr(at_), kSpecial)) < text_.size()) {
      const char c = text_[at_];
      if (c != '"' && c != '\\') return Wrong("in string literal");
      ++at_;
      if (c == '"') return true;
      if (!Escape()) return false;
    }
    return Truncated();
  }

  bool Escape() {
    if (at_ == text_.size()) return Truncated();
    if (text_[at_] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return Wrong("in string escape code");
      }
      ++at_;
      return true;
    }
    ++at_;
    for (int digit = 0; digit < 4; ++digit) {
      if (at_ == text_.size()) return Truncated();
      if (HexDigit(text_[at_]) < 0) return Wrong("in \\u hexadecimal character escape");
      ++at_;
    }
    return true;
  }

  bool Digits(std::string_view where) {
    if (at_ == text_.size()) return Truncated();
    if (!IsDigit(text_[at_])) return Wrong(where);
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return true;
  }

  bool Number() {
    if (text_[at_] == '-') ++at_;
    if (at_ < text_.size() && text_[at_] == '0') {
      ++at_;
    } else if (!Digits("in numeric literal")) {
      return false;
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      if (!Digits("after decimal point in numeric literal")) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!Digits("in exponent of numeric literal")) return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Expect expect_ = Expect::kValue;
  std::string open_;  // brackets
  bool done_ = false;
  Problem problem_;
};

}  // namespace

tl::expected<std::size_t, Problem> FirstValue(std::string_view text) { return Scanner(text).Run(); }

bool IsValid(std::string_view text) {
  const auto end = FirstValue(text);
  return end && text.find_first_not_of(" \t\r\n", *end) == std::string_view::npos;
}

}  // namespace insightd::api::aggregator::go_json
