#include "cel/library/text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cel/time.h"

namespace insightd::cel {

std::string DoubleText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  // As strconv 'g' with the shortest precision: exponents below -4 and from 21 on.
  char buffer[40];
  const double size = std::abs(number);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e21);
  const auto written =
      std::to_chars(buffer, buffer + sizeof(buffer), number,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  return {buffer, written.ptr};
}

std::string ScalarText(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool: return value.AsBool() ? "true" : "false";
    case Kind::kInt: return fmt::format_int(value.AsInt()).str();
    case Kind::kUint: return fmt::format_int(value.AsUint()).str();
    case Kind::kDouble: return DoubleText(value.AsDouble());
    case Kind::kTimestamp: return FormatTimestamp(value.AsInstant());
    case Kind::kDuration: return FormatDuration(value.AsInstant());
    default: return {};
  }
}

bool ParseDouble(std::string_view text, double& number) {
  std::string_view digits = text;
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  if (digits.empty()) return false;
  const bool named = (digits[0] < '0' || digits[0] > '9') && digits[0] != '.';
  if (named) {
    std::string lower;
    for (const char c : digits.substr(0, 9)) lower += static_cast<char>(c | 32);
    if (lower == "nan") {
      number = std::nan("");
    } else if (lower == "inf" || lower == "infinity") {
      number = negative ? -HUGE_VAL : HUGE_VAL;
    } else {
      return false;
    }
    return true;
  }
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ptr != digits.data() + digits.size()) return false;
  if (read.ec == std::errc::result_out_of_range) {
    // Too small is zero, too large is refused.
    number = std::strtod(std::string(digits).c_str(), nullptr);
    if (std::isinf(number)) return false;
  } else if (read.ec != std::errc()) {
    return false;
  }
  if (negative) number = -number;
  return true;
}

bool IsAscii(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080ULL) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) > 127) return false;
  }
  return true;
}

std::size_t ByteOffset(std::string_view text, std::int64_t index) {
  if (index < 0) return text.npos;
  std::int64_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (seen++ == index) return at;
  }
  return seen == index ? text.size() : text.npos;
}

}  // namespace insightd::cel
