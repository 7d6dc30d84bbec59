#include "base/time_text.h"

#include <gtest/gtest.h>

#include <string>

namespace insightd {
namespace {

std::string Told(const char* text, Fraction fraction) {
  return std::string(TimeText(*ParseTime(text), fraction).view());
}

TEST(TimeTextTest, TellsAsMuchOfASecondAsIsAskedFor) {
  const char* const time = "2021-09-20T01:02:03.120400Z";
  EXPECT_EQ(Told(time, Fraction::kNone), "2021-09-20T01:02:03Z");
  EXPECT_EQ(Told(time, Fraction::kSixDigits), time);
  EXPECT_EQ(Told(time, Fraction::kShort), "2021-09-20T01:02:03.1204Z");
}

TEST(TimeTextTest, LeavesNoDigitsThatSayNothing) {
  EXPECT_EQ(Told("2021-09-20T23:59:50Z", Fraction::kShort), "2021-09-20T23:59:50Z");
  EXPECT_EQ(Told("2021-09-20T10:11:10.5Z", Fraction::kShort), "2021-09-20T10:11:10.5Z");
  EXPECT_EQ(Told("2021-09-20T10:11:10.000001Z", Fraction::kShort), "2021-09-20T10:11:10.000001Z");
}

TEST(TimeTextTest, TellsTheFirstAndTheLastTimeThereIs) {
  // Not its year, which the calendar counts to 32767.
  EXPECT_TRUE(
      TimeText(Time::min(), Fraction::kSixDigits).view().ends_with("-12-21T19:59:05.224192Z"));
  EXPECT_TRUE(
      TimeText(Time::max(), Fraction::kSixDigits).view().ends_with("-01-10T04:00:54.775807Z"));
}

TEST(TimeTextTest, TellsTimesBefore1970) {
  EXPECT_EQ(Told("1969-12-31T23:59:59.999999Z", Fraction::kSixDigits),
            "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Told("0001-01-01T00:00:00Z", Fraction::kShort), "0001-01-01T00:00:00Z");
}

}  // namespace
}  // namespace insightd
