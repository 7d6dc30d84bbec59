// Time as a door to the outside world: handed in, so that a test or a simulation owns it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace insightd {

// A point in time: UTC, microseconds since 1970.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock: what is written into messages and tables.
  virtual Time Now() const = 0;
  // Never goes back; for durations and deadlines. Its zero means nothing.
  virtual microseconds Steady() const = 0;
};

// The machine's own clock; lives as long as the process.
const Clock& SystemClock();

// "2026-08-01T10:00:00.123456Z": always UTC with `Z`; the fraction with six digits.
std::string FormatTime(Time time);
// "2026-08-01T10:00:00Z": whole seconds, the fraction dropped.
std::string FormatTimeSeconds(Time time);
// RFC 3339 with any number of fractional digits (cut to microseconds) and `Z` or an offset, which
// is converted. Nothing for anything else.
std::optional<Time> ParseTime(std::string_view text);

}  // namespace insightd
