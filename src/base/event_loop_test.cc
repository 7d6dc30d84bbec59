#include "base/event_loop.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/testing/poll_loop.h"

namespace insightd {
namespace {

using testing::PollLoop;

TEST(EventLoopTest, IsThatOfItsThreadAlone) {
  PollLoop loop;
  EXPECT_EQ(EventLoop::Current(), nullptr);
  EventLoop* found = nullptr;
  loop.Do([&] { found = EventLoop::Current(); });
  EXPECT_EQ(found, &loop);
}

TEST(EventLoopTest, WhatIsKeptGoesWithTheLoopInItsThread) {
  const int owner = 0;
  const int other = 0;
  std::thread::id kept_in;
  std::thread::id gone_in;
  {
    PollLoop loop;
    loop.Do([&] {
      kept_in = std::this_thread::get_id();
      EXPECT_EQ(loop.KeptFor(&owner), nullptr);
      loop.KeptFor(&owner) =
          std::shared_ptr<void>(nullptr, [&](void*) { gone_in = std::this_thread::get_id(); });
      EXPECT_EQ(loop.KeptFor(&other), nullptr);
    });
    EXPECT_EQ(gone_in, std::thread::id());
  }
  EXPECT_EQ(gone_in, kept_in);
}

}  // namespace
}  // namespace insightd
