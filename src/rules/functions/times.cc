// since(t, now), until(t, now): how long ago, how long still.
#include <chrono>
#include <optional>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Instant;
using cel::Type;
using cel::Value;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// What until() gives for a time that cannot be read: "expires within" is false then.
constexpr std::int64_t kUnreadableSeconds = std::int64_t{100} * 365 * 24 * 3600;

// Digits at a fixed place.
bool ReadDigits(std::string_view text, std::size_t at, std::size_t count, int& number) {
  number = 0;
  if (text.size() < at + count) return false;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (text[i] - '0');
  }
  return true;
}

// `Z` or ±hh:mm, and nothing behind it; seconds east of UTC.
bool ReadZone(std::string_view text, int& east_s) {
  east_s = 0;
  if (text == "Z") return true;
  int hours = 0, minutes = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
      !ReadDigits(text, 1, 2, hours) || !ReadDigits(text, 4, 2, minutes) || hours > 23 ||
      minutes > 59) {
    return false;
  }
  east_s = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
  return true;
}

// YYYY-MM-DDThh:mm:ss, a fraction or none, a zone.
std::optional<Instant> ReadTime(std::string_view text) {
  int year, month, day, hour, minute, second;
  if (!ReadDigits(text, 0, 4, year) || !ReadDigits(text, 5, 2, month) ||
      !ReadDigits(text, 8, 2, day) || !ReadDigits(text, 11, 2, hour) ||
      !ReadDigits(text, 14, 2, minute) || !ReadDigits(text, 17, 2, second) || text[4] != '-' ||
      text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  text.remove_prefix(19);
  std::uint32_t nanoseconds = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    for (std::uint32_t unit = kNanosecondsPerSecond / 10; !text.empty(); unit /= 10) {
      if (text[0] < '0' || text[0] > '9') break;
      nanoseconds += static_cast<std::uint32_t>(text[0] - '0') * unit;
      text.remove_prefix(1);
    }
  }
  int east_s;
  if (!ReadZone(text, east_s)) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Instant{((days * 24 + hour) * 60 + minute) * 60 + second - east_s, nanoseconds};
}

std::optional<Instant> TimeOf(const Value& value) {
  if (value.is_timestamp()) return value.AsInstant();
  if (value.is_string()) return ReadTime(value.AsString());
  return std::nullopt;
}

Value Difference(Instant from, Instant to) {
  std::int64_t seconds = to.seconds - from.seconds;
  std::int64_t nanoseconds =
      static_cast<std::int64_t>(to.nanoseconds) - static_cast<std::int64_t>(from.nanoseconds);
  if (nanoseconds < 0) {
    nanoseconds += kNanosecondsPerSecond;
    --seconds;
  }
  return Value::Duration({seconds, static_cast<std::uint32_t>(nanoseconds)});
}

Value Since(cel::Context&, const Value* args, const void*) {
  const std::optional<Instant> time = TimeOf(args[0]);
  const std::optional<Instant> now = TimeOf(args[1]);
  return time && now ? Difference(*time, *now) : Value::DurationOfSeconds(0);
}

Value Until(cel::Context&, const Value* args, const void*) {
  const std::optional<Instant> time = TimeOf(args[0]);
  const std::optional<Instant> now = TimeOf(args[1]);
  return time && now ? Difference(*now, *time) : Value::DurationOfSeconds(kUnreadableSeconds);
}

}  // namespace

void AddTimes(cel::Environment& environment) {
  environment.AddFunction({"since", {{{Type::Dyn(), Type::Dyn()}, Type::Duration(), Since}}});
  environment.AddFunction({"until", {{{Type::Dyn(), Type::Dyn()}, Type::Duration(), Until}}});
}

}  // namespace insightd::rules
