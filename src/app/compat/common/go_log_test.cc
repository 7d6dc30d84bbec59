#include "app/compat/common/go_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace insightd::app::compat {
namespace {

// What `work` logs through a pipe.
template <class Work>
std::string Logged(GoLogOptions options, const Work& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  options.fd = ends[1];
  {
    GoLog log(options);
    work(log);
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(::read(ends[0], text.data(), text.size())));
  ::close(ends[0]);
  return text;
}

TEST(GoLog, FieldsStandBetweenLevelAndTime) {
  const std::string text = Logged({}, [](GoLog& log) {
    log.Info("Old OCP report", {{"cluster", "c\"1"}, {"age", 3}, {"Dry run", true}, {"x", ""}});
  });
  EXPECT_THAT(text, ::testing::MatchesRegex(
                        "\\{\"level\":\"info\",\"cluster\":\"c\\\\\"1\",\"age\":3,\"Dry run\":true,"
                        "\"x\":\"\",\"time\":\"....-..-..T..:..:..Z\","
                        "\"message\":\"Old OCP report\"\\}\n"));
}

TEST(GoLog, WithoutTimeItIsTheLogOfARun) {
  EXPECT_EQ(Logged({.with_time = false},
                   [](GoLog& log) {
                     log.Info("Exporting table", {{"Table name", "report"}});
                   }),
            "{\"level\":\"info\",\"Table name\":\"report\",\"message\":\"Exporting table\"}\n");
}

TEST(GoLog, WhatIsBelowTheLevelIsNotWritten) {
  const std::string text =
      Logged({.with_time = false, .level_min = GoLevelOf("WARNING")}, [](GoLog& log) {
        log.Debug("a");
        log.Info("b");
        log.Warn("c");
        log.Error("d");
      });
  EXPECT_EQ(text,
            "{\"level\":\"warn\",\"message\":\"c\"}\n{\"level\":\"error\",\"message\":\"d\"}\n");
  EXPECT_EQ(GoLevelOf("nonsense"), log::Level::kDebug);
  EXPECT_EQ(GoLevelOf(""), log::Level::kDebug);
}

TEST(GoLog, ForPeopleAValueStaysOnItsLine) {
  const std::string text = Logged({.for_people = true}, [](GoLog& log) {
    log.Info("Finished", {{"a", "x\ny"}, {"b", "plain"}, {"n", 4}});
  });
  EXPECT_THAT(text, ::testing::HasSubstr("\x1b[32mINF\x1b[0m Finished"));
  EXPECT_THAT(text, ::testing::HasSubstr("a=\x1b[0m\"x\\ny\""));
  EXPECT_THAT(text, ::testing::HasSubstr("b=\x1b[0mplain"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

}  // namespace
}  // namespace insightd::app::compat
