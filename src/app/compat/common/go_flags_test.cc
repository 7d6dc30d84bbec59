#include "app/compat/common/go_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::app::compat {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Flags {
  bool summary = false;
  bool dry_run = true;
  std::int64_t limit = -1;
  std::string output = "S3";
  std::string age;
  GoFlags flags;

  Flags() {
    flags.Add("summary", &summary, "print summary table");
    flags.Add("dry-run", &dry_run, "do nothing");
    flags.Add("limit", &limit, "limit of records");
    flags.Add("output", &output, "output to");
    flags.Add("max-age", &age, "max age");
  }
  GoFlags::Outcome Parse(const std::vector<std::string>& words) {
    return flags.Parse("prog", words);
  }
};

TEST(GoFlags, OneDashOrTwoWithOrWithoutEquals) {
  Flags flags;
  EXPECT_TRUE(flags
                  .Parse({"-summary", "--limit", "5", "--max-age=90 days", "-output", "file",
                          "-dry-run=false"})
                  .run);
  EXPECT_TRUE(flags.summary);
  EXPECT_FALSE(flags.dry_run);
  EXPECT_EQ(flags.limit, 5);
  EXPECT_EQ(flags.age, "90 days");
  EXPECT_EQ(flags.output, "file");
}

TEST(GoFlags, ABoolTakesNoWordBehindItAndAWordEndsTheFlags) {
  Flags flags;
  EXPECT_TRUE(flags.Parse({"-dry-run", "false", "-limit", "7"}).run);
  EXPECT_TRUE(flags.dry_run);
  EXPECT_EQ(flags.limit, -1);
  EXPECT_TRUE(flags.Parse({"--", "-limit", "7"}).run);
  EXPECT_TRUE(flags.Parse({"-"}).run);
  EXPECT_EQ(flags.limit, -1);
}

TEST(GoFlags, NumbersMayHaveABase) {
  Flags flags;
  for (const auto& [text, number] :
       std::vector<std::pair<std::string, std::int64_t>>{{"-limit=0x10", 16},
                                                         {"-limit=010", 8},
                                                         {"-limit=0o17", 15},
                                                         {"-limit=0b101", 5},
                                                         {"-limit=-3", -3},
                                                         {"-limit=+3", 3}}) {
    ASSERT_TRUE(flags.Parse({text}).run) << text;
    EXPECT_EQ(flags.limit, number) << text;
  }
}

TEST(GoFlags, AMistakeIsToldWithTheUsageAndTwo) {
  for (const auto& [words, told] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"-what"}, "flag provided but not defined: -what\n"},
           {{"-dry-run=maybe"}, "invalid boolean value \"maybe\" for -dry-run: parse error\n"},
           {{"-limit", "x"}, "invalid value \"x\" for flag -limit: parse error\n"},
           {{"-limit="}, "invalid value \"\" for flag -limit: parse error\n"},
           {{"-limit", "99999999999999999999"},
            "invalid value \"99999999999999999999\" for flag -limit: value out of range\n"},
           {{"-output"}, "flag needs an argument: -output\n"},
           {{"---x"}, "bad flag syntax: ---x\n"},
           {{"-=x"}, "bad flag syntax: -=x\n"}}) {
    Flags flags;
    const auto outcome = flags.Parse(words);
    EXPECT_FALSE(outcome.run);
    EXPECT_EQ(outcome.exit, 2);
    EXPECT_THAT(outcome.text, StartsWith(told));
    EXPECT_THAT(outcome.text, HasSubstr("Usage of prog:"));
  }
}

TEST(GoFlags, HelpListsThemByNameWithTheirDefaults) {
  Flags flags;
  for (const char* word : {"-h", "--help", "-help"}) {
    const auto outcome = flags.Parse({word});
    EXPECT_FALSE(outcome.run);
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_EQ(outcome.text,
              "Usage of prog:\n"
              "  -dry-run\n    \tdo nothing (default true)\n"
              "  -limit int\n    \tlimit of records (default -1)\n"
              "  -max-age string\n    \tmax age\n"
              "  -output string\n    \toutput to (default \"S3\")\n"
              "  -summary\n    \tprint summary table\n");
  }
}

}  // namespace
}  // namespace insightd::app::compat
