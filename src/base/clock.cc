#include "base/clock.h"

#include "base/time_text.h"

namespace insightd {
namespace {

class MachineClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
  }
  microseconds Steady() const override {
    return std::chrono::duration_cast<microseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
};

// Takes exactly `digits` digits from the front; -1 when they are not there.
int TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool Take(std::string_view& text, char wanted) {
  if (text.empty() || text[0] != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// "Z" or "+02:00", to the end of the text.
std::optional<std::chrono::minutes> TakeOffset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  const int sign = Take(text, '+') ? 1 : Take(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  const int hours = TakeNumber(text, 2);
  if (hours < 0 || hours > 23 || !Take(text, ':')) return std::nullopt;
  const int minutes = TakeNumber(text, 2);
  if (minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return std::chrono::minutes(sign * (hours * 60 + minutes));
}

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

std::string FormatTime(Time time) {
  return std::string(TimeText(time, Fraction::kSixDigits).view());
}

std::string FormatTimeSeconds(Time time) {
  return std::string(TimeText(time, Fraction::kNone).view());
}

std::optional<Time> ParseTime(std::string_view text) {
  const int year = TakeNumber(text, 4);
  if (year < 0 || !Take(text, '-')) return std::nullopt;
  const int month = TakeNumber(text, 2);
  if (month < 0 || !Take(text, '-')) return std::nullopt;
  const int day = TakeNumber(text, 2);
  if (day < 0 || (!Take(text, 'T') && !Take(text, 't'))) return std::nullopt;
  const int hour = TakeNumber(text, 2);
  if (hour < 0 || hour > 23 || !Take(text, ':')) return std::nullopt;
  const int minute = TakeNumber(text, 2);
  if (minute < 0 || minute > 59 || !Take(text, ':')) return std::nullopt;
  const int second = TakeNumber(text, 2);
  if (second < 0 || second > 59) return std::nullopt;

  int micros = 0;
  if (Take(text, '.')) {
    int digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits) {
      if (digits < 6) micros = micros * 10 + (text[0] - '0');
      text.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) micros *= 10;
  }
  const auto offset = TakeOffset(text);
  if (!offset) return std::nullopt;

  const auto date = std::chrono::year(year) / month / day;
  if (!date.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second) + microseconds(micros) - *offset;
}

}  // namespace insightd
