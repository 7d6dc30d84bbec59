#include "app/health/liveness.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "app/health/testing/manager.h"

namespace insightd::app {
namespace {

class LivenessTest : public ::testing::Test {
 protected:
  const Manager manager_;
  const ServiceManager told_{manager_.path()};
  Pulse pulse_{SystemClock(), milliseconds(1)};
  Watchdog watchdog_{told_, pulse_};
};

TEST_F(LivenessTest, AThreadThatHangsFailsTheProbeAndKeepsTheWatchdogQuiet) {
  std::promise<void> begun;
  std::promise<void> goes_on;
  std::promise<void> finished;
  std::promise<void> may_end;
  std::jthread thread([&] {
    Beat beat(&pulse_, "judge");
    beat.Begin("evaluate");
    begun.set_value();
    goes_on.get_future().wait();
    beat.Idle();
    finished.set_value();
    may_end.get_future().wait();
  });
  begun.get_future().wait();
  while (pulse_.FindHung().empty()) std::this_thread::yield();

  const http::Response hung = Liveness(pulse_);
  EXPECT_EQ(hung.status, 503);
  EXPECT_EQ(hung.body.substr(0, 16), "judge: evaluate ");
  watchdog_.Tell();
  watchdog_.Tell();
  EXPECT_EQ(manager_.Read(), "");

  goes_on.set_value();
  finished.get_future().wait();
  EXPECT_EQ(Liveness(pulse_).status, 200);
  EXPECT_EQ(Liveness(pulse_).body, "ok\n");
  watchdog_.Tell();
  EXPECT_EQ(manager_.Read(), "WATCHDOG=1");
  may_end.set_value();
}

TEST_F(LivenessTest, AProcessWithoutThreadsOfWorkIsAlive) {
  EXPECT_EQ(Liveness(pulse_).status, 200);
  watchdog_.Tell();
  EXPECT_EQ(manager_.Read(), "WATCHDOG=1");
}

}  // namespace
}  // namespace insightd::app
