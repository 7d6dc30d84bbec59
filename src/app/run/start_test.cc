#include "app/run/start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/parts/parts.h"
#include "app/testing/manual_clock.h"

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

// What the rows below do, since a row is a plain function.
struct Script {
  int failures = 0;
  bool may_pass = true;
  int starts = 0;
  std::vector<std::string> stopped;
};
Script script;

Started StartFirst(Host&) {
  return UntilStopped([] { script.stopped.emplace_back("first"); });
}
Started StartSecond(Host&) {
  ++script.starts;
  if (script.starts <= script.failures) {
    return tl::unexpected(
        StartFailure{ExitCode::kUnusable, "bus: no answer from broker:9092", script.may_pass});
  }
  return UntilStopped([] { script.stopped.emplace_back("second"); });
}

class StartRowsTest : public ::testing::Test {
 protected:
  StartRowsTest() {
    script = {};
    wait_.limit = seconds(60);
    wait_.pause = [this](milliseconds pause) {
      pauses_.push_back(pause);
      if (!host_.health.Look().lines.empty()) seen_ = host_.health.Look().lines[0];
      clock_.Advance(pause);
      return static_cast<int>(pauses_.size()) != give_up_at_;
    };
  }

  std::optional<StartFailure> Start() {
    const RoleRow* rows[] = {&first_, &second_, &gathers_};
    return StartRows(host_, rows, wait_, running_);
  }

  const RoleRow first_{"first", {}, StartFirst};
  const RoleRow second_{"bus", {"first"}, StartSecond};
  const RoleRow gathers_{"role", {"bus"}, nullptr};
  const Settings settings_;
  testing::ManualClock clock_;
  Host host_{"writer", settings_, clock_, SystemRandom()};
  StartWait wait_;
  std::vector<milliseconds> pauses_;
  int give_up_at_ = -1;
  Health::Line seen_;
  std::vector<std::unique_ptr<Running>> running_;
};

TEST_F(StartRowsTest, TriesAgainWithGrowingPausesAndSaysWhatIsAway) {
  script.failures = 3;
  EXPECT_FALSE(Start());
  EXPECT_EQ(running_.size(), 2U);
  EXPECT_EQ(pauses_,
            (std::vector<milliseconds>{milliseconds(200), milliseconds(400), milliseconds(800)}));
  EXPECT_EQ(seen_.name, "bus");
  EXPECT_TRUE(host_.health.Look().lines.empty()) << "it does not wait any more";
  EXPECT_THAT(seen_.reason, HasSubstr("broker:9092"));
}

TEST_F(StartRowsTest, GivesUpAfterTheLimitAndSaysHowLongItTried) {
  script.failures = 1'000;
  const auto failure = Start();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->exit, ExitCode::kUnusable);
  EXPECT_EQ(failure->message, "bus: no answer from broker:9092 (waited for 60 s: start_wait_s)");
  EXPECT_EQ(running_.size(), 1U) << "what had started is for the caller to stop";
  for (const milliseconds pause : pauses_) EXPECT_LE(pause, wait_.pause_max);
}

TEST_F(StartRowsTest, WithoutALimitTheFirstFailureIsFinal) {
  script.failures = 1;
  wait_.limit = milliseconds(0);
  const auto failure = Start();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "bus: no answer from broker:9092");
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(StartRowsTest, WhatDoesNotPassIsFinal) {
  script.failures = 1;
  script.may_pass = false;
  ASSERT_TRUE(Start());
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(StartRowsTest, EndsWithoutFailureWhenNobodyWantsItAnyMore) {
  script.failures = 1'000;
  give_up_at_ = 2;
  EXPECT_FALSE(Start());
  EXPECT_EQ(running_.size(), 1U);
  running_.clear();
  EXPECT_EQ(script.stopped, std::vector<std::string>{"first"});
}

}  // namespace
}  // namespace insightd::app
