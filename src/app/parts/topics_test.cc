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

TEST(TopicsTest, NoPartReadsWhatItWrites) {
  EXPECT_TRUE(CheckTopics(Settings()));
  Settings loops;
  loops.writer.dead_letter_topic = loops.writer.results_topic;
  const auto refused = CheckTopics(loops);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("writer.dead_letter_topic"), std::string::npos);
  Settings mixed;
  mixed.writer.workloads_topic = mixed.writer.results_topic;
  EXPECT_FALSE(CheckTopics(mixed));
  mixed.writer.messages = "workloads";
  EXPECT_TRUE(CheckTopics(mixed)) << "results are nothing of its";
  Settings around;
  around.pipeline.results_topic = around.pipeline.announce_topic;
  EXPECT_FALSE(CheckTopics(around));
}

TEST(TopicsTest, ATopicIsSharedAmongPipelinesAlone) {
  const Settings settings;
  EXPECT_EQ(SharedTopic(settings, "pipeline"), settings.pipeline.announce_topic);
  for (const char* role : {"ingress", "writer", "api"}) EXPECT_EQ(SharedTopic(settings, role), "");
}

TEST(TopicsTest, TheSettingsThatNameATopicAreTold) {
  const Settings settings;
  const std::vector<TopicUse> uses = TopicsOf(settings, "writer");
  EXPECT_EQ(NamedBy(uses, "missing: ccx.ocp.results"),
            " (ccx.ocp.results is named by writer.results_topic)");
  EXPECT_THAT(NamedBy(uses, "missing: ccx.aggregator.dead.letter.queue"),
              ::testing::HasSubstr("upkeep.dead_letter_topics, writer.dead_letter_topic"));
  EXPECT_EQ(NamedBy(uses, "no broker has answered"), "");
}

TEST(TopicsTest, ATopicThatHasToBeIsNotLeftOut) {
  Settings settings;
  settings.ingress.announce_topic.clear();
  const auto refused = CheckTopics(settings);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("ingress.announce_topic is empty"), std::string::npos);
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
