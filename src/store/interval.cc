#include "store/interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/text.h"

namespace insightd::store {
namespace {

// Longer ones reach behind all times that there are.
constexpr double kYearsMax = 10'000;
constexpr std::int64_t kSecondsOfDay = 86'400;

struct Unit {
  std::string_view name;
  double months;
  double days;
  double seconds;
};

constexpr std::array<Unit, 41> kUnits = {{
    {"us", 0, 0, 1e-6},
    {"usec", 0, 0, 1e-6},
    {"usecs", 0, 0, 1e-6},
    {"microsecond", 0, 0, 1e-6},
    {"microseconds", 0, 0, 1e-6},
    {"ms", 0, 0, 1e-3},
    {"msec", 0, 0, 1e-3},
    {"msecs", 0, 0, 1e-3},
    {"millisecond", 0, 0, 1e-3},
    {"milliseconds", 0, 0, 1e-3},
    {"s", 0, 0, 1},
    {"sec", 0, 0, 1},
    {"secs", 0, 0, 1},
    {"second", 0, 0, 1},
    {"seconds", 0, 0, 1},
    {"m", 0, 0, 60},
    {"min", 0, 0, 60},
    {"mins", 0, 0, 60},
    {"minute", 0, 0, 60},
    {"minutes", 0, 0, 60},
    {"h", 0, 0, 3600},
    {"hr", 0, 0, 3600},
    {"hrs", 0, 0, 3600},
    {"hour", 0, 0, 3600},
    {"hours", 0, 0, 3600},
    {"d", 0, 1, 0},
    {"day", 0, 1, 0},
    {"days", 0, 1, 0},
    {"w", 0, 7, 0},
    {"week", 0, 7, 0},
    {"weeks", 0, 7, 0},
    {"mon", 1, 0, 0},
    {"mons", 1, 0, 0},
    {"month", 1, 0, 0},
    {"months", 1, 0, 0},
    {"y", 12, 0, 0},
    {"yr", 12, 0, 0},
    {"yrs", 12, 0, 0},
    {"year", 12, 0, 0},
    {"years", 12, 0, 0},
    {"decade", 120, 0, 0},
}};

const Unit* FindUnit(std::string_view name) {
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& unit) { return unit.name == name; });
  return found == kUnits.end() ? nullptr : found;
}

Error Wrong(std::string_view text) {
  return {Code::kInvalid,
          fmt::format("`{}` is no age: write a number and a unit, such as \"90 days\"", text)};
}

// "36:00", "1:30:15".
bool AddTimeOfDay(const std::string& word, Interval& into) {
  const bool negative = word.starts_with('-');
  double seconds = 0;
  int parts = 0;
  const char* at = word.c_str() + (negative ? 1 : 0);
  for (; parts < 3; ++parts) {
    if (*at < '0' || *at > '9') return false;
    char* end = nullptr;
    seconds = seconds * 60 + std::strtod(at, &end);
    at = end;
    if (*at != ':') break;
    ++at;
  }
  if (*at != '\0' || parts == 0 || parts == 3) return false;
  if (parts == 1) seconds *= 60;
  if (seconds > kYearsMax * 366 * kSecondsOfDay) return false;
  into.time += microseconds(std::llround((negative ? -seconds : seconds) * 1e6));
  return true;
}

// What is left of months goes into days of which a month has thirty, and of days into time.
bool Add(double number, const Unit& unit, Interval& into) {
  double months = number * unit.months;
  if (std::fabs(months) > kYearsMax * 12 || std::fabs(number * unit.days) > kYearsMax * 366 ||
      std::fabs(number * unit.seconds) > kYearsMax * 366 * kSecondsOfDay) {
    return false;
  }
  double whole_months = 0;
  double days = number * unit.days + std::modf(months, &whole_months) * 30;
  double whole_days = 0;
  const double seconds = number * unit.seconds + std::modf(days, &whole_days) * kSecondsOfDay;
  into.months += static_cast<std::int64_t>(whole_months);
  into.days += static_cast<std::int64_t>(whole_days);
  into.time += microseconds(std::llround(seconds * 1e6));
  return true;
}

}  // namespace

Result<Interval> ParseInterval(std::string_view text) {
  Interval interval;
  bool any = false;
  std::string rest(Stripped(text));
  std::transform(rest.begin(), rest.end(), rest.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const char* at = rest.c_str();
  const auto skip_blanks = [&at] {
    while (*at == ' ' || *at == '\t' || *at == ',') ++at;
  };
  for (skip_blanks(); *at != '\0'; skip_blanks()) {
    const std::string word(at, std::find_if(at, rest.c_str() + rest.size(),
                                            [](char c) { return c == ' ' || c == '\t'; }));
    if (word.find(':') != std::string::npos) {
      if (!AddTimeOfDay(word, interval)) return Fail(Wrong(text));
      at += word.size();
      any = true;
      continue;
    }
    const bool starts_number = (*at >= '0' && *at <= '9') || *at == '.' || *at == '-' || *at == '+';
    char* end = nullptr;
    const double number = std::strtod(at, &end);
    if (!starts_number || end == at || !std::isfinite(number)) return Fail(Wrong(text));
    at = end;
    skip_blanks();
    const char* const name = at;
    while (*at >= 'a' && *at <= 'z') ++at;
    // A bare number is seconds.
    const Unit* unit = name == at && *at == '\0' ? FindUnit("s") : FindUnit({name, at});
    if (unit == nullptr || !Add(number, *unit, interval)) return Fail(Wrong(text));
    any = true;
  }
  if (!any) return Fail(Wrong(text));
  return interval;
}

Time Before(Time time, const Interval& interval) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const microseconds of_day = time - day;
  std::chrono::year_month_day date(day);
  date -= std::chrono::months(interval.months);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return Time(std::chrono::sys_days(date)) + of_day - std::chrono::days(interval.days) -
         interval.time;
}

}  // namespace insightd::store
