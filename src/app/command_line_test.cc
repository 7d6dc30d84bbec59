#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

TEST(CommandLineTest, ReadsACommandWithItsOptions) {
  const ParsedLine parsed = ParseCommandLine(
      {"analyze", "--json", "a.tar.gz", "--fail-on", "important", "b.tar.gz", "--rules=pack"});
  ASSERT_TRUE(parsed.line) << parsed.text;
  EXPECT_EQ(parsed.line->command, CommandId::kAnalyze);
  EXPECT_TRUE(parsed.line->json);
  EXPECT_THAT(parsed.line->analyze.archives, ::testing::ElementsAre("a.tar.gz", "b.tar.gz"));
  EXPECT_EQ(parsed.line->analyze.fail_on, "important");
  EXPECT_EQ(parsed.line->analyze.rules_folder, "pack");
}

TEST(CommandLineTest, ReadsACommandOfTwoWords) {
  const ParsedLine parsed = ParseCommandLine({"dead-letters", "show", "17"});
  ASSERT_TRUE(parsed.line) << parsed.text;
  EXPECT_EQ(parsed.line->command, CommandId::kDeadLettersShow);
  EXPECT_THAT(parsed.line->dead_letters.ids, ::testing::ElementsAre(17));
}

TEST(CommandLineTest, SaysWhichCommandWasMeant) {
  const ParsedLine parsed = ParseCommandLine({"analyse", "a.tar.gz"});
  EXPECT_EQ(parsed.exit, ExitCode::kUsage);
  EXPECT_THAT(parsed.text, HasSubstr("unknown command `analyse`; did you mean `analyze`?"));
  EXPECT_THAT(ParseCommandLine({"rules", "chek"}).text,
              HasSubstr("unknown command `rules chek`; did you mean `check`?"));
  EXPECT_THAT(ParseCommandLine({"dead-letter", "list"}).text, HasSubstr("`dead-letters`"));
}

TEST(CommandLineTest, SaysWhichOptionWasMeant) {
  const ParsedLine parsed = ParseCommandLine({"analyze", "--jsn", "a"});
  EXPECT_EQ(parsed.exit, ExitCode::kUsage);
  EXPECT_THAT(parsed.text, HasSubstr("unknown option `--jsn`; did you mean `--json`?"));
  EXPECT_THAT(parsed.text, HasSubstr("insightd analyze --help"));
  EXPECT_THAT(ParseCommandLine({"all", "--confg=x"}).text, HasSubstr("`--config`"));
}

TEST(CommandLineTest, RefusesValuesOutOfTheirRange) {
  EXPECT_EQ(ParseCommandLine({"analyze", "a", "--fail-on", "bad"}).exit, ExitCode::kUsage);
  EXPECT_EQ(ParseCommandLine({"analyze"}).exit, ExitCode::kUsage);
  EXPECT_EQ(ParseCommandLine({"dead-letters", "show", "x"}).exit, ExitCode::kUsage);
  EXPECT_EQ(ParseCommandLine({"all", "surplus"}).exit, ExitCode::kUsage);
  EXPECT_EQ(ParseCommandLine({}).exit, ExitCode::kUsage);
}

TEST(CommandLineTest, HelpsWithAnExample) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"analyze", "--help"},
                                                {"rules", "check", "--help"},
                                                {"fleet", "--help"},
                                                {"all", "-h"},
                                                {"dead-letters", "drop", "--help"}}) {
    const ParsedLine parsed = ParseCommandLine(words);
    EXPECT_EQ(parsed.exit, ExitCode::kGood);
    EXPECT_FALSE(parsed.line);
    EXPECT_THAT(parsed.text, HasSubstr("Example:\n  ")) << words[0];
  }
  EXPECT_THAT(ParseCommandLine({"--help"}).text, HasSubstr("analyze"));
}

}  // namespace
}  // namespace insightd::app
