#include "store/interval.h"

#include <gtest/gtest.h>

namespace insightd::store {
namespace {

Interval Of(std::string_view text) {
  const auto interval = ParseInterval(text);
  EXPECT_TRUE(interval) << text;
  return interval.value_or(Interval{});
}

std::string BeforeText(std::string_view at, std::string_view age) {
  return FormatTime(Before(*ParseTime(at), Of(age)));
}

TEST(Interval, AnAgeIsNumbersWithUnits) {
  EXPECT_EQ(Of("90 days").days, 90);
  EXPECT_EQ(Of("90days").days, 90);
  EXPECT_EQ(Of("  1 Week 2 DAYS ").days, 9);
  EXPECT_EQ(Of("1 year 6 mons").months, 18);
  EXPECT_EQ(Of("36 hours").time, std::chrono::hours(36));
  EXPECT_EQ(Of("1.5 days").days, 1);
  EXPECT_EQ(Of("1.5 days").time, std::chrono::hours(12));
  EXPECT_EQ(Of("90").time, seconds(90));
}

TEST(Interval, ATimeOfDayCountsHoursAndMinutes) {
  EXPECT_EQ(Of("36:00").time, std::chrono::hours(36));
  EXPECT_EQ(Of("1 day 01:30:15.5").time, milliseconds(5'415'500));
  EXPECT_EQ(Of("-1:00").time, -std::chrono::hours(1));
}

TEST(Interval, WhatIsNoAgeIsRefusedWithAnExample) {
  for (const char* text : {"", "  ", "days", "90 dayz", "x 3 days", "1:2:3:4",
                           "99999999999999 years", "3 days ago x", "nan days", "1:", "inf"}) {
    const auto interval = ParseInterval(text);
    ASSERT_FALSE(interval) << text;
    EXPECT_EQ(interval.error().code(), Code::kInvalid);
    EXPECT_NE(interval.error().message().find("90 days"), std::string::npos);
  }
}

TEST(Interval, MonthsAndDaysAreThoseOfTheCalendar) {
  EXPECT_EQ(BeforeText("2026-03-31T12:00:00Z", "1 month"), "2026-02-28T12:00:00.000000Z");
  EXPECT_EQ(BeforeText("2024-03-31T12:00:00Z", "1 month"), "2024-02-29T12:00:00.000000Z");
  EXPECT_EQ(BeforeText("2026-03-01T00:30:00Z", "1 day 1 hour"), "2026-02-27T23:30:00.000000Z");
  EXPECT_EQ(BeforeText("2026-01-15T00:00:00Z", "2 years"), "2024-01-15T00:00:00.000000Z");
}

}  // namespace
}  // namespace insightd::store
