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
  EXPECT_EQ(parsed.line->analyze.packs, std::vector<std::string>{"pack"});
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

TEST(CommandLineTest, SaysWhatANumberOrANameHasToBe) {
  const auto said = [](const std::vector<std::string>& words) {
    const ParsedLine parsed = ParseCommandLine(words);
    EXPECT_EQ(parsed.exit, ExitCode::kUsage);
    EXPECT_LT(parsed.text.size(), 200U);
    return parsed.text;
  };
  for (const char* wrong : {"abc", "-1", "0", "nan", "inf", ""}) {
    EXPECT_THAT(said({"fleet", std::string("--rate=") + wrong}), HasSubstr("--rate")) << wrong;
  }
  EXPECT_THAT(said({"fleet", "--rate", "-1"}), HasSubstr("`-1` is not a number above 0"));
  EXPECT_THAT(said({"fleet", "--random-defects", "x"}), HasSubstr("a number from 0 upwards"));
  EXPECT_THAT(said({"dead-letters", "list", "--limit", "0"}), HasSubstr("a number above 0"));
  EXPECT_THAT(said({"dead-letters", "list", "--code", "x"}), HasSubstr("corrupt, too_large"));
  EXPECT_THAT(said({"dead-letters", "list", "--cluster", "x"}), HasSubstr("UUID"));
  EXPECT_THAT(said({"dead-letters", "show", "abc"}),
              HasSubstr("an id is a number as `dead-letters list` shows it"));
  const ParsedLine good = ParseCommandLine({"dead-letters", "drop", "7", "--code", "too_large",
                                            "--cluster", "34C3ECC5-624A-49A5-BAB8-4FDC5E51A266"});
  ASSERT_TRUE(good.line) << good.text;
  EXPECT_EQ(good.line->dead_letters.cluster, "34c3ecc5-624a-49a5-bab8-4fdc5e51a266");
}

TEST(CommandLineTest, AGroupAloneNamesItsCommands) {
  EXPECT_THAT(ParseCommandLine({"rules"}).text, HasSubstr("`rules` needs one of: list, check"));
  EXPECT_THAT(ParseCommandLine({"rules", "--json"}).text, HasSubstr("list, check"));
  EXPECT_THAT(ParseCommandLine({"config"}).text, HasSubstr("check, print, reference"));
  EXPECT_THAT(ParseCommandLine({"dead-letters"}).text, HasSubstr("list, show, replay, drop"));
  EXPECT_THAT(ParseCommandLine({}).text,
              HasSubstr("name a command: all, ingress, pipeline, writer, api, analyze, rules"));
  EXPECT_EQ(ParseCommandLine({"config"}).exit, ExitCode::kUsage);
}

TEST(CommandLineTest, KnowsTheUsualWordsForVersionAndHelp) {
  ASSERT_TRUE(ParseCommandLine({"--version"}).line);
  EXPECT_EQ(ParseCommandLine({"--version"}).line->command, CommandId::kVersion);
  EXPECT_EQ(ParseCommandLine({"help"}).text, ParseCommandLine({"--help"}).text);
  EXPECT_EQ(ParseCommandLine({"help"}).exit, ExitCode::kGood);
  EXPECT_EQ(ParseCommandLine({"help", "fleet"}).text, ParseCommandLine({"fleet", "--help"}).text);
  EXPECT_THAT(ParseCommandLine({"rules", "-h"}).text, HasSubstr("check"));
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

TEST(CommandLineTest, TheDefaultOfOneCommandIsNoneOfAnother) {
  const ParsedLine packed = ParseCommandLine({"rules", "pack", "acme"});
  ASSERT_TRUE(packed.line);
  EXPECT_EQ(packed.line->rules.output, "");
  const ParsedLine made = ParseCommandLine({"rules", "new", "my_rule"});
  ASSERT_TRUE(made.line) << made.text;
  EXPECT_EQ(made.line->rules.folder, ".");
}

}  // namespace
}  // namespace insightd::app
