#include "announce/announcement.h"

namespace insightd::announce {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;

// Takes from the front of a text; every call says whether it could.
class Taker {
 public:
  explicit Taker(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Char(char wanted) {
    if (Peek() != wanted || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Any() { rest_.remove_prefix(1); }
  bool Number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  // Digits of a fraction, cut to microseconds.
  bool Fraction(int& micros) {
    micros = 0;
    int scale = 100'000;
    bool any = false;
    while (Peek() >= '0' && Peek() <= '9') {
      micros += (Peek() - '0') * scale;
      scale /= 10;
      any = true;
      Any();
    }
    return any;
  }

 private:
  std::string_view rest_;
};

std::optional<sys_days> TakeDate(Taker& taker) {
  int year = 0;
  if (!taker.Number(4, year) || year < 1) return std::nullopt;
  const bool extended = taker.Char('-');
  if (taker.Char('W')) {
    int week = 0;
    int weekday = 1;
    if (!taker.Number(2, week) || week < 1 || week > 53) return std::nullopt;
    const bool has_day = extended ? taker.Char('-') : taker.Peek() >= '1' && taker.Peek() <= '7';
    if (has_day && (!taker.Number(1, weekday) || weekday < 1 || weekday > 7)) return std::nullopt;
    // The first week is the one with 4 January in it.
    const sys_days fourth = std::chrono::year(year) / std::chrono::January / 4;
    const unsigned iso_weekday = std::chrono::weekday(fourth).iso_encoding();
    return fourth - days(iso_weekday - 1) + days((week - 1) * 7 + weekday - 1);
  }
  int month = 0;
  int day = 0;
  if (!taker.Number(2, month)) return std::nullopt;
  if (extended && !taker.Char('-')) return std::nullopt;
  if (!taker.Number(2, day)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

// Hours, then as many of minutes, seconds and fraction as are there.
std::optional<microseconds> TakeClock(Taker& taker) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
  if (!taker.Number(2, hour)) return std::nullopt;
  const bool extended = taker.Peek() == ':';
  const auto more = [&] {
    return extended ? taker.Char(':') : taker.Peek() >= '0' && taker.Peek() <= '9';
  };
  if (more()) {
    if (!taker.Number(2, minute)) return std::nullopt;
    if (more()) {
      if (!taker.Number(2, second)) return std::nullopt;
      if ((taker.Char('.') || taker.Char(',')) && !taker.Fraction(micros)) return std::nullopt;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return hours(hour) + minutes(minute) + seconds(second) + microseconds(micros);
}

}  // namespace

std::optional<Time> ParseIsoTime(std::string_view text) {
  Taker taker(text);
  const std::optional<sys_days> date = TakeDate(taker);
  if (!date) return std::nullopt;
  Time time = *date;
  if (taker.empty()) return time;
  taker.Any();  // Any one character may stand between date and time.
  const std::optional<microseconds> clock = TakeClock(taker);
  if (!clock) return std::nullopt;
  time += *clock;
  if (taker.empty()) return time;
  if (taker.Char('Z') || taker.Char('z')) return taker.empty() ? std::optional(time) : std::nullopt;
  const bool behind = taker.Peek() == '-';
  if (!taker.Char('-') && !taker.Char('+')) return std::nullopt;
  const std::optional<microseconds> offset = TakeClock(taker);
  if (!offset || !taker.empty()) return std::nullopt;
  return behind ? time + *offset : time - *offset;
}

}  // namespace insightd::announce
