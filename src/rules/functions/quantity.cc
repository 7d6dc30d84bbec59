// quantity(x): a Kubernetes quantity as a double.
#include <charconv>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

struct Suffix {
  std::string_view text;
  double times;
  double divided_by;
};
// Parts are divided, not multiplied by a fraction that no double holds: 3500m is 3.5.
constexpr Suffix kSuffixes[] = {{"", 1, 1},
                                {"n", 1, 1e9},
                                {"u", 1, 1e6},
                                {"m", 1, 1e3},
                                {"k", 1e3, 1},
                                {"M", 1e6, 1},
                                {"G", 1e9, 1},
                                {"T", 1e12, 1},
                                {"P", 1e15, 1},
                                {"E", 1e18, 1},
                                {"Ki", 1024.0, 1},
                                {"Mi", 1048576.0, 1},
                                {"Gi", 1073741824.0, 1},
                                {"Ti", 1099511627776.0, 1},
                                {"Pi", 1125899906842624.0, 1},
                                {"Ei", 1152921504606846976.0, 1}};

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

double ReadQuantity(std::string_view text) {
  const std::size_t length = NumberLength(text);
  if (length == 0) return 0;
  std::string_view number = text.substr(0, length);
  std::string_view rest = text.substr(length);
  // An exponent has digits; without them `E` is a suffix.
  if (rest.starts_with('e') || rest.starts_with('E')) {
    const std::size_t sign = rest.substr(1).starts_with('-') || rest.substr(1).starts_with('+');
    const std::size_t digits = CountDigits(rest.substr(1 + sign));
    if (digits > 0 && 1 + sign + digits == rest.size()) {
      number = text;
      rest = {};
    }
  }
  if (number.starts_with('+')) number.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc()) return 0;
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == rest) return value * suffix.times / suffix.divided_by;
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
