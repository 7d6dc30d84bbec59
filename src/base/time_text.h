// A time as text that takes no memory of its own, for answers that hold hundreds of them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace insightd {

// How much of a second is told: nothing; six digits; as many of the six as say something.
enum class Fraction : std::uint8_t { kNone, kSixDigits, kShort };

// RFC 3339 in UTC with `Z`: "2026-08-01T10:00:00Z", "….123400Z", "….1234Z".
class TimeText {
 public:
  TimeText(Time time, Fraction fraction);

  std::string_view view() const { return {text_, size_}; }

 private:
  void Put(char c) { text_[size_++] = c; }
  void PutTwo(unsigned value);

  char text_[40];  // a year has seven characters at most
  std::uint8_t size_ = 0;
};

}  // namespace insightd
