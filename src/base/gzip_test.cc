#include "base/gzip.h"

#include <gtest/gtest.h>

namespace insightd::gzip {
namespace {

constexpr std::uint64_t kMax = 1 << 20;

Result<std::string> Inflated(std::string_view bytes, std::uint64_t max = kMax) {
  return Inflate(bytes, max, "writer.message_bytes_max");
}

TEST(GzipTest, GivesBackWhatWentIn) {
  std::string random;
  for (unsigned i = 0, x = 1; i < 200'000; ++i)
    random += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  for (const std::string& text :
       {std::string(), std::string("{}\n"), std::string(500'000, 'a'), random}) {
    const std::string packed = Deflate(text);
    EXPECT_TRUE(IsGzip(packed));
    EXPECT_EQ(Inflated(packed).value(), text);
  }
}

TEST(GzipTest, TheSameTextGivesTheSameBytes) { EXPECT_EQ(Deflate("text"), Deflate("text")); }

TEST(GzipTest, TakesSeveralMembersAsOne) {
  EXPECT_EQ(Inflated(Deflate("one ") + Deflate("") + Deflate("two")).value(), "one two");
}

TEST(GzipTest, ABombCostsItsLimitAndNamesIt) {
  const std::string bomb = Deflate(std::string(50'000'000, ' '));
  EXPECT_LT(bomb.size(), 60'000u);
  const auto inflated = Inflated(bomb);
  ASSERT_FALSE(inflated);
  EXPECT_EQ(inflated.error().code(), Code::kTooLarge);
  EXPECT_NE(inflated.error().message().find("writer.message_bytes_max (1048576)"),
            std::string::npos);
}

TEST(GzipTest, TheLimitItselfIsGood) {
  EXPECT_TRUE(Inflated(Deflate(std::string(kMax, 'a'))));
  EXPECT_FALSE(Inflated(Deflate(std::string(kMax + 1, 'a'))));
}

TEST(GzipTest, DamagedCutOrFollowedByOtherBytesIsCorrupt) {
  const std::string good = Deflate(std::string(1000, 'x') + "tail");
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  for (const std::string& bad : {damaged, good.substr(0, good.size() - 1), good.substr(0, 5),
                                 good + "more", std::string("\x1f\x8bno gzip")}) {
    const auto inflated = Inflated(bad);
    ASSERT_FALSE(inflated);
    EXPECT_EQ(inflated.error().code(), Code::kCorrupt);
  }
}

TEST(GzipTest, JsonIsNoGzip) {
  EXPECT_FALSE(IsGzip("{\"OrgID\": 1}"));
  EXPECT_FALSE(IsGzip(""));
  EXPECT_FALSE(IsGzip("\x1f"));
}

}  // namespace
}  // namespace insightd::gzip
