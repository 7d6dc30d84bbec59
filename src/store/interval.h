// Ages as people write them: "90 days", "1 year 6 months", "36:00", "2 weeks 3 days".
//
// The part of PostgreSQL's syntax of intervals that is used for ages: numbers with a unit
// (microseconds up to years, short or long, with a fraction) and one time of day, in any order.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::store {

// As PostgreSQL keeps it: a month and a day have no fixed length.
struct Interval {
  std::int64_t months = 0;
  std::int64_t days = 0;
  microseconds time{0};
};

// kInvalid, with what is wrong, for anything else.
Result<Interval> ParseInterval(std::string_view text);

// In the calendar: a month before 31 March is the last day of February.
Time Before(Time time, const Interval& interval);

}  // namespace insightd::store
