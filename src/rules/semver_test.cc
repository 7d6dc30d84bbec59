#include "rules/semver.h"

#include <gtest/gtest.h>

namespace insightd::rules {
namespace {

int Compare(std::string_view a, std::string_view b) {
  return CompareVersions(ParseVersion(a).value(), ParseVersion(b).value());
}

bool Contains(std::string_view range, std::string_view version) {
  return VersionRange::Parse(range).value().Contains(ParseVersion(version).value());
}

TEST(SemverTest, ReadsVersionsWithAnyNumberOfParts) {
  EXPECT_EQ(ParseVersion("v1.25.9+abc-1.2")->minor, 25u);
  EXPECT_EQ(ParseVersion("4")->minor, 0u);
  EXPECT_EQ(ParseVersion("4.17.0-rc.0+b")->pre, "rc.0");
  EXPECT_EQ(ParseVersion("4.17-rc.0")->pre, "rc.0");
}

TEST(SemverTest, ReadsNothingElse) {
  for (const std::string_view bad :
       {"", "v", "4.", "4.1.", "4.1.2.3", " 4.1", "4.1 ", "4.1-", "4.1+", "4.1-a..b", "a.b",
        "4.1-ä", "V4", "-4", "4.99999999999999999999", "4.1+a+b"}) {
    EXPECT_FALSE(ParseVersion(bad)) << bad;
  }
}

TEST(SemverTest, OrdersAsTheStandardSays) {
  EXPECT_EQ(Compare("4.2", "4.10"), -1);
  EXPECT_EQ(Compare("4.2.0", "4.2"), 0);
  EXPECT_EQ(Compare("4.2.0+x", "4.2.0+y"), 0);
  const std::string_view ascending[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                        "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                        "1.0.0-rc.1",  "1.0.0"};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_EQ(Compare(ascending[i - 1], ascending[i]), -1) << ascending[i];
    EXPECT_EQ(Compare(ascending[i], ascending[i - 1]), 1) << ascending[i];
  }
}

TEST(SemverTest, RangesAreAlternativesOfComparisons) {
  EXPECT_TRUE(Contains(">=4.1.0 <4.2.14 || >=4.3.0 <4.3.2", "4.3.1"));
  EXPECT_FALSE(Contains(">=4.1.0 <4.2.14 || >=4.3.0 <4.3.2", "4.2.14"));
  EXPECT_TRUE(Contains("<4.17", "4.17.0-rc.0"));
  EXPECT_TRUE(Contains("4.17", "4.17.0"));
  EXPECT_TRUE(Contains("!= 4.17 > 4", "4.18"));
  EXPECT_TRUE(Contains(">=4.14<4.18", "4.15.2"));
}

TEST(SemverTest, ARangeThatCannotBeReadSaysWhy) {
  for (const std::string_view bad : {"", "||", ">=", ">=4.x", "4.1 ||", "~4.1", ">=4.1, <4.2"}) {
    EXPECT_FALSE(VersionRange::Parse(bad)) << bad;
  }
  EXPECT_EQ(VersionRange::Parse(">=4.x").error().message(),
            "range \">=4.x\": \"4.x\" is no version; a range is such as >=4.14 <4.18");
}

TEST(SemverTest, ARangeThatNothingCanMatchIsAMistake) {
  for (const std::string_view bad :
       {">=4.18 <4.12", ">4.17 <=4.17", ">=4.17 <4.17.0", "4.17 4.18", "4.17 !=4.17.0",
        ">=4.17 <=4.17 !=4.17", ">=4.17 >4.17 <=4.17", ">=4.1 || >=4.18 <4.12"}) {
    EXPECT_FALSE(VersionRange::Parse(bad)) << bad;
  }
  EXPECT_EQ(VersionRange::Parse("4.1 || >=4.18 <4.12").error().message(),
            "range \"4.1 || >=4.18 <4.12\": no version can match >=4.18 <4.12; alternatives have "
            "|| between them");
  for (const std::string_view good : {">=4.17 <=4.17", "4.17 >=4.17", ">=4.12 >=4.14 <4.18 <4.16",
                                      "!=4.17", ">4.17-rc.0 <4.17", "<4.18 !=4.17"}) {
    EXPECT_TRUE(VersionRange::Parse(good)) << good;
  }
}

}  // namespace
}  // namespace insightd::rules
