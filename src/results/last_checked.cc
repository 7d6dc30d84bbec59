#include "results/last_checked.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace insightd::results {
namespace {

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

// What is behind the microseconds rounds them, as PostgreSQL does.
bool RoundsUp(std::string_view text) {
  const std::size_t seventh = text.find('.') + 7;  // behind the point, where there is one
  return seventh >= 7 && seventh < text.size() && text[seventh] >= '5' && IsDigit(text[seventh]) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(seventh) - 6,
                     text.begin() + static_cast<std::ptrdiff_t>(seventh), IsDigit);
}

}  // namespace

insightd::Result<Time> ParseLastChecked(std::string_view text) {
  const std::optional<Time> time = ParseTime(text);
  if (!time) return Fail(Code::kInvalid, WhatIsWrong(text));
  return RoundsUp(text) ? *time + microseconds(1) : *time;
}

}  // namespace insightd::results
