// quantity(x): a Kubernetes quantity as a double.
#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

// Suffixes of tens move the exponent of the text, so that the number is rounded once: 3500m is
// 3.5. Suffixes of twos multiply, which is exact.
struct Suffix {
  std::string_view text;
  int tens;
  int twos;
};
constexpr Suffix kSuffixes[] = {{"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},
                                {"k", 3, 0},   {"M", 6, 0},   {"G", 9, 0},   {"T", 12, 0},
                                {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
                                {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t CountDigits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  return count;
}

// Length of [-+]? digits [. digits] with at least one digit; 0 when there is none.
std::size_t NumberLength(std::string_view text) {
  std::size_t length = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::size_t whole = CountDigits(text.substr(length));
  length += whole;
  std::size_t fraction = 0;
  if (text.substr(length).starts_with('.')) {
    fraction = CountDigits(text.substr(length + 1));
    length += 1 + fraction;
  }
  return whole + fraction > 0 ? length : 0;
}

// An exponent and nothing behind it.
bool IsExponent(std::string_view text) {
  if (!text.starts_with('e') && !text.starts_with('E')) return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

// 0 when it is no number or too large for a double.
double ReadNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

double ReadQuantity(std::string_view text) {
  if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
  const std::size_t length = NumberLength(text);
  if (length == 0) return 0;
  const std::string_view number = text.substr(0, length);
  const std::string_view rest = text.substr(length);
  // An exponent has digits; without them `E` is a suffix.
  if (IsExponent(rest)) return ReadNumber(text);
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != rest) continue;
    if (suffix.tens != 0) return ReadNumber(fmt::format("{}e{}", number, suffix.tens));
    const double value = std::ldexp(ReadNumber(number), suffix.twos);
    return std::isfinite(value) ? value : 0;
  }
  return 0;
}

Value Quantity(cel::Context&, const Value* args, const void*) {
  if (args[0].is_string()) return Value::Double(ReadQuantity(args[0].AsString()));
  return Value::Double(args[0].NumberOr(0));
}

}  // namespace

void AddQuantity(cel::Environment& environment) {
  environment.AddFunction({"quantity", {{{Type::Dyn()}, Type::Double(), Quantity}}});
}

}  // namespace insightd::rules
