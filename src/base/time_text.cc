#include "base/time_text.h"

#include <fmt/format.h>

#include <chrono>

namespace insightd {

TimeText::TimeText(Time time, Fraction fraction) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  // Not `time - day`: the day on which time begins has no number of microseconds.
  constexpr std::int64_t kDayMicros = microseconds(std::chrono::days(1)).count();
  const std::int64_t since_midnight = time.time_since_epoch().count() % kDayMicros;
  const auto micros =
      static_cast<std::uint64_t>(since_midnight < 0 ? since_midnight + kDayMicros : since_midnight);
  const auto second_of_day = static_cast<unsigned>(micros / 1'000'000);
  const auto rest = static_cast<unsigned>(micros % 1'000'000);

  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) {
    for (const char c : fmt::format("{:04}", year)) Put(c);
  } else {
    PutTwo(static_cast<unsigned>(year) / 100);
    PutTwo(static_cast<unsigned>(year) % 100);
  }
  Put('-');
  PutTwo(static_cast<unsigned>(date.month()));
  Put('-');
  PutTwo(static_cast<unsigned>(date.day()));
  Put('T');
  PutTwo(second_of_day / 3600);
  Put(':');
  PutTwo(second_of_day / 60 % 60);
  Put(':');
  PutTwo(second_of_day % 60);
  if (fraction == Fraction::kSixDigits || (fraction == Fraction::kShort && rest != 0)) {
    Put('.');
    PutTwo(rest / 10'000);
    PutTwo(rest / 100 % 100);
    PutTwo(rest % 100);
    while (fraction == Fraction::kShort && text_[size_ - 1] == '0') --size_;
  }
  Put('Z');
}

// Below 100.
void TimeText::PutTwo(unsigned value) {
  Put(static_cast<char>('0' + value / 10));
  Put(static_cast<char>('0' + value % 10));
}

}  // namespace insightd
