#include "app/compat/go_config/value.h"

#include <gtest/gtest.h>

namespace insightd::app::go {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(GoValueTest, TextsStandForNumbersAndBooleans) {
  EXPECT_EQ(ToInteger(std::string("5432")), 5432);
  EXPECT_EQ(ToInteger(std::string("-0x10")), -16);
  EXPECT_EQ(ToInteger(std::string()), 0);
  EXPECT_EQ(ToInteger(true), 1);
  EXPECT_EQ(ToInteger(2.9), 2);
  EXPECT_EQ(ToInteger(std::string("54x")), std::nullopt);
  for (const char* word : {"1", "t", "TRUE", "True"}) EXPECT_EQ(ToBool(std::string(word)), true);
  for (const char* word : {"0", "F", "false", ""}) EXPECT_EQ(ToBool(std::string(word)), false);
  EXPECT_EQ(ToBool(std::string("yes")), std::nullopt);
  EXPECT_EQ(ToBool(std::int64_t{7}), true);
  EXPECT_EQ(ToText(std::int64_t{7}), "7");
  EXPECT_EQ(ToText(true), "1");
  EXPECT_EQ(ToText(Value()), std::nullopt);
}

TEST(GoValueTest, ATimeHasUnitsOrCountsNanoseconds) {
  EXPECT_EQ(ParseDuration("30s"), 30s);
  EXPECT_EQ(ParseDuration("1h30m"), 90min);
  EXPECT_EQ(ParseDuration("-1.5s"), -1500ms);
  EXPECT_EQ(ParseDuration("100ms"), 100ms);
  EXPECT_EQ(ParseDuration("2us"), 2us);
  EXPECT_EQ(ParseDuration("300"), 300ns);
  EXPECT_EQ(ParseDuration(""), 0ns);
  EXPECT_EQ(ToDuration(std::int64_t{5'000'000'000}), nanoseconds(5s));
  for (const char* wrong : {"s", "5 s", "5x", "1.2.3s", "-", "9999999999h"}) {
    EXPECT_EQ(ParseDuration(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(ToDuration(true), std::nullopt);
}

}  // namespace
}  // namespace insightd::app::go
