#include "api/aggregator/go_json.h"

#include <charconv>

#include "api/aggregator/go_json_characters.h"
#include "api/aggregator/plain_bytes.h"
#include "base/utf8.h"

namespace insightd::api::aggregator::go_json {
namespace {

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

constexpr auto kSpecial = [](auto c) { return (c == '"') | (c == '\\'); };

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
  while ((at_ += PlainBytes(text_.substr(at_), kSpecial)), !At('"')) {
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
