#include "app/health/standby.h"

#include <gtest/gtest.h>

namespace insightd::app {
namespace {

constexpr microseconds kLong = Standby::kAfter;

TEST(StandbyTest, TellsOnceOfAProcessThatHasNoPartition) {
  Standby standby("announcements", "pipelines");
  EXPECT_FALSE(standby.Look(true, seconds(5)));
  EXPECT_FALSE(standby.Look(true, seconds(4) + kLong)) << "partitions may be on their way";
  EXPECT_TRUE(standby.Look(true, seconds(5) + kLong));
  EXPECT_FALSE(standby.Look(true, seconds(90) + kLong));
}

TEST(StandbyTest, TellsAgainWhenItHadOneMeanwhile) {
  Standby standby("announcements", "pipelines");
  EXPECT_FALSE(standby.Look(true, seconds(0)));
  EXPECT_TRUE(standby.Look(true, kLong));
  EXPECT_FALSE(standby.Look(false, kLong + seconds(5)));
  EXPECT_FALSE(standby.Look(true, kLong + seconds(10)));
  EXPECT_TRUE(standby.Look(true, 2 * kLong + seconds(10)));
}

TEST(StandbyTest, WhoReadsNothingNeverStandsBy) {
  Standby standby("", "");
  EXPECT_FALSE(standby.Look(true, seconds(0)));
  EXPECT_FALSE(standby.Look(true, 2 * kLong));
}

}  // namespace
}  // namespace insightd::app
