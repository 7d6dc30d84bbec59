#include "cel/arena.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace insightd::cel {
namespace {

TEST(ArenaTest, PiecesDoNotOverlapAndAreAligned) {
  Arena arena;
  std::vector<std::string_view> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back(arena.Copy("text " + std::to_string(i)));
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(texts[static_cast<std::size_t>(i)], "text " + std::to_string(i));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.Allocate(1)) % 8, 0U);
}

TEST(ArenaTest, CountsBytesAndSaysWhenTheLimitIsReached) {
  Arena arena;
  arena.set_limit(1000);
  arena.Allocate(600);
  EXPECT_FALSE(arena.over());
  EXPECT_TRUE(arena.CanTake(400));
  EXPECT_FALSE(arena.CanTake(401));
  arena.Allocate(600);
  EXPECT_TRUE(arena.over());
  EXPECT_EQ(arena.bytes(), 1200U);
}

TEST(ArenaTest, AResetGivesAllBack) {
  Arena arena;
  for (int i = 0; i < 100; ++i) {
    arena.set_limit(1 << 20);
    arena.Allocate(std::size_t{2} << 20);
    arena.Allocate(16);
    EXPECT_TRUE(arena.over());
    arena.Reset();
    EXPECT_EQ(arena.bytes(), 0U);
    EXPECT_FALSE(arena.over());
  }
}

}  // namespace
}  // namespace insightd::cel
