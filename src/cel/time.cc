#include "cel/time.h"

#include <fmt/format.h>

#include <algorithm>

namespace insightd::cel {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

// The range of durations is 79 bits of nanoseconds.
__extension__ using Wide = __int128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `digits` digits from the front.
bool TakeNumber(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!IsDigit(text[i])) return false;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// ".5", up to nine digits that count; what is behind them must be digits too.
bool TakeFraction(std::string_view& text, std::uint32_t& nanoseconds) {
  nanoseconds = 0;
  if (!Take(text, '.')) return true;
  if (text.empty() || !IsDigit(text.front())) return false;
  std::uint32_t unit = kNanosPerSecond / 10;
  for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1), unit /= 10) {
    nanoseconds += unit * static_cast<std::uint32_t>(text.front() - '0');
  }
  return true;
}

std::string Fraction(std::uint32_t nanoseconds) {
  if (nanoseconds == 0) return {};
  std::string digits = fmt::format(".{:09}", nanoseconds);
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

}  // namespace

std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  // Years that begin in March, so that the leap day is the last; eras of 400 years.
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilTime ToCivil(Instant at, std::int64_t offset_seconds) {
  const std::int64_t seconds = at.seconds + offset_seconds;
  std::int64_t days = seconds / kSecondsPerDay;
  std::int64_t rest = seconds % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  CivilTime civil;
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.second = static_cast<int>(rest % 60);
  civil.day_of_week = static_cast<int>(((days + 4) % 7 + 7) % 7);

  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  civil.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  civil.day_of_year = static_cast<int>(days - DaysFromCivil(civil.year, 1, 1));
  return civil;
}

std::optional<Instant> ParseTimestamp(std::string_view text) {
  int year, month, day, hour, minute, second;
  if (!TakeNumber(text, 4, year) || !Take(text, '-') || !TakeNumber(text, 2, month) ||
      !Take(text, '-') || !TakeNumber(text, 2, day) || (!Take(text, 'T') && !Take(text, 't')) ||
      !TakeNumber(text, 2, hour) || !Take(text, ':') || !TakeNumber(text, 2, minute) ||
      !Take(text, ':') || !TakeNumber(text, 2, second)) {
    return std::nullopt;
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  Instant at;
  if (!TakeFraction(text, at.nanoseconds)) return std::nullopt;
  std::int64_t offset = 0;
  if (!Take(text, 'Z') && !Take(text, 'z')) {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const bool west = text[0] == '-';
    text.remove_prefix(1);
    int hours, minutes;
    if (!TakeNumber(text, 2, hours) || !Take(text, ':') || !TakeNumber(text, 2, minutes) ||
        hours > 23 || minutes > 59) {
      return std::nullopt;
    }
    offset = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  }
  if (!text.empty()) return std::nullopt;
  at.seconds = DaysFromCivil(year, month, day) * kSecondsPerDay + hour * 3600 + minute * 60 +
               second - offset;
  if (!IsTimestampInRange(at)) return std::nullopt;
  return at;
}

std::optional<Instant> ParseDuration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Instant{};
  if (text.empty()) return std::nullopt;
  Wide total = 0;
  while (!text.empty()) {
    Wide whole = 0;
    std::size_t digits = 0;
    for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1), ++digits) {
      if (digits > 20) return std::nullopt;
      whole = whole * 10 + (text.front() - '0');
    }
    Wide fraction = 0;
    Wide scale = 1;
    if (Take(text, '.')) {
      for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1), ++digits) {
        if (scale >= 1'000'000'000'000'000) continue;
        fraction = fraction * 10 + (text.front() - '0');
        scale *= 10;
      }
    }
    if (digits == 0) return std::nullopt;
    std::size_t unit_end = 0;
    while (unit_end < text.size() && text[unit_end] != '.' && !IsDigit(text[unit_end])) ++unit_end;
    const std::string_view unit = text.substr(0, unit_end);
    text.remove_prefix(unit_end);
    std::int64_t nanoseconds;
    if (unit == "h") {
      nanoseconds = 3600 * kNanosPerSecond;
    } else if (unit == "m") {
      nanoseconds = 60 * kNanosPerSecond;
    } else if (unit == "s") {
      nanoseconds = kNanosPerSecond;
    } else if (unit == "ms") {
      nanoseconds = 1'000'000;
    } else if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") {
      nanoseconds = 1'000;
    } else if (unit == "ns") {
      nanoseconds = 1;
    } else {
      return std::nullopt;
    }
    total += whole * nanoseconds + fraction * nanoseconds / scale;
    if (total > Wide{kDurationSecondsMax} * kNanosPerSecond) return std::nullopt;
  }
  if (negative) total = -total;
  Wide seconds = total / kNanosPerSecond;
  Wide rest = total % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  return Instant{static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(rest)};
}

bool IsTimestampInRange(Instant at) {
  return at.seconds >= kTimestampSecondsMin && at.seconds <= kTimestampSecondsMax;
}

bool IsDurationInRange(Instant length) {
  return length.seconds >= -kDurationSecondsMax && length.seconds <= kDurationSecondsMax;
}

Instant Sum(Instant a, Instant b) {
  Instant sum;
  sum.seconds = a.seconds + b.seconds;
  const std::int64_t nanoseconds = std::int64_t{a.nanoseconds} + b.nanoseconds;
  sum.seconds += nanoseconds / kNanosPerSecond;
  sum.nanoseconds = static_cast<std::uint32_t>(nanoseconds % kNanosPerSecond);
  return sum;
}

Instant Difference(Instant a, Instant b) {
  Instant difference;
  difference.seconds = a.seconds - b.seconds;
  std::int64_t nanoseconds = std::int64_t{a.nanoseconds} - b.nanoseconds;
  if (nanoseconds < 0) {
    nanoseconds += kNanosPerSecond;
    --difference.seconds;
  }
  difference.nanoseconds = static_cast<std::uint32_t>(nanoseconds);
  return difference;
}

std::string FormatTimestamp(Instant at) {
  const CivilTime civil = ToCivil(at, 0);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", civil.year, civil.month, civil.day,
                     civil.hour, civil.minute, civil.second, Fraction(at.nanoseconds));
}

std::string FormatDuration(Instant length) {
  if (length.seconds >= 0) {
    return fmt::format("{}{}s", length.seconds, Fraction(length.nanoseconds));
  }
  // -1.5 s is held as -2 s and half a second added.
  if (length.nanoseconds == 0) return fmt::format("{}s", length.seconds);
  return fmt::format("-{}{}s", -(length.seconds + 1),
                     Fraction(static_cast<std::uint32_t>(kNanosPerSecond - length.nanoseconds)));
}

}  // namespace insightd::cel
