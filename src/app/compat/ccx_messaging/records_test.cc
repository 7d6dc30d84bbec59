#include "app/compat/ccx_messaging/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "announce/announcement.h"
#include "base/base64.h"
#include "base/log_events.h"
#include "http/client.h"
#include "pipeline/handler.h"
#include "pipeline/unpack/cluster_id.h"
#include "pipeline/unpack/operator_archive.h"
#include "results/other_messages.h"

namespace insightd::app::ccx {
namespace {

namespace event = log::event;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Configuration Shown(const char* level) {
  Configuration c;
  c.incoming_topic = "t";
  c.group = "g";
  c.consumer_properties = {{"bootstrap.servers", "b:1"}};
  c.publisher = Publisher::kWorkloadInfo;
  c.outgoing_topic = "o";
  c.publisher_properties = {{"bootstrap.servers", "b:1"}};
  c.logging.format = "%(levelname)s %(name)s %(message)s";
  c.logging.root_level = level;
  return c;
}

std::string Lines(const Configuration& configuration, std::string_view event,
                  log::Fields fields = {}) {
  return Records(configuration)
      .Print({"pipeline", log::Level::kInfo, event, "ours", fields, Time{}});
}

// What is printed of a message that ended as a dead letter.
std::string LinesOf(std::string_view stage, const Error& error,
                    const Configuration& configuration = Shown("INFO")) {
  const std::string text = std::string(stage) + ": " + error.message();
  return Lines(configuration, event::kDlqProduced,
               {{"request_id", "r1"},
                {"stage", stage},
                {"error_class", CodeName(error.code())},
                {"error", text}});
}

TEST(RecordsTest, SaysAtTheStartWhatItDoes) {
  Configuration c = Shown("INFO");
  c.archive_bytes_max = 104'857'600;
  EXPECT_EQ(Lines(c, event::kProcessStarted),
            "INFO ccx_messaging.publishers.kafka_publisher Producing to topic 'o' on brokers b:1\n"
            "INFO ccx_messaging.downloaders.http_downloader Configured max_archive_size to "
            "104857600 bytes\n"
            "INFO ccx_messaging.consumers.kafka_consumer Consuming topic 't' from brokers b:1 as "
            "group 'g'\n");
  c.archive_bytes_max.reset();
  c.outgoing_topic.clear();
  EXPECT_THAT(Lines(c, event::kProcessStarted),
              StartsWith("INFO ccx_messaging.consumers.kafka_consumer Consuming"));
}

// What behavioural tests of the original look for, in the order in which they do.
TEST(RecordsTest, SaysOfAMessageWhatTestsLookFor) {
  const Configuration c = Shown("DEBUG");
  const log::Fields fields = {{"request_id", "r1"}, {"org_id", "7"}, {"cluster", "c"}};
  EXPECT_EQ(Lines(c, event::kAnnounceConsumed, fields),
            "DEBUG ccx_messaging.consumers.kafka_consumer Deserializing incoming message(topic: t, "
            "group.id: g): request r1\n"
            "DEBUG ccx_messaging.ingress JSON schema validated: request r1\n"
            "DEBUG ccx_messaging.consumers.kafka_consumer JSON message deserialized (topic: t, "
            "group.id: g): {'request_id': 'r1', 'identity': {'identity': {'internal': {'org_id': "
            "'7'}}}, 'cluster_name': 'c'}\n"
            "DEBUG ccx_messaging.consumers.kafka_consumer Extracted URL from input message: "
            "request r1\n");
  EXPECT_EQ(Lines(c, event::kArchiveDownloadStarted, fields),
            "DEBUG insights_messaging.consumers Downloading the archive of request r1\n");
  EXPECT_EQ(Lines(c, event::kWorkloadInfoFound),
            "DEBUG ccx_messaging.engines.sha_extractor_engine workload info found, starting "
            "publishing process\n");
  EXPECT_EQ(Lines(c, event::kWorkloadInfoAbsent),
            "DEBUG ccx_messaging.engines.sha_extractor_engine archive does not contain workload "
            "info; skipping\n"
            "DEBUG ccx_messaging.publishers.workloads_info_publisher No response was generated "
            "for this archive. Skipping\n");
  for (const std::string_view produced : {event::kResultProduced, event::kMessageProduced}) {
    EXPECT_EQ(Lines(c, produced),
              "DEBUG ccx_messaging.publishers.workloads_info_publisher Message has been sent "
              "successfully.\n");
  }
}

TEST(RecordsTest, SaysWhatWasPassedOver) {
  Configuration c = Shown("DEBUG");
  EXPECT_THAT(Lines(c, event::kMessageFiltered, {{"destination", "advisor"}}),
              HasSubstr("Message filtered: wrong destination service: advisor\n"));
  EXPECT_EQ(Lines(c, event::kQueueQuiet),
            "WARNING ccx_messaging.consumers.kafka_consumer No new messages in the queue\n");
  c.publisher = Publisher::kWorkloads;
  EXPECT_EQ(Lines(c, event::kWorkloadsAbsent),
            "DEBUG ccx_messaging.publishers.dvo_metrics_publisher Report does not contain DVO "
            "related results; skipping\n");
}

TEST(RecordsTest, NamesAMessageWithoutRequestByItsPlace) {
  EXPECT_THAT(Lines(Shown("DEBUG"), event::kAnnounceConsumed, {{"partition", 3}, {"offset", 77}}),
              HasSubstr("JSON schema validated: the message at offset 77 of partition 3\n"));
}

TEST(RecordsTest, SaysWhyAnArchiveHadNoResult) {
  EXPECT_EQ(LinesOf(pipeline::kStageUnpack, Error(Code::kCorrupt, "cut short")),
            "WARNING ccx_messaging.downloaders.http_downloader Unknown error while downloading the "
            "file: unpack: cut short\n"
            "WARNING ccx_messaging.publishers.kafka_publisher An error has ocurred during the "
            "processing of request r1: unpack: cut short\n"
            "WARNING ccx_messaging.consumers.kafka_consumer Unexpected error processing incoming "
            "message. (topic: t, group.id: g): request r1. Error: unpack: cut short\n"
            "INFO ccx_messaging.consumers.kafka_consumer Sending the message to dead letter queue "
            "topic\n");
  Configuration copied = Shown("INFO");
  copied.consumer = Consumer::kSyncedArchives;
  copied.downloader = Downloader::kS3;
  EXPECT_THAT(LinesOf(pipeline::kStageUnpack, Error(Code::kCorrupt, "cut short"), copied),
              StartsWith("WARNING ccx_messaging.consumers.synced_archive_consumer The archive "
                         "cannot be processed by Insights: unpack: cut short\n"));
}

TEST(RecordsTest, SaysThatAnArchiveIsOfNoUse) {
  const Error other = pipeline::CheckIsOfOperator(archive::FileTree()).error();
  EXPECT_THAT(LinesOf(pipeline::kStageUnpack, other),
              StartsWith("WARNING ccx_messaging.downloaders.http_downloader Unknown error while "
                         "downloading the file: Cannot detect execution context: unpack: not an "
                         "archive of an Insights Operator"));
  EXPECT_THAT(LinesOf(pipeline::kStageUnpack, Error(Code::kInvalid, "the archive holds no files")),
              HasSubstr("Cannot detect execution context: No files in path"));
  json::Parser parser;
  const Error unread = results::PrintWorkloadInfo({}, "{", parser).error();
  EXPECT_THAT(LinesOf(pipeline::kStageUnpack, unread),
              StartsWith("WARNING ccx_messaging.publishers.workloads_info_publisher Error encoding "
                         "the response to publish: unpack: config/workload_info.json"));
}

TEST(RecordsTest, SaysTheSameWithoutATopicForDeadLetters) {
  const std::string lines = Lines(
      Shown("INFO"), event::kMessageGivenUp,
      {{"request_id", "r1"}, {"stage", "evaluate"}, {"error_class", "invalid"}, {"error", "e"}});
  EXPECT_THAT(lines, HasSubstr("An error has ocurred during the processing of request r1: e\n"));
  EXPECT_THAT(lines, HasSubstr("(topic: t, group.id: g): request r1. Error: e\n"));
  EXPECT_THAT(lines, HasSubstr("INFO insightd ours request_id=r1"));
  EXPECT_THAT(lines, Not(HasSubstr("Sending the message")));
}

TEST(RecordsTest, SaysWhatIsWrongWithAMessage) {
  const auto message = [](std::string_view identity) {
    return R"({"url":"u","timestamp":"2026-01-23T09:26:33Z","b64_identity":")" +
           std::string(identity) + "\"}";
  };
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"no json", "Unable to decode received message: request r1\n"},
      {"", "Unable to decode received message: "},
      {"[]", "Invalid input message JSON schema: request r1\n"},
      {R"({"url":"u"})", "Invalid input message JSON schema: "},
      {message("abcde"), "Base64 encoded identity could not be parsed: request r1\n"},
      {message(EncodeBase64("no json")), "Unable to decode received message: "},
      {message(EncodeBase64("{}")), "Invalid input message JSON schema: "},
  };
  json::Parser parser;
  for (const auto& [text, said] : cases) {
    const auto parsed = announce::Parse(text, parser);
    ASSERT_FALSE(parsed) << text;
    const std::string lines = LinesOf(pipeline::kStageParse, parsed.error());
    EXPECT_THAT(lines, StartsWith(std::string("WARNING ccx_messaging.ingress ") + said)) << text;
    EXPECT_THAT(lines, Not(HasSubstr("An error has ocurred"))) << "it was never in work";
    EXPECT_THAT(lines, HasSubstr("Unexpected error processing incoming message."));
  }
  Configuration copied = Shown("INFO");
  copied.consumer = Consumer::kSyncedArchives;
  EXPECT_THAT(
      LinesOf(pipeline::kStageParse, results::ParseSyncedArchive("no", parser).error(), copied),
      StartsWith("WARNING ccx_messaging.internal_pipeline Unable to decode received"));
}

TEST(RecordsTest, SaysWhatIsWrongWithADownload) {
  const auto refused = http::Get("https://elsewhere/a", {.hosts = {"*.s3.amazonaws.com"}});
  ASSERT_FALSE(refused);
  const std::vector<std::pair<Error, const char*>> cases = {
      {refused.error(), "Invalid URL format: fetch: host elsewhere"},
      {Error(Code::kInvalid, "h answered with status 403"), "Unknown error while downloading"},
      {Error(Code::kNotFound, "h answered with status 404"), "Unknown error while downloading"},
      {Error(Code::kUnavailable, "h: no route"),
       "Connection error while downloading the file: fetch: h: no route\n"},
      {Error(Code::kTooLarge, "the answer of h is over the limit of 5 bytes"),
       "The archive is too big (fetch: the answer of h is over the limit of 5 bytes). Skipping\n"
       "WARNING ccx_messaging.downloaders.http_downloader Error while downloading the file: The "
       "archive is too big. Skipping\n"},
      {Error(Code::kCorrupt, "the answer of h is empty"), "Empty input archive from: "},
  };
  for (const auto& [error, said] : cases) {
    EXPECT_THAT(
        LinesOf(pipeline::kStageFetch, error),
        StartsWith(std::string("WARNING ccx_messaging.downloaders.http_downloader ") + said));
  }
}

TEST(RecordsTest, SaysThatADownloadIsTriedAgain) {
  const auto lines = [](std::string_view stage) {
    return Lines(Shown("INFO"), event::kMessageRetried,
                 {{"stage", stage}, {"error_class", "unavailable"}, {"error", "e"}});
  };
  EXPECT_EQ(lines(pipeline::kStageFetch),
            "WARNING ccx_messaging.downloaders.http_downloader Connection error while downloading "
            "the file: e\n"
            "INFO insightd ours stage=fetch error_class=unavailable error=e\n");
  EXPECT_EQ(lines(pipeline::kStageProduce),
            "INFO insightd ours stage=produce error_class=unavailable error=e\n");
}

TEST(RecordsTest, SaysThatAnArchiveNamesNoCluster) {
  for (const auto& [config_id, said] :
       {std::pair{"", "The archive doesn't contain a valid Cluster Id file. Skipping"},
        std::pair{"x", "The cluster id is not an UUID. Skipping"}}) {
    const auto choice = pipeline::ChooseCluster({}, config_id);
    ASSERT_FALSE(choice);
    EXPECT_THAT(
        LinesOf(pipeline::kStageUnpack, choice.error()),
        StartsWith(std::string("WARNING ccx_messaging.watchers.cluster_id_watcher ") + said));
  }
}

TEST(RecordsTest, WritesNothingBelowTheLevel) {
  EXPECT_EQ(Lines(Shown("WARNING"), event::kAnnounceConsumed), "");
}

TEST(RecordsTest, WritesOtherRecordsWithTheirFields) {
  const Records records(Shown("INFO"));
  const log::Record record{"bus", log::Level::kWarn, "", "away", {{"topic", "t"}, {"partition", 3}},
                           {}};
  EXPECT_EQ(records.Print(record), "WARNING insightd away topic=t partition=3\n");
}

}  // namespace
}  // namespace insightd::app::ccx
