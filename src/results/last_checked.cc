#include "results/last_checked.h"

#include <fmt/core.h>

#include <array>

namespace insightd::results {
namespace {

constexpr std::size_t kMicroDigits = 6;

struct Part {
  std::string_view before;   // literal text
  std::string_view element;  // of the layout
  int digits;
  int min;
  int max;
  std::string_view range_name;  // for numbers outside min and max
};

constexpr std::array<Part, 6> kParts = {{{"", "2006", 4, 0, 9999, "year"},
                                         {"-", "01", 2, 1, 12, "month"},
                                         {"-", "02", 2, 1, 31, "day"},
                                         {"T", "15", 2, 0, 23, "hour"},
                                         {":", "04", 2, 0, 59, "minute"},
                                         {":", "05", 2, 0, 59, "second"}}};

std::string CannotParse(std::string_view all, std::string_view rest, std::string_view element) {
  return fmt::format(
      "parsing time \"{}\" as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse \"{}\" as "
      "\"{}\"",
      all, rest, element);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Says at which element of the layout `all` goes wrong.
std::string WhatIsWrong(std::string_view all) {
  std::string_view rest = all;
  for (const Part& part : kParts) {
    if (!rest.starts_with(part.before)) return CannotParse(all, rest, part.before);
    rest.remove_prefix(part.before.size());
    int value = 0;
    for (int i = 0; i < part.digits; ++i) {
      if (static_cast<std::size_t>(i) >= rest.size() || !IsDigit(rest[i])) {
        return CannotParse(all, rest, part.element);
      }
      value = value * 10 + (rest[i] - '0');
    }
    if (value < part.min || value > part.max) {
      return fmt::format("parsing time \"{}\": {} out of range", all, part.range_name);
    }
    rest.remove_prefix(part.digits);
  }
  if (rest.size() > 1 && (rest[0] == '.' || rest[0] == ',') && IsDigit(rest[1])) {
    std::size_t end = 1;
    while (end < rest.size() && IsDigit(rest[end])) ++end;
    rest.remove_prefix(end);
  }
  if (rest.starts_with('Z')) {
    if (rest.size() > 1) {
      return fmt::format("parsing time \"{}\": extra text: \"{}\"", all, rest.substr(1));
    }
    return fmt::format("parsing time \"{}\": day out of range", all);
  }
  return CannotParse(all, rest, "Z07:00");
}

}  // namespace

std::optional<Time> ParseRounded(std::string_view text) {
  std::optional<Time> time = ParseTime(text);
  const std::size_t point = text.find('.');
  if (!time || point == text.npos) return time;
  const std::size_t end = text.find_first_not_of("0123456789", point + 1);
  const std::string_view fraction = text.substr(point + 1, end - point - 1);
  if (fraction.size() > kMicroDigits && fraction[kMicroDigits] >= '5') *time += microseconds(1);
  return time;
}

insightd::Result<Time> ParseLastChecked(std::string_view text) {
  const std::optional<Time> time = ParseRounded(text);
  if (!time) return Fail(Code::kInvalid, WhatIsWrong(text));
  return *time;
}

}  // namespace insightd::results
