#include "app/run/signals.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

namespace insightd::app {
namespace {

// Each in a process of its own: signals are the whole process's.
template <class Body>
void InChild(Body body) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        body();
        std::_Exit(17);
      },
      ::testing::ExitedWithCode(17), "");
}

TEST(SignalsDeathTest, TheFirstStopsWithCareTheSecondAtOnce) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        std::atomic<int> stops = 0;
        Signals signals([&stops] { ++stops; });
        ::kill(::getpid(), SIGTERM);
        while (signals.Await(milliseconds(60'000)) != Signals::Woken::kStop) {
        }
        if (stops == 1 && signals.stop_requested()) ::kill(::getpid(), SIGTERM);
        signals.Await(milliseconds(60'000));
        while (true) ::pause();
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST(SignalsDeathTest, AHangupAsksForTheRules) {
  InChild([] {
    ::close(0);  // no terminal
    Signals signals(nullptr);
    ::kill(::getpid(), SIGHUP);
    if (signals.Await(milliseconds(60'000)) != Signals::Woken::kReload) std::_Exit(1);
    if (signals.Await(milliseconds(1)) != Signals::Woken::kTimeout) std::_Exit(2);
    if (signals.stop_requested()) std::_Exit(3);
  });
}

TEST(SignalsDeathTest, ARoleCanStopTheProcessToo) {
  InChild([] {
    std::atomic<int> stops = 0;
    Signals signals([&stops] { ++stops; });
    signals.Stop();
    signals.Stop();
    if (signals.Await(milliseconds(60'000)) != Signals::Woken::kStop || stops != 1) std::_Exit(1);
    signals.Stop();
  });
}

TEST(SignalsDeathTest, EndsWithoutASignal) {
  InChild([] { const Signals signals(nullptr); });
}

}  // namespace
}  // namespace insightd::app
