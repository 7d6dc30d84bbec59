#include "api/aggregator/go_json.h"

#include <array>
#include <charconv>

#include "api/aggregator/go_text.h"
#include "base/utf8.h"

namespace insightd::api::aggregator::go_json {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A byte as it is named in a mistake.
std::string QuotedByte(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string character;
  utf8::Append(character, static_cast<unsigned char>(c));
  const std::string quoted = GoQuoted(character);
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

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
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Wrong("in string literal");
      ++at_;
      if (c == '\\' && !Escape()) return false;
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

// The unit of `\uXXXX` whose digits begin at `at`; -1 where there is none.
int UnitAt(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  int unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

constexpr bool IsHighSurrogate(int unit) { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool IsLowSurrogate(int unit) { return unit >= 0xdc00 && unit < 0xe000; }

// Appends what the escape behind a backslash at `at` stands for; gives the place behind it.
std::size_t AppendEscaped(std::string& out, std::string_view text, std::size_t at) {
  switch (text[at]) {
    case 'b': out += '\b'; return at + 1;
    case 'f': out += '\f'; return at + 1;
    case 'n': out += '\n'; return at + 1;
    case 'r': out += '\r'; return at + 1;
    case 't': out += '\t'; return at + 1;
    case 'u': break;
    default: out += text[at]; return at + 1;
  }
  const int unit = UnitAt(text, at + 1);
  at += 5;
  if (IsHighSurrogate(unit) && text.substr(at, 2) == "\\u") {
    const int low = UnitAt(text, at + 2);
    if (IsLowSurrogate(low)) {
      utf8::Append(out,
                   static_cast<std::uint32_t>(0x10000 + ((unit - 0xd800) << 10) + low - 0xdc00));
      return at + 6;
    }
  }
  const bool half = IsHighSurrogate(unit) || IsLowSurrogate(unit);
  utf8::Append(out, half ? 0xfffdU : static_cast<std::uint32_t>(unit));
  return at;
}

}  // namespace

tl::expected<std::size_t, Problem> FirstValue(std::string_view text) { return Scanner(text).Run(); }

bool IsValid(std::string_view text) {
  const auto end = FirstValue(text);
  return end && text.find_first_not_of(kSpace, *end) == std::string_view::npos;
}

void Cursor::SkipSpace() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

void Cursor::Enter() {
  ++at_;
  SkipSpace();
}

void Cursor::Separate() {
  if (At(',') || At(':')) Enter();
}

Kind Cursor::kind() const {
  switch (text_[at_]) {
    case '{': return Kind::kObject;
    case '[': return Kind::kArray;
    case '"': return Kind::kString;
    case 't':
    case 'f': return Kind::kBool;
    case 'n': return Kind::kNull;
    default: return Kind::kNumber;
  }
}

std::string Cursor::String() {
  std::string out;
  ++at_;
  std::size_t plain = at_;  // start of what has not been taken yet
  while (!At('"')) {
    if (!At('\\')) {
      ++at_;
      continue;
    }
    out.append(text_, plain, at_ - plain);
    plain = at_ = AppendEscaped(out, text_, at_ + 1);
  }
  out.append(text_, plain, at_ - plain);
  Enter();
  return utf8::IsValid(out) ? out : utf8::Repaired(out);
}

std::string_view Cursor::Number() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && (IsDigit(text_[at_]) || std::string_view("+-.eE").find(text_[at_]) !=
                                                           std::string_view::npos)) {
    ++at_;
  }
  const std::string_view number = text_.substr(begin, at_ - begin);
  SkipSpace();
  return number;
}

void Cursor::Skip() {
  at_ += *FirstValue(text_.substr(at_));
  SkipSpace();
}

bool IsField(std::string_view name, std::string_view field) {
  if (name.size() != field.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    if (c != field[i]) return false;
  }
  return true;
}

bool Take(Cursor& cursor, std::string& out) {
  const Kind kind = cursor.kind();
  if (kind == Kind::kString) {
    out = cursor.String();
    return true;
  }
  cursor.Skip();
  return kind == Kind::kNull;
}

bool Take(Cursor& cursor, std::int64_t& out) {
  const Kind kind = cursor.kind();
  if (kind != Kind::kNumber) {
    cursor.Skip();
    return kind == Kind::kNull;
  }
  const std::string_view number = cursor.Number();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return false;
  out = value;
  return true;
}

bool Take(Cursor& cursor, std::vector<std::string>& out) {
  const Kind kind = cursor.kind();
  if (kind != Kind::kArray) {
    cursor.Skip();
    if (kind == Kind::kNull) out.clear();
    return kind == Kind::kNull;
  }
  out.clear();
  bool good = true;
  cursor.Elements([&](Cursor& element) { good = Take(element, out.emplace_back()) && good; });
  return good;
}

}  // namespace insightd::api::aggregator::go_json
