#include "rules/path_patterns.h"

#include <gtest/gtest.h>

namespace insightd::rules {
namespace {

bool Fits(std::string_view pattern, std::string_view name) {
  PathPatterns patterns;
  EXPECT_TRUE(patterns.Add(pattern, 0)) << pattern;
  std::vector<std::uint32_t> ids;
  patterns.Match(name, ids);
  EXPECT_EQ(patterns.MatchesAny(name), !ids.empty());
  return !ids.empty();
}

TEST(PathPatternsTest, AStarStaysWithinItsPart) {
  EXPECT_TRUE(Fits("config/node/*.json", "config/node/a.json"));
  EXPECT_TRUE(Fits("config/node/*.json", "config/node/.json"));
  EXPECT_FALSE(Fits("config/node/*.json", "config/node/logs/a.json"));
  EXPECT_FALSE(Fits("config/node/*.json", "config/node/a.log"));
  EXPECT_FALSE(Fits("config/node/*.json", "config/node"));
  EXPECT_TRUE(Fits("a/l*b*c", "a/l-b-b-c"));
  EXPECT_FALSE(Fits("a/l*b*c", "a/l-b-b-d"));
  EXPECT_TRUE(Fits("*/x", "a/x"));
}

TEST(PathPatternsTest, TwoStarsAreAnyNumberOfParts) {
  EXPECT_TRUE(Fits("config/machines/**/*.json", "config/machines/a.json"));
  EXPECT_TRUE(Fits("config/machines/**/*.json", "config/machines/x/y/a.json"));
  EXPECT_FALSE(Fits("config/machines/**/*.json", "config/machines/x/y/a.log"));
  EXPECT_TRUE(Fits("a/**", "a/b/c"));
  EXPECT_FALSE(Fits("a/**", "a"));
  EXPECT_TRUE(Fits("**/b/**/d", "a/b/c/b/d"));
  EXPECT_FALSE(Fits("**/b/**/d", "a/c/d"));
}

TEST(PathPatternsTest, BracesAreChoices) {
  EXPECT_TRUE(Fits("config/{a,b.c}/*.json", "config/b.c/x.json"));
  EXPECT_FALSE(Fits("config/{a,b.c}/*.json", "config/b/x.json"));
  EXPECT_TRUE(Fits("{a,b/c}{,.json}", "b/c.json"));
}

TEST(PathPatternsTest, GivesTheIdsOfAllThatFit) {
  PathPatterns patterns;
  ASSERT_TRUE(patterns.Add("a/*.json", 2));
  ASSERT_TRUE(patterns.Add("a/b.json", 1));
  ASSERT_TRUE(patterns.Add("a/**", 3));
  ASSERT_TRUE(patterns.Add("{a,*}/b.json", 1));
  std::vector<std::uint32_t> ids;
  patterns.Match("a/b.json", ids);
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2, 3}));
  patterns.Match("b/b.json", ids);
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{1}));
  patterns.Match("", ids);
  EXPECT_TRUE(ids.empty());
}

TEST(PathPatternsTest, RefusesWhatNoNameCanFit) {
  PathPatterns patterns;
  for (const std::string_view bad : {"", "/a", "a//b", "a/", "a/../b", "./a", "a**", "{a", "a}",
                                     "{a,{b}}", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"}) {
    EXPECT_FALSE(patterns.Add(bad, 0)) << bad;
  }
  EXPECT_FALSE(patterns.MatchesAny("a"));
}

}  // namespace
}  // namespace insightd::rules
