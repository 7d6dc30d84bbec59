// Timestamps and durations of the language: their texts, the calendar, time zones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace insightd::cel {

// RFC 3339: "2026-08-01T10:00:00.5Z", with `Z` or an offset, up to nanoseconds; years 1 to 9999.
std::optional<Instant> ParseTimestamp(std::string_view text);
// As Go has it: "1h30m", "-1.5s", units h m s ms us (µs) ns. Nothing when out of range.
std::optional<Instant> ParseDuration(std::string_view text);

bool IsTimestampInRange(Instant at);
bool IsDurationInRange(Instant length);

// Of values within their ranges; the result may be out of them.
Instant Sum(Instant a, Instant b);
Instant Difference(Instant a, Instant b);

// A time on the clock of some zone.
struct CivilTime {
  std::int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
  int hour;
  int minute;
  int second;
  int day_of_week;  // Sunday is 0
  int day_of_year;  // 1 January is 0
};
CivilTime ToCivil(Instant at, std::int64_t offset_seconds);
std::int64_t DaysFromCivil(std::int64_t year, int month, int day);

// Seconds east of UTC at that time. `zone` is "UTC", a name of the zone database
// ("America/New_York") or an offset ("+02:00", "-3:30", "02:00"). Nothing for any other text.
// The database of the system is read once for each zone and kept.
std::optional<std::int64_t> ZoneOffset(std::string_view zone, Instant at);

}  // namespace insightd::cel
