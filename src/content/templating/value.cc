#include "content/templating/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace insightd::content::templating {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kShortestDigitsMax = 32;

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Digits behind 0x, 0o or 0b, as large as they are.
double OfBase(std::string_view digits, int base) {
  if (digits.empty()) return kNaN;
  double value = 0;
  for (const char c : digits) {
    int digit = 99;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit >= base) return kNaN;
    value = value * base + digit;
  }
  return value;
}

}  // namespace

Value Value::Bool(bool value) {
  Value made(Kind::kBool);
  made.bool_ = value;
  return made;
}

Value Value::Number(double value) {
  Value made(Kind::kNumber);
  made.number_ = value;
  return made;
}

Value Value::Of(Text text) {
  Value made(Kind::kText);
  made.text_ = text;
  return made;
}

Value Value::Of(const List* list) {
  Value made(Kind::kList);
  made.list_ = list;
  return made;
}

Value Value::FromJson(json::Value value) {
  switch (value.type()) {
    case json::Type::kNull: return Null();
    case json::Type::kBool: return Bool(value.AsBool());
    case json::Type::kInt:
    case json::Type::kDouble: return Number(value.AsDouble());
    case json::Type::kString: return Data(value.AsString());
    case json::Type::kArray:
    case json::Type::kObject: break;
  }
  Value made(value.is_array() ? Kind::kJsonList : Kind::kObject);
  made.json_ = value;
  return made;
}

bool Value::IsTrue() const {
  switch (kind_) {
    case Kind::kUndefined:
    case Kind::kNull: return false;
    case Kind::kBool: return bool_;
    case Kind::kNumber: return number_ != 0 && !std::isnan(number_);
    case Kind::kText: return !text_.text.empty();
    case Kind::kList:
    case Kind::kJsonList:
    case Kind::kObject: return true;
  }
  return false;
}

bool Value::IsSameReference(const Value& other) const {
  if (kind_ != other.kind_) return false;
  if (kind_ == Kind::kList) return list_ == other.list_;
  return json_.tape() == other.json_.tape() && json_.index() == other.json_.index();
}

std::string_view KindName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return "undefined";
    case Kind::kNull: return "null";
    case Kind::kBool: return "a boolean";
    case Kind::kNumber: return "a number";
    case Kind::kText: return "text";
    case Kind::kList:
    case Kind::kJsonList: return "a list";
    case Kind::kObject: return "an object";
  }
  return "";
}

void AppendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (number < 0) out += '-';
  number = std::fabs(number);
  if (std::isinf(number)) {
    out += "Infinity";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  // "d.ddde±xx": the digits, and where the point stands behind them.
  std::array<char, kShortestDigitsMax> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::scientific);
  const std::string_view shortest(buffer.data(), end.ptr);
  const std::size_t e = shortest.find('e');
  std::string digits(1, shortest[0]);
  if (e > 2) digits += shortest.substr(2, e - 2);
  const int exponent = std::atoi(std::string(shortest.substr(e + 1)).c_str());
  const int point = exponent + 1;
  const int size = static_cast<int>(digits.size());
  if (size <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - size), '0');
  } else if (0 < point && point <= 21) {
    out += digits.insert(static_cast<std::size_t>(point), ".");
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else {
    if (size > 1) digits.insert(1, ".");
    out += digits;
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  }
}

double NumberOf(std::string_view text) {
  text = WithoutBlanks(text);
  if (text.empty()) return 0;
  if (text.size() > 2 && text[0] == '0') {
    switch (text[1]) {
      case 'x':
      case 'X': return OfBase(text.substr(2), 16);
      case 'o':
      case 'O': return OfBase(text.substr(2), 8);
      case 'b':
      case 'B': return OfBase(text.substr(2), 2);
      default: break;
    }
  }
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  if (text == "Infinity") return sign * std::numeric_limits<double>::infinity();
  // from_chars also takes "inf", "nan" and a sign.
  if (text.empty() || !((text[0] >= '0' && text[0] <= '9') || text[0] == '.')) return kNaN;
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ptr != text.data() + text.size() || read.ec == std::errc::invalid_argument) return kNaN;
  // Too large or too small: strtod knows which.
  if (read.ec == std::errc::result_out_of_range)
    value = std::strtod(std::string(text).c_str(), nullptr);
  return sign * value;
}

std::string Fixed(double number, int digits) {
  std::string out;
  if (!std::isfinite(number) || std::fabs(number) >= 1e21) {
    AppendNumber(out, number);
    return out;
  }
  // printf rounds a tie to even, JavaScript away from zero. A tie has a 5 and nothing behind it.
  constexpr int kBehindTie = 25;
  std::array<char, 256> buffer{};
  const int size =
      std::snprintf(buffer.data(), buffer.size(), "%.*f", digits + kBehindTie, std::fabs(number));
  const std::string_view exact(buffer.data(), static_cast<std::size_t>(size));
  const std::string_view rest = exact.substr(exact.size() - kBehindTie);
  double rounded = std::fabs(number);
  if (rest[0] == '5' && rest.find_first_not_of('0', 1) == rest.npos) {
    rounded = std::nextafter(rounded, std::numeric_limits<double>::infinity());
  }
  const int written = std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, rounded);
  out.assign(buffer.data(), static_cast<std::size_t>(written));
  if (number < 0) out.insert(0, "-");
  return out;
}

void TextBuilder::Append(const Text& text) {
  if (text.is_data) {
    AppendData(text.text);
    return;
  }
  const std::size_t base = out_.size();
  out_ += text.text;
  if (text.data == nullptr) return;
  for (const Range& range : *text.data) data_.push_back({base + range.begin, base + range.end});
}

void TextBuilder::AppendData(std::string_view text) {
  if (text.empty()) return;
  data_.push_back({out_.size(), out_.size() + text.size()});
  out_ += text;
}

std::string_view Memory::Keep(std::string text) {
  bytes_ += sizeof(std::string) + text.size();
  return texts_.emplace_back(std::move(text));
}

Text Memory::Keep(TextBuilder builder) {
  const bool is_data = builder.data().size() == 1 && builder.data()[0].begin == 0 &&
                       builder.data()[0].end == builder.size();
  const bool is_author = builder.data().empty();
  std::vector<Range> ranges = builder.TakeData();
  const std::string_view kept = Keep(builder.TakeText());
  if (is_data || is_author) return {kept, is_data, nullptr};
  bytes_ += ranges.size() * sizeof(Range);
  return {kept, false, &ranges_.emplace_back(std::move(ranges))};
}

const List* Memory::Keep(List list) {
  bytes_ += sizeof(List) + list.size() * sizeof(Value);
  return &lists_.emplace_back(std::move(list));
}

}  // namespace insightd::content::templating
