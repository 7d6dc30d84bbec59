#include "app/compat/ccx_messaging/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::app::ccx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// The external pipeline as it is deployed.
constexpr const char* kPipeline = R"(
plugins: {packages: [ccx_rules_ocp.external, ccx_rules_processing]}
service:
  extract_timeout:
  consumer:
    name: ccx_messaging.consumers.kafka_consumer.KafkaConsumer
    kwargs:
      incoming_topic: ${IN:platform.upload.announce}
      platform_service: openshift
      group.id: ccx_data_pipeline_app
      bootstrap.servers: kafka:29092
      dead_letter_queue_topic: dead.letter.queue
      max.poll.interval.ms: 600000
  downloader:
    name: ccx_messaging.downloaders.http_downloader.HTTPDownloader
    kwargs: {max_archive_size: 100MiB, allow_unsafe_links: "${UNSAFE:false}"}
  engine: {name: ccx_messaging.engines.ocp_engine.OCPEngine}
  publisher:
    name: ccx_messaging.publishers.rule_processing_publisher.RuleProcessingPublisher
    kwargs: {outgoing_topic: ccx.ocp.results, bootstrap.servers: "kafka:29092"}
  watchers:
    - {name: ccx_messaging.watchers.stats_watcher.StatsWatcher, kwargs: {prometheus_port: 8001}}
    - name: ccx_messaging.watchers.cluster_id_watcher.ClusterIdWatcher
    - name: ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher
      kwargs: {bootstrap.servers: "kafka:29092", topic: platform.payload-status}
  logging: {version: 1}
)";

Result<Configuration> ReadText(std::string yaml) {
  Value tree = *ParseYaml("c.yaml", std::move(yaml));
  Substitute(tree, [](const std::string&) { return std::optional<std::string>(); });
  return Read(tree);
}

std::string With(std::string_view what, std::string_view instead) {
  std::string text = kPipeline;
  const std::size_t at = text.find(what);
  EXPECT_NE(at, text.npos) << what;
  return text.replace(at, what.size(), instead);
}

TEST(ConfigurationTest, ReadsTheExternalPipeline) {
  const auto read = ReadText(kPipeline);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->consumer, Consumer::kAnnouncements);
  EXPECT_EQ(read->incoming_topic, "platform.upload.announce");
  EXPECT_EQ(read->group, "ccx_data_pipeline_app");
  EXPECT_EQ(read->record_age_s_max, 7200);
  EXPECT_THAT(read->consumer_properties, ElementsAre(Pair("bootstrap.servers", "kafka:29092"),
                                                     Pair("max.poll.interval.ms", "600000")));
  EXPECT_EQ(read->archive_bytes_max, 104857600u);
  EXPECT_FALSE(read->unsafe_links);
  EXPECT_EQ(read->publisher, Publisher::kRecommendations);
  EXPECT_EQ(read->metrics_port, 8001);
  EXPECT_TRUE(read->finds_cluster_id);
  EXPECT_EQ(read->tracker->service_name, "ccx-data-pipeline");
  EXPECT_THAT(read->packages, ElementsAre("ccx_rules_ocp.external", "ccx_rules_processing"));
}

TEST(ConfigurationTest, TakesTheBrokerConfigurationOverThePropertiesBesideIt) {
  const auto read = ReadText(
      With("max.poll.interval.ms: 600000", "kafka_broker_config: {bootstrap.servers: 'b:1'}"));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->consumer_properties, ElementsAre(Pair("bootstrap.servers", "b:1")));
}

TEST(ConfigurationTest, SaysWhatIsWrongInTheWordsOfTheOriginal) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {With("kafka_consumer.KafkaConsumer", "kafka_consumer.Nothing"),
       "Couldn't find ccx_messaging.consumers.kafka_consumer.Nothing."},
      {With("outgoing_topic: ccx.ocp.results", "outgoing_topic: 5"),
       "outgoing_topic should be a str"},
      {With("100MiB", "100kB"), "max_archive_size"},
      {With("100MiB", "'100'"), "max_archive_size"},
      {With("allow_unsafe_links", "allow_unsafe_link"), "allow_unsafe_link"},
      {With("incoming_topic: ${IN:platform.upload.announce}", "x: y"), "incoming_topic"},
      {With("  logging: {version: 1}", ""), "service.logging"},
      {With("ccx_messaging.downloaders.http_downloader.HTTPDownloader",
            "ccx_messaging.downloaders.s3_downloader.S3Downloader"),
       "Access Key environment variable not set."},
  };
  for (const auto& [text, said] : cases) {
    const auto read = ReadText(text);
    ASSERT_FALSE(read) << said;
    EXPECT_THAT(read.error().message(), HasSubstr(said));
  }
}

TEST(ConfigurationTest, RefusesArgumentsByPositionSinceNobodyReadsThem) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {With("kwargs: {prometheus_port: 8001}", "args: [8001]"),
       "service.watchers (ccx_messaging.watchers.stats_watcher.StatsWatcher) has args"},
      {With("kafka_consumer.KafkaConsumer", "kafka_consumer.KafkaConsumer\n    args: [a]"),
       "service.consumer (ccx_messaging.consumers.kafka_consumer.KafkaConsumer) has args"},
      {With("HTTPDownloader", "HTTPDownloader\n    args: [100MiB]"), "service.downloader ("},
      {With("engine.OCPEngine}", "engine.OCPEngine, args: [f]}"), "service.engine ("},
      {With("RuleProcessingPublisher", "RuleProcessingPublisher\n    args: [t]"),
       "service.publisher ("},
  };
  for (const auto& [text, said] : cases) {
    const auto read = ReadText(text);
    ASSERT_FALSE(read) << said;
    EXPECT_THAT(read.error().message(), HasSubstr(said));
    EXPECT_THAT(read.error().message(), HasSubstr("under kwargs"));
  }
  for (const char* none : {"args: [], ", "args: , "}) {
    const auto read =
        ReadText(With("kwargs: {prometheus", none + std::string("kwargs: {prometheus")));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->metrics_port, 8001);
  }
}

TEST(ConfigurationTest, TellsWhatMeansNothingHere) {
  EXPECT_THAT(ReadText(kPipeline)->notices, IsEmpty());
  const std::vector<std::pair<std::string, const char*>> cases = {
      {With("  extract_timeout:", "  requeuer: {name: some.Requeuer}"),
       "service.requeuer (some.Requeuer)"},
      {With("  extract_timeout:", "  logging_configurator: {name: some.Configurator}"),
       "service.logging_configurator (some.Configurator)"},
      {With("processing]}", "processing], default_component_enabled: false}"),
       "plugins.default_component_enabled means nothing here"},
      {With("  extract_timeout:", "  target_components: [some.rule]"),
       "target_components (some.rule)"},
      {With("  extract_timeout:", "  extract_tmp_dir: /scratch"), "extract_tmp_dir (/scratch)"},
      {With("engine.OCPEngine}", "engine.OCPEngine, kwargs: {extract_tmp_dir: /scratch}}"),
       "extract_tmp_dir (/scratch)"},
      {With("engine.OCPEngine}", "engine.OCPEngine, kwargs: {formatter: f, what: 1}}"),
       "service.engine: the argument what"},
      {With("processing]}", "processing], configs: [{name: some.Config, enabled: false}]}"),
       "plugins.configs means nothing here: some.Config"},
      {With("{version: 1}",
            "{handlers: {a: {class: logging.StreamHandler}, "
            "b: {class: logging.FileHandler, filename: /x.log}}, root: {handlers: [a, b]}}"),
       "(logging.FileHandler, /x.log) of root is not used"},
  };
  for (const auto& [text, said] : cases) {
    const auto read = ReadText(text);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_THAT(read->notices, ElementsAre(HasSubstr(said)));
  }
  // As files of today write it: nothing is asked for.
  const auto empty =
      ReadText(With("  extract_timeout:", "  target_components: []\n  extract_tmp_dir:"));
  ASSERT_TRUE(empty);
  EXPECT_THAT(empty->notices, IsEmpty());
}

TEST(ConfigurationTest, TellsOfArgumentsOfTheS3DownloaderThatItHasNot) {
  const auto read =
      ReadText(With("http_downloader.HTTPDownloader\n    kwargs: {max_archive_size: 100MiB",
                    "s3_downloader.S3Downloader\n    kwargs: {access_key: k, secret_key: s, "
                    "endpoint_url: 'http://s3', bucket: b, region: r"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->download_from.endpoint, "http://s3");
  EXPECT_THAT(read->notices,
              ElementsAre(HasSubstr("service.downloader: the argument region"),
                          HasSubstr("service.downloader: the argument allow_unsafe_links")));
}

TEST(ConfigurationTest, TakesNoLimitForMinusOne) {
  const auto read = ReadText(With("extract_timeout:", "unpacked_archive_size_limit: -1"));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->unpacked_bytes_max);
}

TEST(EnvironmentNoticesTest, TellsWhatIsAskedForAlone) {
  const auto with = [](std::map<std::string, std::string> variables) {
    return EnvironmentNotices([variables](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::optional<std::string>() : found->second;
    });
  };
  EXPECT_THAT(with({}), IsEmpty());
  EXPECT_THAT(
      with({{"SENTRY_ENABLED", "false"}, {"LOGGING_TO_CW_ENABLED", ""}, {"EXTRA_PACKAGES", ","}}),
      IsEmpty());
  const auto told = with({{"SENTRY_ENABLED", "True"},
                          {"LOGGING_TO_CW_ENABLED", "1"},
                          {"EXTRA_PACKAGES", "rules_a, rules_b"}});
  EXPECT_THAT(told, ElementsAre(HasSubstr("SENTRY_ENABLED"), HasSubstr("LOGGING_TO_CW_ENABLED"),
                                HasSubstr("EXTRA_PACKAGES: rules_a, rules_b")));
}

TEST(ParseSizeTest, KnowsBothKindsOfUnits) {
  EXPECT_EQ(*ParseSize("100 MiB"), 104857600u);
  EXPECT_EQ(*ParseSize("1.5G"), 1500000000u);
  EXPECT_EQ(*ParseSize("1KB"), 1000u);
  EXPECT_EQ(*ParseSize("7B"), 7u);
  for (const char* bad : {"1kB", "1PiB", "iB", "", "-1M", "1e3"})
    EXPECT_FALSE(ParseSize(bad)) << bad;
}

}  // namespace
}  // namespace insightd::app::ccx
