#include "base/random.h"

#include <gtest/gtest.h>

namespace insightd {
namespace {

TEST(RandomTest, OneSeedGivesOneSequence) {
  const auto a = MakeSeededRandom(7);
  const auto b = MakeSeededRandom(7);
  EXPECT_EQ(a->Hex(40), b->Hex(40));
  EXPECT_NE(MakeSeededRandom(8)->Next(), MakeSeededRandom(7)->Next());
}

TEST(RandomTest, NumbersStayBelowTheirBound) {
  const auto random = MakeSeededRandom(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LT(random->Below(3), 3u);
    EXPECT_LT(random->Unit(), 1.0);
  }
  EXPECT_EQ(random->Below(1), 0u);
}

TEST(RandomTest, ARequestIdHas32HexadecimalDigits) {
  const std::string id = SystemRandom().Hex(32);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
  EXPECT_NE(id, SystemRandom().Hex(32));
}

}  // namespace
}  // namespace insightd
