#include "app/health/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/manual_clock.h"

namespace insightd::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HealthTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  Health health_{clock_};
};

TEST_F(HealthTest, IsNotReadyBeforeItServesNorWhenItStops) {
  EXPECT_FALSE(health_.Look().ready());
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("process: starting\n"));
  health_.SetPhase(Health::Phase::kServing);
  EXPECT_TRUE(health_.Look().ready());
  health_.SetPhase(Health::Phase::kStopping);
  health_.SetPhase(Health::Phase::kServing);
  EXPECT_FALSE(health_.Look().ready()) << "who stops does not serve again";
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("process: stopping\n"));
}

TEST_F(HealthTest, SaysWhatIsAwaySinceWhenAndWhy) {
  health_.SetPhase(Health::Phase::kServing);
  health_.Good("bus");
  health_.Good("store");
  const std::string since = FormatTimeSeconds(clock_.Now());
  health_.Away("store", "cannot connect");
  clock_.Advance(seconds(30));
  health_.Away("store", "connection refused");
  EXPECT_FALSE(health_.Look().ready());
  EXPECT_EQ(HealthText(health_.Look()),
            "bus: ok\nstore: away since " + since + ": connection refused\n");
  EXPECT_THAT(HealthJson(health_.Look()), HasSubstr(R"("name":"store","ok":false)"));
  EXPECT_THAT(HealthJson(health_.Look()), HasSubstr(R"("ready":false,"phase":"serving")"));
  EXPECT_EQ(HealthSummary(health_.Look()), "store: connection refused");
  health_.Good("store");
  EXPECT_EQ(HealthText(health_.Look()), "bus: ok\nstore: ok\n");
  EXPECT_EQ(HealthSummary(health_.Look()), "ready");
}

TEST_F(HealthTest, CountsWhatDoesNotAnswerAsAway) {
  health_.SetPhase(Health::Phase::kServing);
  health_.Good("store");
  health_.Asked("store");
  clock_.Advance(Health::kAnswerLimit);
  EXPECT_TRUE(health_.Look().ready());
  clock_.Advance(seconds(2));
  EXPECT_FALSE(health_.Look().ready());
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("no answer for 7 s"));
  health_.Good("store");
  EXPECT_TRUE(health_.Look().ready());
}

TEST_F(HealthTest, NeedsOneOfItsDuties) {
  health_.SetPhase(Health::Phase::kServing);
  for (const char* duty : {"results", "upkeep"}) {
    health_.SetKind(duty, Health::Kind::kDuty);
    health_.Away(duty, "process 17 on host a has it");
  }
  EXPECT_FALSE(health_.Look().ready());
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("results: waits since "));
  health_.Good("upkeep");
  EXPECT_TRUE(health_.Look().ready()) << "another writer has the other one";
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("results: waits since "));
}

TEST_F(HealthTest, TellsWhatItCanDoWithoutAndIsReady) {
  health_.SetPhase(Health::Phase::kServing);
  health_.SetKind("blob", Health::Kind::kBeside);
  health_.Good("blob");
  health_.Away("blob", "connection refused");
  EXPECT_TRUE(health_.Look().ready());
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("blob: away since "));
}

TEST_F(HealthTest, ForgetsWhatNobodyWatches) {
  health_.SetPhase(Health::Phase::kServing);
  health_.Away("results", "another process has it");
  EXPECT_FALSE(health_.Look().ready());
  health_.Forget("results");
  EXPECT_TRUE(health_.Look().ready());
  health_.Good("bus");
  health_.Away("blob if set", "connection refused");
  health_.ForgetIfAway("bus");
  health_.ForgetIfAway("blob if set");
  EXPECT_EQ(HealthText(health_.Look()), "bus: ok\n");
  EXPECT_THAT(HealthText(health_.Look()), Not(HasSubstr("results")));
}

}  // namespace
}  // namespace insightd::app
