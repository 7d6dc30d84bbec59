#include "app/compat/ccx_messaging/to_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/compat/common/files.h"
#include "app/roles.h"
#include "base/testing/temp_folder.h"

namespace insightd::app::ccx {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Configuration Pipeline() {
  Configuration c;
  c.incoming_topic = "in";
  c.group = "g";
  c.platform_service = "openshift";
  c.dead_letter_topic = "letters";
  c.publisher = Publisher::kRecommendations;
  c.outgoing_topic = "out";
  c.consumer_properties = {{"bootstrap.servers", "a:1,b:2"}};
  c.publisher_properties = c.consumer_properties;
  return c;
}

TEST(ToSettingsTest, KeepsTopicsGroupAndBrokers) {
  const auto meant = ToSettings(Pipeline());
  ASSERT_TRUE(meant) << meant.error().message();
  const Settings& settings = meant->settings;
  EXPECT_THAT(settings.kafka.brokers, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(settings.pipeline.announce_topic, "in");
  EXPECT_EQ(settings.pipeline.group, "g");
  EXPECT_EQ(settings.pipeline.results_topic, "out");
  EXPECT_EQ(settings.pipeline.workloads_topic, "");
  EXPECT_EQ(settings.pipeline.dead_letter_topic, "letters");
}

TEST(ToSettingsTest, AnswersWithMetricsAtThePortOfTheWatcherAndAnyPath) {
  Configuration c = Pipeline();
  c.metrics_port = 8001;
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant);
  EXPECT_EQ(meant->settings.http.metrics_address, ":8001");
  EXPECT_TRUE(meant->settings.http.metrics_at_any_path);
  EXPECT_EQ(ToSettings(Pipeline())->settings.http.metrics_address, "") << "no watcher, no port";
}

TEST(ToSettingsTest, SendsOnlyWhatThePublisherSends) {
  Configuration c = Pipeline();
  c.publisher = Publisher::kWorkloads;
  const auto workloads = ToSettings(c);
  ASSERT_TRUE(workloads);
  EXPECT_EQ(workloads->settings.pipeline.workloads_topic, "out");
  EXPECT_EQ(workloads->settings.pipeline.results_topic, "");
  c.publisher = Publisher::kWorkloadInfo;
  c.engine = Engine::kWorkloadInfo;
  const auto info = ToSettings(c);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->settings.pipeline.workload_info_topic, "out");
  EXPECT_EQ(info->settings.pipeline.workloads_topic, "");
}

TEST(ToSettingsTest, CompressesWhatTheFileSaysAndNothingElse) {
  for (const bool compressed : {true, false}) {
    Configuration c = Pipeline();
    c.compressed = compressed;
    c.publisher = Publisher::kWorkloads;
    const auto workloads = ToSettings(c);
    ASSERT_TRUE(workloads);
    EXPECT_EQ(workloads->settings.pipeline.workloads_gzip, compressed);
    c.publisher = Publisher::kWorkloadInfo;
    c.engine = Engine::kWorkloadInfo;
    const auto info = ToSettings(c);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->settings.pipeline.workload_info_gzip, compressed);
  }
}

TEST(ToSettingsTest, SpeaksToTheBrokersAsTheFileSays) {
  Configuration c = Pipeline();
  c.consumer_properties.insert({{"security.protocol", "SASL_SSL"},
                                {"sasl.mechanisms", "SCRAM-SHA-512"},
                                {"sasl.username", "u"},
                                {"sasl.password", "p"},
                                {"ssl.ca.location", "/ca.pem"},
                                {"fetch.min.bytes", "1"},
                                {"auto.offset.reset", "latest"}});
  c.publisher_properties = c.consumer_properties;
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant);
  const bus::KafkaSettings& kafka = meant->settings.kafka;
  EXPECT_EQ(kafka.security, "sasl_ssl");
  EXPECT_EQ(kafka.sasl_mechanism, "SCRAM-SHA-512");
  EXPECT_EQ(kafka.username, "u");
  EXPECT_EQ(kafka.password, "p");
  EXPECT_EQ(kafka.ca_file, "/ca.pem");
  EXPECT_THAT(kafka.properties, ElementsAre("fetch.min.bytes=1"));
  EXPECT_THAT(meant->notices, Contains(HasSubstr("auto.offset.reset")));
}

TEST(ToSettingsTest, PassesOverAHeartbeatThatIsSlowerThanTheSession) {
  Configuration c = Pipeline();
  c.consumer_properties.insert(
      {{"heartbeat.interval.ms", "50000"}, {"session.timeout.ms", "10000"}});
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant);
  EXPECT_EQ(meant->settings.kafka.session_ms_max, 10'000);
  EXPECT_TRUE(meant->settings.kafka.properties.empty());
  EXPECT_THAT(meant->notices, Contains(HasSubstr("heartbeat.interval.ms")));
}

TEST(ToSettingsTest, RefusesWhatItCannotDo) {
  Configuration other = Pipeline();
  other.publisher_properties["bootstrap.servers"] = "elsewhere:1";
  EXPECT_THAT(ToSettings(other).error().message(), HasSubstr("same brokers"));
  Configuration mixed = Pipeline();
  mixed.consumer = Consumer::kSyncedArchives;
  EXPECT_THAT(ToSettings(mixed).error().message(), HasSubstr("not taken over"));
  Configuration old = Pipeline();
  old.consumer = Consumer::kArchivePaths;
  EXPECT_THAT(ToSettings(old).error().message(), HasSubstr("not taken over"));
}

TEST(ToSettingsTest, RefusesATrackerOnOtherBrokersOrWithAnotherLogin) {
  Configuration c = Pipeline();
  c.tracker = Tracker{.topic = "status", .properties = c.consumer_properties};
  EXPECT_TRUE(ToSettings(c));
  c.tracker->properties["bootstrap.servers"] = "elsewhere:1";
  EXPECT_THAT(ToSettings(c).error().message(),
              AllOf(HasSubstr("\"a:1,b:2\""), HasSubstr("PayloadTrackerWatcher"),
                    HasSubstr("\"elsewhere:1\""), HasSubstr("leave the watcher out")));
  c.tracker->properties = c.consumer_properties;
  c.tracker->properties["security.protocol"] = "SSL";
  EXPECT_THAT(ToSettings(c).error().message(), HasSubstr("security.protocol \"plaintext\""));
}

TEST(ToSettingsTest, RefusesAnotherLoginWithoutShowingSecrets) {
  Configuration c = Pipeline();
  c.consumer_properties.insert({{"security.protocol", "SASL_PLAINTEXT"},
                                {"sasl.mechanism", "PLAIN"},
                                {"sasl.username", "u"},
                                {"sasl.password", "hidden1"}});
  c.publisher_properties = c.consumer_properties;
  c.publisher_properties["sasl.password"] = "hidden2";
  EXPECT_THAT(ToSettings(c).error().message(),
              AllOf(HasSubstr("sasl.password"), Not(HasSubstr("hidden"))));
  c.publisher_properties.erase("sasl.password");
  EXPECT_THAT(ToSettings(c).error().message(), HasSubstr("service.publisher none"));
}

TEST(ToSettingsTest, KnowsTheSameBrokersInAnotherSpelling) {
  Configuration c = Pipeline();
  c.consumer_properties.insert({{"security.protocol", "SASL_PLAINTEXT"},
                                {"sasl.mechanism", "PLAIN"},
                                {"ssl.ca.location", "/unused.pem"}});
  c.publisher_properties = {{"bootstrap.servers", "b:2, a:1"},
                            {"security.protocol", "sasl_plaintext"},
                            {"sasl.mechanisms", "PLAIN"},
                            {"sasl.username", ""}};
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_THAT(meant->settings.kafka.brokers, ElementsAre("a:1", "b:2"));
}

TEST(ToSettingsTest, TakesTheConsumersPropertyAndTellsTheOthers) {
  Configuration c = Pipeline();
  c.consumer_properties.insert({{"client.id", "a"}, {"fetch.min.bytes", "1"}});
  c.publisher_properties.insert({{"client.id", "b"}, {"retries", "5"}, {"group.id", "other"}});
  c.tracker = Tracker{.topic = "status", .properties = c.consumer_properties};
  c.tracker->properties["client.id"] = "c";
  c.tracker->properties["batch.size"] = "9";
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->settings.kafka.client_id, "a");
  EXPECT_THAT(meant->settings.kafka.properties, ElementsAre("fetch.min.bytes=1", "retries=5"));
  for (const char* told :
       {"service.publisher: client.id \"b\" is not used", "service.publisher: group.id \"other\"",
        "PayloadTrackerWatcher: client.id \"c\"", "PayloadTrackerWatcher: batch.size \"9\""}) {
    EXPECT_THAT(meant->notices, Contains(HasSubstr(told)));
  }
  EXPECT_THAT(meant->notices, Not(Contains(HasSubstr("retries"))));
}

TEST(ToSettingsTest, PassesOverPropertiesThatItSetsItselfAndSaysWhatCountsInstead) {
  Configuration c = Pipeline();
  c.consumer_properties.insert({{"isolation.level", "read_uncommitted"},
                                {"enable.partition.eof", "true"},
                                {"auto.offset.reset", "latest"}});
  c.publisher_properties.insert({{"linger.ms", "5"},
                                 {"acks", "1"},
                                 {"message.timeout.ms", "1000"},
                                 {"transactional.id", "t"}});
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_THAT(meant->settings.kafka.properties, ElementsAre());
  for (const char* told :
       {"isolation.level means nothing here: records of transactions", "enable.partition.eof means",
        "auto.offset.reset means nothing here: a new group",
        "linger.ms means nothing here: INSIGHTD__", "acks means nothing here: each record",
        "message.timeout.ms means", "transactional.id means"}) {
    EXPECT_THAT(meant->notices, Contains(HasSubstr(told)));
  }
}

TEST(ToSettingsTest, TriesArchivesAtUrlsForMinutesAndAllElseForADay) {
  const auto meant = ToSettings(Pipeline());
  ASSERT_TRUE(meant);
  EXPECT_EQ(meant->settings.pipeline.archive_retry_s_max, 600);
  EXPECT_EQ(meant->settings.pipeline.retry_s_max, 86'400);
}

TEST(ToSettingsTest, MakesTopicsThatAreMissingWithOnePartition) {
  const auto meant = ToSettings(Pipeline());
  ASSERT_TRUE(meant);
  EXPECT_TRUE(meant->settings.kafka.create_topics);
  EXPECT_EQ(meant->settings.bus.partitions, 1);
}

TEST(ToSettingsTest, TakesAnyUrlOnlyWhereTheFileSaysSo) {
  Configuration c = Pipeline();
  EXPECT_TRUE(ToSettings(c)->settings.pipeline.as_upstream.presigned_s3_only);
  c.unsafe_links = true;
  EXPECT_FALSE(ToSettings(c)->settings.pipeline.as_upstream.presigned_s3_only);
}

TEST(ToSettingsTest, TellsTheBoundThatIsInForce) {
  Settings own;
  own.pipeline.archive_bytes_max = 4096;
  const auto meant = ToSettings(Pipeline(), own);
  ASSERT_TRUE(meant);
  EXPECT_THAT(meant->notices, Contains(AllOf(HasSubstr("max_archive_size"), HasSubstr("4096"))));
}

Result<Settings> Trusting(std::map<std::string, std::string> variables) {
  Settings settings;
  const auto done =
      TrustFilesOf(Environment([&variables](const std::string& name) -> std::optional<std::string> {
                     const auto found = variables.find(name);
                     return found == variables.end() ? std::nullopt : std::optional(found->second);
                   }),
                   settings);
  if (!done) return Fail(done.error());
  return settings;
}

TEST(TrustFilesTest, TakesThoseOfPythonsLibraries) {
  const insightd::testing::TempFolder folder;
  const auto file = [&folder](const char* name) {
    const std::string path = folder / name;
    EXPECT_TRUE(compat::WriteSecretFile(path, "certificates"));
    return path;
  };
  const std::string requests = file("requests");
  const std::string curl = file("curl");
  const std::string aws = file("aws");
  const auto both = Trusting({{"REQUESTS_CA_BUNDLE", requests}, {"CURL_CA_BUNDLE", curl}});
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_EQ(both->pipeline.archive_ca_file, requests);
  EXPECT_EQ(both->s3.ca_file, requests);
  const auto other =
      Trusting({{"REQUESTS_CA_BUNDLE", ""}, {"CURL_CA_BUNDLE", curl}, {"AWS_CA_BUNDLE", aws}});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->pipeline.archive_ca_file, curl);
  EXPECT_EQ(other->s3.ca_file, aws);
  EXPECT_EQ(Trusting({})->pipeline.archive_ca_file, "");
}

TEST(TrustFilesTest, NamesTheVariableOfAFileThatCannotBeRead) {
  EXPECT_THAT(Trusting({{"REQUESTS_CA_BUNDLE", "/nothing"}}).error().message(),
              AllOf(HasSubstr("REQUESTS_CA_BUNDLE"), HasSubstr("/nothing")));
  EXPECT_FALSE(Trusting({{"AWS_CA_BUNDLE", "/"}}));
}

TEST(ToSettingsTest, TellsTheBoundsThatTheFileDoesNotGive) {
  Configuration c = Pipeline();
  const auto bounded = ToSettings(c);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->settings.pipeline.archive_bytes_max, 104857600u);
  EXPECT_THAT(bounded->notices,
              Contains(AllOf(HasSubstr("max_archive_size"), HasSubstr("104857600"))));
  EXPECT_THAT(bounded->notices,
              Contains(AllOf(HasSubstr("unpacked_archive_size_limit"), HasSubstr("100663296"))));
  c.archive_bytes_max = 2048;
  c.unpacked_bytes_max = 1 << 20;
  const auto given = ToSettings(c);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->settings.pipeline.archive_bytes_max, 2048u);
  EXPECT_THAT(given->notices, Not(Contains(HasSubstr("max_archive_size"))));
  EXPECT_THAT(given->notices, Not(Contains(HasSubstr("unpacked_archive_size_limit"))));
}

constexpr auto kS3 = [] {
  return S3Arguments{
      .endpoint = "http://s3:9", .bucket = "b", .access_key = "k", .secret_key = "s"};
};

TEST(ToSettingsTest, CopiesArchivesInThePlaceOfArchiveSync) {
  Configuration c = Pipeline();
  c.engine = Engine::kCopyToS3;
  c.publisher = Publisher::kSyncedArchives;
  c.copy_to = kS3();
  c.copy_prefix = "archives/compressed";
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kArchiveCopies);
  EXPECT_EQ(meant->settings.s3.bucket, "b");
  EXPECT_EQ(meant->settings.s3.acl, "bucket-owner-read");
  EXPECT_FALSE(meant->settings.s3.overwrite);
  EXPECT_EQ(meant->settings.pipeline.results_topic, "out");
  EXPECT_EQ(meant->settings.pipeline.service, "openshift");
  EXPECT_EQ(meant->settings.copies.archives.prefix, "archives/compressed");
  c.copy_with_acl = false;
  EXPECT_EQ(ToSettings(c)->settings.s3.acl, "");
  c.copy_pattern = "$report_path";
  EXPECT_THAT(ToSettings(c).error().message(), HasSubstr("archive_name_pattern"));
}

TEST(ToSettingsTest, JudgesCopiesInThePlaceOfRulesProcessing) {
  Configuration c = Pipeline();
  c.consumer = Consumer::kSyncedArchives;
  c.downloader = Downloader::kS3;
  c.publisher = Publisher::kRulesResults;
  c.download_from = kS3();
  c.unpacked_bytes_max = 1'000'000'000;
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kCopiesJudged);
  EXPECT_EQ(meant->settings.s3.endpoint, "http://s3:9");
  EXPECT_EQ(meant->settings.pipeline.service, "");
  EXPECT_EQ(meant->settings.pipeline.limits.unpacked_bytes_max, 1'000'000'000U);
  EXPECT_EQ(meant->settings.pipeline.archive_retry_s_max, 86'400) << "keys are good for ever";
}

TEST(ToSettingsTest, KeepsReportsInThePlaceOfRulesUploader) {
  Configuration c = Pipeline();
  c.consumer = Consumer::kRulesResults;
  c.downloader = Downloader::kLocalFile;
  c.engine = Engine::kCopyToS3;
  c.publisher = Publisher::kNone;
  c.outgoing_topic = "";
  c.publisher_properties.clear();
  c.copy_to = kS3();
  c.copy_pattern = "$report_path";
  const auto meant = ToSettings(c);
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kReportCopies);
  EXPECT_TRUE(meant->settings.s3.overwrite);
  EXPECT_EQ(meant->settings.pipeline.results_topic, "");
  EXPECT_EQ(meant->settings.copies.reports.pattern, "$report_path");
}

}  // namespace
}  // namespace insightd::app::ccx
