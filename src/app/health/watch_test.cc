#include "app/health/watch.h"

#include <gtest/gtest.h>

#include <future>

namespace insightd::app {
namespace {

TEST(WatchTest, TellsWhatTheCheckSaysAndForgetsInTheEnd) {
  Health health(SystemClock());
  health.SetPhase(Health::Phase::kServing);
  std::promise<void> looked;
  std::promise<void> go_on;
  int looks = 0;
  auto watch = Watch(health, "store", [&]() -> Result<void> {
    if (++looks == 1) {
      looked.set_value();
      go_on.get_future().wait();
      return Fail(Code::kUnavailable, "connection refused");
    }
    return {};
  });
  looked.get_future().wait();
  EXPECT_TRUE(health.Look().ready()) << "a look that is under way holds nobody up";
  go_on.set_value();
  while (health.Look().ready()) std::this_thread::yield();
  EXPECT_EQ(health.Look().lines.at(0).reason, "connection refused");
  watch.reset();
  EXPECT_TRUE(health.Look().lines.empty());
}

}  // namespace
}  // namespace insightd::app
