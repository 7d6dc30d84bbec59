#include "app/parts/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/roles.h"

namespace insightd::app {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

std::vector<std::string> Names(const Settings& settings, std::string_view role) {
  std::vector<std::string> names;
  for (const TopicUse& use : TopicsOf(settings, role)) names.push_back(use.name);
  return names;
}

TEST(TopicsTest, EachRoleUsesOnlyItsOwn) {
  const Settings settings;
  EXPECT_EQ(Names(settings, "ingress"), std::vector<std::string>{"platform.upload.announce"});
  EXPECT_THAT(Names(settings, "pipeline"),
              IsSupersetOf({"platform.upload.announce", "ccx.ocp.results"}));
  EXPECT_THAT(Names(settings, "writer"), Not(Contains("platform.upload.announce")));
  EXPECT_TRUE(Names(settings, "api").empty());
  EXPECT_THAT(Names(settings, "all"), IsSupersetOf(Names(settings, "writer")));
  EXPECT_THAT(Names(settings, "all"), IsSupersetOf(Names(settings, "pipeline")));
}

TEST(TopicsTest, DeadLettersCanGoBackToWhereTheyCameFrom) {
  const Settings settings;
  EXPECT_THAT(Names(settings, kDeadLetters),
              IsSupersetOf({settings.pipeline.announce_topic, settings.writer.results_topic,
                            settings.writer.workloads_topic}));
}

TEST(TopicsTest, WhatIsSwitchedOffIsNotUsed) {
  Settings settings;
  settings.writer.messages = "results";
  EXPECT_THAT(Names(settings, "writer"), Not(Contains(settings.writer.workloads_topic)));
  settings.pipeline.workloads_topic.clear();
  EXPECT_THAT(Names(settings, "pipeline"), Not(Contains("")));
}

TEST(TopicsTest, AWriterIntoRedisKeepsNoDeadLetters) {
  Settings settings;
  settings.writer.messages = "results";
  EXPECT_EQ(
      Names(settings, kWriterIntoRedis),
      (std::vector<std::string>{settings.writer.dead_letter_topic, settings.writer.results_topic}));
}

TEST(TopicsTest, EveryDeadLetterHasAReader) {
  const Settings settings;
  for (const TopicUse& use : TopicsOf(settings, "all")) {
    if (use.name.find("dead.letter") == std::string::npos) continue;
    EXPECT_THAT(use.groups, Contains(settings.upkeep.group)) << use.name;
  }
}

}  // namespace
}  // namespace insightd::app
