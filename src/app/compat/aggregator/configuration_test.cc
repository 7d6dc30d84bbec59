#include "app/compat/aggregator/configuration.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/testing/temp_folder.h"

namespace insightd::app::aggregator {
namespace {

class AggregatorConfigurationTest : public ::testing::Test {
 protected:
  Result<Loading> Load() {
    std::vector<std::string> names;
    for (const auto& [name, value] : variables_) names.push_back(name);
    return aggregator::Load(configuration_,
                            {[this](const std::string& name) -> std::optional<std::string> {
                               const auto found = variables_.find(name);
                               if (found == variables_.end()) return std::nullopt;
                               return found->second;
                             },
                             std::move(names)},
                            "aggregator_test");
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }

  insightd::testing::TempFolder folder_;
  std::map<std::string, std::string> variables_;
  Configuration configuration_;
};

constexpr const char* kClowder = R"({
  "kafka": {"brokers": [{"hostname": "k", "port": 9093, "authtype": "sasl", "cacert": "PEM",
    "sasl": {"username": "u", "password": "p", "saslMechanism": "SCRAM-SHA-512",
             "securityProtocol": "SASL_SSL"}}],
    "topics": [{"requestedName": "ccx.ocp.results", "name": "real.results"}]},
  "database": {"name": "d", "hostname": "h", "port": 5433, "username": "du", "password": "dp"},
  "inMemoryDb": {"hostname": "r", "port": 6380}})";

TEST_F(AggregatorConfigurationTest, AFileOfItsOwnShapeIsRead) {
  Write("c.toml",
        "[broker]\naddresses = \"localhost:29092\"\ntimeout = \"30s\"\nenabled = true\n"
        "org_allowlist_file = \"x.csv\"\nenable_org_whitelist = false\n"
        "[server]\napi_prefix = \"/api/v1/\"\nmaximum_feedback_message_length = 255\n"
        "[dvo_recommendations_storage]\npg_port = 5432\ntype = \"sql\"\n"
        "[storage_backend]\nuse = \"ocp_recommendations\"\n[content]\npath = \"x\"\n"
        "[sentry]\ndsn = \"d\"\nenvironment = \"dev\"\n[cloudwatch]\nlog_group = \"g\"\n"
        "[kafka_zerolog]\nbroker = \"b\"\n[logging]\nlogging_to_kafka_enabled = true\n"
        "logging_to_sentry_enabled = false\n");
  variables_ = {{"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE", folder_ / "c.toml"},
                {"INSIGHTS_RESULTS_AGGREGATOR__BROKER__DEAD_LETTER_QUEUE_TOPIC", "dead"},
                {"INSIGHTS_RESULTS_AGGREGATOR__METRICS__ENABLED", "true"}};
  const auto loading = Load();
  ASSERT_TRUE(loading) << loading.error().message();
  EXPECT_EQ(configuration_.broker.addresses, "localhost:29092");
  EXPECT_EQ(configuration_.broker.timeout, std::chrono::seconds(30));
  EXPECT_EQ(configuration_.broker.dead_letter_queue_topic, "dead");
  EXPECT_EQ(configuration_.workloads.pg.port, 5432);
  EXPECT_TRUE(configuration_.workloads.is_sql());
  EXPECT_EQ(configuration_.use, "ocp_recommendations");
  EXPECT_EQ(
      loading->unknown,
      (std::vector<std::string>{
          "broker.org_allowlist_file", "broker.enable_org_whitelist", "content.path", "sentry.dsn",
          "sentry.environment", "cloudwatch.log_group", "kafka_zerolog.broker",
          "logging.logging_to_kafka_enabled", "INSIGHTS_RESULTS_AGGREGATOR__METRICS__ENABLED"}));
  EXPECT_FALSE(loading->secrets) << "there is no secret to write";
  EXPECT_EQ(loading->said, (std::vector<std::string>{"Clowder is not enabled, skipping init...",
                                                     "Clowder is disabled"}));
}

TEST_F(AggregatorConfigurationTest, TheClowderFileWinsAndRenamesTopics) {
  Write("acg.json", kClowder);
  variables_ = {{"ACG_CONFIG", folder_ / "acg.json"},
                {"INSIGHTS_RESULTS_AGGREGATOR__BROKER__TOPIC", "ccx.ocp.results"},
                {"INSIGHTS_RESULTS_AGGREGATOR__BROKER__PAYLOAD_TRACKER_TOPIC", "tracker"},
                {"INSIGHTS_RESULTS_AGGREGATOR__REDIS__PASSWORD", "kept"},
                {"INSIGHTS_RESULTS_AGGREGATOR__OCP_RECOMMENDATIONS_STORAGE__PG_HOST", "other"}};
  auto loading = Load();
  ASSERT_TRUE(loading) << loading.error().message();
  EXPECT_EQ(configuration_.broker.addresses, "k:9093");
  EXPECT_EQ(configuration_.broker.topic, "real.results");
  EXPECT_EQ(configuration_.broker.security_protocol, "SASL_SSL");
  ASSERT_TRUE(loading->secrets);
  EXPECT_EQ(configuration_.broker.cert_path, loading->secrets->path() + "/kafka-ca.pem");
  EXPECT_TRUE(std::filesystem::exists(configuration_.broker.cert_path));
  for (const Storage* storage : {&configuration_.results, &configuration_.workloads}) {
    EXPECT_EQ(storage->pg.host, "h");
    EXPECT_EQ(storage->pg.port, 5433);
    EXPECT_EQ(storage->pg.password, "dp");
  }
  EXPECT_EQ(configuration_.redis.endpoint, "r:6380");
  EXPECT_EQ(configuration_.redis.password, "kept");
  EXPECT_EQ(loading->said,
            (std::vector<std::string>{"Clowder is enabled",
                                      "warning: no kafka mapping found for topic tracker"}));
  loading->secrets.reset();
  EXPECT_FALSE(std::filesystem::exists(configuration_.broker.cert_path));
}

TEST_F(AggregatorConfigurationTest, WhatCannotBeLoadedIsToldInTheOriginalsWords) {
  variables_ = {{"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE", folder_ / "away.toml"}};
  const auto away = Load();
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().message().starts_with(
      "fatal error config file: Config File \"away\" Not Found in "))
      << away.error().message();
  variables_ = {{"ACG_CONFIG", "/nowhere.json"}};
  EXPECT_FALSE(Load());
}

TEST_F(AggregatorConfigurationTest, IsPrintedUnderTheNamesOfItsFieldsInTheirOrder) {
  configuration_.broker.addresses = "a:1";
  configuration_.results.pg.password = "tell nobody";
  go::Table table;
  configuration_.AddTo(table);
  const std::string text = table.Print();
  EXPECT_TRUE(
      text.starts_with("{\n    \"Broker\": {\n        \"Addresses\": \"a:1\",\n        "
                       "\"SecurityProtocol\": \"\",\n        \"CertPath\": \"\",\n"))
      << text;
  EXPECT_EQ(text.find("tell nobody"), text.npos);
  std::size_t at = 0;
  for (const char* section :
       {"Broker", "Server", "Processing", "OCPRecommendationsStorage", "DVORecommendationsStorage",
        "StorageBackend", "Logging", "CloudWatch", "Redis", "Metrics", "SentryLoggingConf"}) {
    const std::size_t found = text.find(std::string("\n    \"") + section + "\": {");
    EXPECT_NE(found, text.npos) << section;
    EXPECT_GE(found, at) << section;
    at = found;
  }
}

}  // namespace
}  // namespace insightd::app::aggregator
