#include "base/clock.h"

#include <gtest/gtest.h>

namespace insightd {
namespace {

TEST(TimeTest, ReadsWhatItWrites) {
  for (const char* text :
       {"2026-08-01T10:00:00.123456Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T00:00:00.000000Z",
        "0000-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"}) {
    ASSERT_TRUE(ParseTime(text)) << text;
    EXPECT_EQ(FormatTime(*ParseTime(text)), text);
  }
}

TEST(TimeTest, ConvertsOffsetsAndCutsToMicroseconds) {
  EXPECT_EQ(FormatTime(*ParseTime("2020-01-23T16:15:59.478901889+02:00")),
            "2020-01-23T14:15:59.478901Z");
  EXPECT_EQ(FormatTimeSeconds(*ParseTime("2020-01-23T16:15:59.9-00:30")), "2020-01-23T16:45:59Z");
}

TEST(TimeTest, WritesYearsThatTakeMoreThanFourDigits) {
  const auto midnight = [](int year) {
    return Time(std::chrono::sys_days(std::chrono::year(year) / 3 / 4));
  };
  EXPECT_EQ(FormatTimeSeconds(midnight(12345)), "12345-03-04T00:00:00Z");
  EXPECT_EQ(FormatTimeSeconds(midnight(-5)), "-005-03-04T00:00:00Z");
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2020-01-23", "2020-01-23T16:15:59", "2020-02-30T00:00:00Z",
                           "2020-01-23T24:00:00Z", "2020-01-23T16:15:59.Z", "2020-1-2T1:1:1Z",
                           "2020-01-23T16:15:59Zx", "2020-01-23T16:15:59+2:00"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

}  // namespace
}  // namespace insightd
