#include "pipeline/bytes_in_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace insightd::pipeline {
namespace {

TEST(BytesInWorkTest, CountsWhatIsTakenAndGivenBack) {
  BytesInWork work(100);
  {
    const auto a = work.Take(40, {});
    const auto b = work.Take(60, {});
    ASSERT_TRUE(a && b);
    EXPECT_EQ(work.bytes(), 100u);
  }
  EXPECT_EQ(work.bytes(), 0u);
}

TEST(BytesInWorkTest, LetsAnArchiveOverTheLimitInAlone) {
  BytesInWork work(100);
  const auto large = work.Take(1'000, {});
  ASSERT_TRUE(large);
  EXPECT_EQ(work.bytes(), 100u);
}

TEST(BytesInWorkTest, GivesUpWhenStopIsRequested) {
  BytesInWork work(100);
  const auto held = work.Take(100, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(work.Take(1, stop.get_token()));
  EXPECT_EQ(work.bytes(), 100u);
}

TEST(BytesInWorkTest, NeverHoldsMoreThanTheLimit) {
  BytesInWork work(100);
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&work, &over, i] {
      for (int round = 0; round < 500; ++round) {
        const auto share = work.Take(20 + 30 * ((i + round) % 4), {});
        if (work.bytes() > 100) over = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(over);
  EXPECT_EQ(work.bytes(), 0u);
}

}  // namespace
}  // namespace insightd::pipeline
