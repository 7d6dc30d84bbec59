#include "cel/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace insightd::cel {
namespace {

TEST(RegexTest, SearchesAnywhere) {
  const auto regex = Regex::Make("b+(c)?");
  ASSERT_TRUE(regex);
  EXPECT_TRUE((*regex)->Search("aabba"));
  EXPECT_FALSE((*regex)->Search("xyz"));
  EXPECT_EQ((*regex)->groups(), 1);
  const auto match = (*regex)->Match("aabba bc");
  ASSERT_EQ(match.size(), 2U);
  EXPECT_EQ(match[0], "bb");
  EXPECT_EQ(match[1].data(), nullptr);
  EXPECT_EQ((*regex)->Match("aabba bc", 4)[1], "c");
}

TEST(RegexTest, SaysWhatIsWrongWithAnExpression) {
  const auto regex = Regex::Make("a(b");
  ASSERT_FALSE(regex);
  EXPECT_EQ(regex.error().code(), Code::kInvalid);
  EXPECT_EQ(regex.error().message(), "invalid regular expression: missing ): a(b");
}

TEST(RegexTest, RefusesWhatNeedsTooMuchMemory) {
  EXPECT_FALSE(Regex::Make(std::string(20'000, 'a')));
  EXPECT_FALSE(Regex::Make("((a{100}){100}){100}"));
}

TEST(RegexTest, TheCacheGivesTheSameOneAgain) {
  const auto first = Regex::Cached("x[0-9]");
  const auto second = Regex::Cached("x[0-9]");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
  for (std::size_t i = 0; i < 2 * kRegexCacheMax; ++i) {
    EXPECT_TRUE(Regex::Cached("y" + std::to_string(i)));
  }
  EXPECT_TRUE((*first)->Search("x7"));
}

TEST(RegexTest, FindSaysWhereTheNextMatchBegins) {
  const auto regex = Regex::Make("b+(c|d)");
  ASSERT_TRUE(regex);
  EXPECT_EQ((*regex)->Find("abbc bd"), 1u);
  EXPECT_EQ((*regex)->Find("abbc bd", 3), 5u);
  EXPECT_EQ((*regex)->Find("abb"), std::string_view::npos);
  EXPECT_EQ((*regex)->Find("bc", 9), std::string_view::npos);
}

}  // namespace
}  // namespace insightd::cel
