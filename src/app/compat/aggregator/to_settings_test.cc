#include "app/compat/aggregator/to_settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "app/roles.h"
#include "base/testing/temp_folder.h"

namespace insightd::app::aggregator {
namespace {

// As the file that is shipped, without what only prints.
Configuration Shipped(const std::string& spec_file) {
  Configuration c;
  c.broker = {.addresses = "localhost:29092, other:1",
              .topic = "ccx.ocp.results",
              .payload_tracker_topic = "platform.payload-status",
              .dead_letter_queue_topic = "dead.letter.queue",
              .service_name = "insights-results-aggregator",
              .group = "aggregator",
              .enabled = true,
              .client_id = "db-writer",
              .display_message_with_wrong_structure = true};
  c.server = {.address = ":8080",
              .api_prefix = "/api/v1/",
              .api_spec_file = spec_file,
              .debug = true,
              .auth = true,
              .auth_type = "xrh",
              .maximum_feedback_message_length = 255,
              .org_overview_limit_hours = 2};
  c.results = {.type = "sql",
               .db_driver = "postgres",
               .pg = {.username = "user",
                      .password = "password",
                      .host = "localhost",
                      .port = 5432,
                      .db_name = "aggregator",
                      .params = "sslmode=disable"}};
  c.workloads = c.results;
  c.use = kUseResults;
  c.metrics_namespace = "aggregator";
  return c;
}

class AggregatorSettingsTest : public ::testing::Test {
 protected:
  AggregatorSettingsTest() : c_(Shipped(folder_ / "openapi.json")) {
    std::ofstream(c_.server.api_spec_file) << "{}";
  }
  Result<Meant> Translate() {
    const Result<Databases> databases = DatabasesOf(c_, false);
    if (!databases) return Fail(databases.error());
    return ToSettings(c_, *databases);
  }
  std::string Mistake() {
    const auto meant = Translate();
    return meant ? "none" : meant.error().message();
  }
  static bool Notes(const Meant& meant, std::string_view part) {
    return std::ranges::any_of(meant.notices, [part](const std::string& notice) {
      return notice.find(part) != notice.npos;
    });
  }

  insightd::testing::TempFolder folder_;
  Configuration c_;
};

TEST_F(AggregatorSettingsTest, TheShippedFileIsAWriterWithTheApiBesideIt) {
  const auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorWriter);
  const Settings& s = meant->settings;
  EXPECT_EQ(s.kafka.brokers, (std::vector<std::string>{"localhost:29092", "other:1"}));
  EXPECT_EQ(s.kafka.security, "plaintext");
  EXPECT_EQ(s.kafka.client_id, "db-writer");
  EXPECT_EQ(s.writer.messages, "results");
  EXPECT_EQ(s.writer.results_topic, "ccx.ocp.results");
  EXPECT_EQ(s.writer.group, "aggregator");
  EXPECT_EQ(s.writer.dead_letter_topic, "dead.letter.queue");
  EXPECT_EQ(s.writer.payload_tracker_topic, "platform.payload-status");
  EXPECT_EQ(s.writer.payload_tracker_service, "insights-results-aggregator");
  EXPECT_TRUE(s.writer.logs_refused_messages);
  EXPECT_EQ(s.writer.metrics_namespace, "aggregator");
  EXPECT_EQ(s.writer.org_allowlist_file, "");
  EXPECT_TRUE(s.upkeep.dead_letter_topics.empty());
  EXPECT_EQ(s.http.aggregator_address, ":8080");
  EXPECT_EQ(s.http.metrics_address, "");
  EXPECT_EQ(s.http.head_bytes_max, 1U << 20);
  EXPECT_EQ(s.writer.org_id_max, 2147483647);
  EXPECT_EQ(s.aggregator.api_prefix, "/api/v1/");
  EXPECT_TRUE(s.aggregator.debug);
  EXPECT_TRUE(s.aggregator.auth);
  EXPECT_FALSE(s.aggregator.close_other_organizations);
  EXPECT_EQ(s.aggregator.metrics_namespace, "aggregator");
  EXPECT_TRUE(s.aggregator.recommendations);
  EXPECT_TRUE(s.aggregator.workloads);
  EXPECT_EQ(s.postgres.password, "password");
  EXPECT_NE(s.postgres.conninfo.find("dbname='aggregator'"), std::string::npos);
  EXPECT_EQ(s.start_wait_s, 0);
}

TEST_F(AggregatorSettingsTest, OfWorkloadsTheConsumerIsTheOtherOne) {
  c_.use = kUseWorkloads;
  c_.broker.topic = "ccx.dvo.results";
  c_.broker.enable_org_allowlist = true;
  const auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->settings.writer.messages, "workloads");
  EXPECT_EQ(meant->settings.writer.workloads_topic, "ccx.dvo.results");
  EXPECT_EQ(meant->settings.writer.workloads_group, "aggregator");
  EXPECT_EQ(meant->settings.writer.workloads_dead_letter_topic, "dead.letter.queue");
  EXPECT_EQ(meant->settings.writer.org_allowlist_file, "org_allowlist.csv");
}

TEST_F(AggregatorSettingsTest, WithoutTheBrokerItIsTheApiAlone) {
  c_.broker = {};
  c_.use.clear();
  c_.workloads.type.clear();
  const auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorApi);
  EXPECT_TRUE(meant->settings.kafka.brokers.empty());
  EXPECT_TRUE(meant->settings.aggregator.recommendations);
  EXPECT_FALSE(meant->settings.aggregator.workloads);
}

TEST_F(AggregatorSettingsTest, StoragesOfTheTypeNoopNeedNoDatabase) {
  c_.results.type = "noop";
  c_.workloads.type = "noop";
  auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorWriterOfNothing);
  EXPECT_TRUE(meant->settings.writer.stores_nothing);
  EXPECT_TRUE(meant->settings.aggregator.recommendations);
  EXPECT_FALSE(meant->settings.aggregator.recommendations_in_database);
  EXPECT_FALSE(meant->settings.aggregator.workloads_in_database);
  c_.broker.enabled = false;
  meant = Translate();
  ASSERT_TRUE(meant);
  EXPECT_EQ(meant->role, kAggregatorApi);
  EXPECT_TRUE(Notes(*meant, "the API shows nothing"));
}

TEST_F(AggregatorSettingsTest, AStorageOfTheTypeNoopIsInNoDatabaseWhateverTheOtherIs) {
  c_.broker = {};
  c_.workloads.type = "noop";
  auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorApi);
  EXPECT_TRUE(meant->settings.aggregator.recommendations_in_database);
  EXPECT_TRUE(meant->settings.aggregator.workloads);
  EXPECT_FALSE(meant->settings.aggregator.workloads_in_database);
  std::swap(c_.results, c_.workloads);
  meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorApi);
  EXPECT_TRUE(meant->settings.aggregator.recommendations);
  EXPECT_FALSE(meant->settings.aggregator.recommendations_in_database);
  EXPECT_TRUE(meant->settings.aggregator.workloads_in_database);
}

TEST_F(AggregatorSettingsTest, WhatIsReadGoesWhereTheStorageOfItsConsumerSays) {
  c_.redis.endpoint = "localhost:6379";
  struct Row {
    const char* results;
    const char* workloads;
    std::string_view role_of_results;
    std::string_view role_of_workloads;
  };
  for (const Row& row :
       {Row{"sql", "sql", kAggregatorWriter, kAggregatorWriter},
        Row{"sql", "noop", kAggregatorWriter, kAggregatorWriterOfNothing},
        Row{"noop", "sql", kAggregatorWriterOfNothing, kAggregatorWriter},
        Row{"redis", "sql", kAggregatorWriterIntoRedis, kAggregatorWriter},
        Row{"redis", "noop", kAggregatorWriterIntoRedis, kAggregatorWriterOfNothing}}) {
    for (const std::string_view use : {kUseResults, kUseWorkloads}) {
      c_.results.type = row.results;
      c_.workloads.type = row.workloads;
      c_.use = use;
      const auto meant = Translate();
      ASSERT_TRUE(meant) << meant.error().message();
      const api::AggregatorOptions& shown = meant->settings.aggregator;
      EXPECT_EQ(meant->role, use == kUseResults ? row.role_of_results : row.role_of_workloads)
          << row.results << ' ' << row.workloads << ' ' << use;
      EXPECT_TRUE(shown.recommendations && shown.workloads);
      EXPECT_EQ(shown.recommendations_in_database, c_.results.is_sql());
      EXPECT_EQ(shown.workloads_in_database, c_.workloads.is_sql());
      EXPECT_EQ(meant->settings.postgres.conninfo.empty(),
                !c_.results.is_sql() && !c_.workloads.is_sql());
    }
  }
}

TEST_F(AggregatorSettingsTest, AStorageOfTheTypeRedisIsACacheWriter) {
  c_.results.type = "redis";
  c_.broker.dead_letter_queue_topic.clear();
  c_.redis = {.endpoint = "localhost:6379",
              .database = 3,
              .username = "u",
              .password = "p",
              .timeout_seconds = 7};
  const auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_EQ(meant->role, kAggregatorWriterIntoRedis);
  EXPECT_EQ(meant->settings.writer.output, "redis");
  EXPECT_EQ(meant->settings.redis.address, "localhost:6379");
  EXPECT_EQ(meant->settings.redis.database, 3);
  EXPECT_EQ(meant->settings.redis.answer_ms_max, 7'000);
  EXPECT_TRUE(meant->settings.aggregator.recommendations);
  EXPECT_FALSE(meant->settings.aggregator.recommendations_in_database) << "it shows nothing";
}

TEST_F(AggregatorSettingsTest, ADatabaseOfRedisIsOneOfSixteen) {
  c_.results.type = "redis";
  c_.redis.endpoint = "localhost:6379";
  for (const std::int64_t database : {-1, 16}) {
    c_.redis.database = database;
    EXPECT_EQ(Mistake(),
              "redis.database is " + std::to_string(database) + ": it has to be 0 to 15");
    EXPECT_FALSE(DatabasesOf(c_, false)) << "before anything is started";
  }
  c_.redis.database = 15;
  EXPECT_TRUE(Translate());
  c_.results.type = "sql";
  c_.redis.database = 16;
  EXPECT_TRUE(Translate()) << "nobody asks it";
}

TEST_F(AggregatorSettingsTest, AnotherTypeIsToldWhichThereAre) {
  c_.results.type = "mongo";
  EXPECT_EQ(Mistake(),
            "ocp_recommendations_storage.type is \"mongo\": it has to be sql, redis or noop, or "
            "empty where it is not used");
  c_.results.type = "";
  EXPECT_TRUE(Mistake().ends_with("set sql, redis, or noop to store nothing")) << Mistake();
  c_.results.type = "sql";
  c_.workloads.type = "redis";
  EXPECT_EQ(Mistake(),
            "dvo_recommendations_storage.type is \"redis\": it has to be sql or noop, or empty "
            "where it is not used");
  c_.use = kUseWorkloads;
  c_.workloads.type = "";
  EXPECT_TRUE(Mistake().ends_with("set sql, or noop to store nothing")) << Mistake();
}

TEST_F(AggregatorSettingsTest, SecurityIsReadLetterByLetter) {
  struct Row {
    const char* protocol;
    const char* security;
  };
  c_.broker.sasl_username = "u";
  c_.broker.sasl_password = "p";
  c_.broker.cert_path = "/ca.pem";
  for (const Row& row : {Row{"", "plaintext"}, Row{"PLAINTEXT", "plaintext"}, Row{"SSL", "ssl"},
                         Row{"ssl", "plaintext"}, Row{"SASL_SSL", "sasl_ssl"},
                         Row{"SASL_PLAINTEXT", "sasl_plaintext"}, Row{"sasl_ssl", "plaintext"}}) {
    c_.broker.security_protocol = row.protocol;
    const auto meant = Translate();
    ASSERT_TRUE(meant) << row.protocol << meant.error().message();
    const bus::KafkaSettings& kafka = meant->settings.kafka;
    EXPECT_EQ(kafka.security, row.security) << row.protocol;
    EXPECT_EQ(kafka.username, kafka.security.starts_with("sasl") ? "u" : "");
    EXPECT_EQ(kafka.ca_file, kafka.security.ends_with("ssl") ? "/ca.pem" : "");
    EXPECT_TRUE(kafka.Options()) << row.protocol;
  }
  c_.broker.security_protocol = "SASL_SSL";
  EXPECT_EQ(Translate()->settings.kafka.sasl_mechanism, "PLAIN");
  c_.broker.sasl_mechanism = "GSSAPI";
  EXPECT_NE(Mistake().find("broker.sasl_mechanism"), std::string::npos);
  c_.broker.sasl_mechanism = "SCRAM-SHA-512";
  c_.broker.sasl_password.clear();
  EXPECT_NE(Mistake().find("broker.sasl_password"), std::string::npos);
}

TEST_F(AggregatorSettingsTest, ATimeoutOfTheNetworkStaysWithinBounds) {
  c_.broker.timeout = std::chrono::seconds(600);
  const auto meant = Translate();
  ASSERT_TRUE(meant);
  EXPECT_EQ(meant->settings.kafka.properties.front(), "socket.timeout.ms=300000");
  EXPECT_TRUE(Notes(*meant, "broker.timeout"));
}

TEST_F(AggregatorSettingsTest, OfTwoDatabasesTheWritersIsWorkedOnAndBothAreShown) {
  c_.workloads.pg.host = "elsewhere";
  for (const bool writes_workloads : {false, true}) {
    c_.use = writes_workloads ? kUseWorkloads : kUseResults;
    const auto meant = Translate();
    ASSERT_TRUE(meant) << meant.error().message();
    const Settings& settings = meant->settings;
    const auto& elsewhere = writes_workloads ? settings.postgres : settings.other_postgres;
    const auto& here = writes_workloads ? settings.other_postgres : settings.postgres;
    EXPECT_NE(elsewhere.conninfo.find("elsewhere"), std::string::npos);
    EXPECT_TRUE(elsewhere.storages.workloads);
    EXPECT_FALSE(elsewhere.storages.results);
    EXPECT_FALSE(here.conninfo.empty());
    EXPECT_TRUE(here.storages.results);
    EXPECT_FALSE(here.storages.workloads);
    EXPECT_TRUE(settings.aggregator.recommendations_in_database);
    EXPECT_TRUE(settings.aggregator.workloads_in_database);
  }
  c_.broker.enabled = false;
  EXPECT_TRUE(Translate()->settings.other_postgres.storages.workloads);
}

TEST_F(AggregatorSettingsTest, OneDatabaseOfTwoUsersIsOne) {
  c_.workloads.pg.username = "other";
  auto meant = Translate();
  ASSERT_TRUE(meant) << meant.error().message();
  EXPECT_NE(meant->settings.postgres.conninfo.find("user='user'"), std::string::npos);
  EXPECT_TRUE(meant->settings.aggregator.recommendations);
  EXPECT_TRUE(meant->settings.aggregator.workloads);
  EXPECT_TRUE(Notes(*meant, "in two ways"));
  c_.use = kUseWorkloads;
  meant = Translate();
  ASSERT_TRUE(meant);
  EXPECT_NE(meant->settings.postgres.conninfo.find("user='other'"), std::string::npos);
}

TEST_F(AggregatorSettingsTest, WhatCannotBeIsAMistakeThatNamesItsKey) {
  const auto with = [this](auto change) {
    const Configuration before = c_;
    change(c_);
    std::string mistake = Mistake();
    c_ = before;
    return mistake;
  };
  EXPECT_TRUE(with([](Configuration& c) { c.use = "x"; }).starts_with("storage_backend.use"));
  EXPECT_TRUE(with([](Configuration& c) {
                c.results.type = "mongo";
              }).starts_with("ocp_recommendations_storage.type"));
  EXPECT_TRUE(with([](Configuration& c) {
                c.results.type.clear();
              }).starts_with("ocp_recommendations_storage.type"));
  EXPECT_TRUE(
      with([](Configuration& c) { c.results.type = "redis"; }).starts_with("redis.endpoint"));
  EXPECT_TRUE(with([](Configuration& c) {
                c.workloads.type = "redis";
              }).starts_with("dvo_recommendations_storage.type"));
  EXPECT_NE(with([](Configuration& c) { c.results.db_driver = "sqlite3"; }).find("db_driver"),
            std::string::npos);
  EXPECT_TRUE(
      with([](Configuration& c) { c.broker.addresses = " ,"; }).starts_with("broker.addresses"));
  EXPECT_TRUE(with([](Configuration& c) { c.broker.group.clear(); }).starts_with("broker.group"));
  EXPECT_NE(with([](Configuration& c) {
              c.server.api_spec_file = "/nowhere.json";
            }).find("server.api_spec_file"),
            std::string::npos);
  EXPECT_NE(with([](Configuration& c) { c.server.api_prefix = "api"; }).find("server.api_prefix"),
            std::string::npos);
}

TEST_F(AggregatorSettingsTest, SinksThatAreNotHereAreTold) {
  c_.logging.to_cloud_watch = true;
  c_.logging.to_sentry = true;
  const auto meant = Translate();
  ASSERT_TRUE(meant);
  EXPECT_TRUE(Notes(*meant, "logging_to_cloud_watch_enabled"));
  EXPECT_TRUE(Notes(*meant, "logging_to_sentry_enabled"));
}

}  // namespace
}  // namespace insightd::app::aggregator
