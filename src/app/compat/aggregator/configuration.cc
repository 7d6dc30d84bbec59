#include "app/compat/aggregator/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace insightd::app::aggregator {
namespace {

constexpr go::Program kProgram{.file_variable = "INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE",
                               .prefix = "INSIGHTS_RESULTS_AGGREGATOR"};
constexpr auto kSecret = go::Table::Shown::kSecret;

void AddStorage(go::Table& table, const std::string& section, const std::string& field,
                Storage& storage) {
  const auto add = [&](std::string_view key, go::Table::Target target, std::string_view name) {
    table.Add(fmt::format("{}.{}", section, key), target, fmt::format("{}.{}", field, name));
  };
  add("db_driver", &storage.db_driver, "Driver");
  add("log_sql_queries", &storage.log_sql_queries, "LogSQLQueries");
  storage.pg.AddTo(table, section, field);
  add("type", &storage.type, "Type");
}

void AddBroker(go::Table& table, Broker& broker) {
  table.Add("broker.addresses", &broker.addresses, "Broker.Addresses");
  table.Add("broker.security_protocol", &broker.security_protocol, "Broker.SecurityProtocol");
  table.Add("broker.cert_path", &broker.cert_path, "Broker.CertPath");
  table.Add("broker.sasl_mechanism", &broker.sasl_mechanism, "Broker.SaslMechanism");
  table.Add("broker.sasl_username", &broker.sasl_username, "Broker.SaslUsername");
  table.Add("broker.sasl_password", &broker.sasl_password, "Broker.SaslPassword", kSecret);
  table.Add("broker.topic", &broker.topic, "Broker.Topic");
  table.Add("broker.timeout", &broker.timeout, "Broker.Timeout");
  table.Add("broker.payload_tracker_topic", &broker.payload_tracker_topic,
            "Broker.PayloadTrackerTopic");
  table.Add("broker.dead_letter_queue_topic", &broker.dead_letter_queue_topic,
            "Broker.DeadLetterQueueTopic");
  table.Add("broker.service_name", &broker.service_name, "Broker.ServiceName");
  table.Add("broker.group", &broker.group, "Broker.Group");
  table.Add("broker.enabled", &broker.enabled, "Broker.Enabled");
  table.Add("broker.client_id", &broker.client_id, "Broker.ClientID");
  // Of a kind that no file can hold: it is accepted, means nothing, and is said to.
  table.Add("broker.org_allowlist_file", {}, "Broker.OrgAllowlist");
  table.Add("broker.enable_org_allowlist", &broker.enable_org_allowlist,
            "Broker.OrgAllowlistEnabled");
  table.Add("broker.display_message_with_wrong_structure",
            &broker.display_message_with_wrong_structure,
            "Broker.DisplayMessageWithWrongStructure");
}

void AddServer(go::Table& table, Server& server) {
  table.Add("server.address", &server.address, "Server.Address");
  table.Add("server.api_prefix", &server.api_prefix, "Server.APIPrefix");
  table.Add("server.api_spec_file", &server.api_spec_file, "Server.APISpecFile");
  table.Add("server.debug", &server.debug, "Server.Debug");
  table.Add("server.auth", &server.auth, "Server.Auth");
  table.Add("server.auth_type", &server.auth_type, "Server.AuthType");
  table.Add("server.maximum_feedback_message_length", &server.maximum_feedback_message_length,
            "Server.MaximumFeedbackMessageLength");
  table.Add("server.org_overview_limit_hours", &server.org_overview_limit_hours,
            "Server.OrgOverviewLimitHours");
}

void AddSinks(go::Table& table, Logging& logging, CloudWatch& cloud_watch) {
  table.Add("logging.debug", &logging.debug, "Logging.Debug");
  table.Add("logging.use_stderr", &logging.use_stderr, "Logging.UseStderr");
  table.Add("logging.log_level", &logging.log_level, "Logging.LogLevel");
  table.Add("logging.logging_to_cloud_watch_enabled", &logging.to_cloud_watch,
            "Logging.LoggingToCloudWatchEnabled");
  table.Add("logging.logging_to_sentry_enabled", &logging.to_sentry,
            "Logging.LoggingToSentryEnabled");
  // With or without their switch: records go to the output alone.
  table.AddUnused("cloudwatch.aws_access_id", &cloud_watch.aws_access_id, "CloudWatch.AWSAccessID");
  table.AddUnused("cloudwatch.aws_secret_key", &cloud_watch.aws_secret_key,
                  "CloudWatch.AWSSecretKey", kSecret);
  table.AddUnused("cloudwatch.aws_session_token", &cloud_watch.aws_session_token,
                  "CloudWatch.AWSSessionToken", kSecret);
  table.AddUnused("cloudwatch.aws_region", &cloud_watch.aws_region, "CloudWatch.AWSRegion");
  table.AddUnused("cloudwatch.log_group", &cloud_watch.log_group, "CloudWatch.LogGroup");
  table.AddUnused("cloudwatch.stream_name", &cloud_watch.stream_name, "CloudWatch.StreamName");
}

Result<void> ApplyKafka(const go::Clowder::Kafka& kafka, Broker& broker, std::string_view name,
                        Loading& loading) {
  broker.addresses = kafka.addresses;
  if (kafka.sasl) {
    broker.sasl_username = kafka.sasl->username;
    broker.sasl_password = kafka.sasl->password;
    broker.sasl_mechanism = kafka.sasl->mechanism;
    broker.security_protocol = kafka.sasl->security_protocol;
    if (!kafka.ca_certificate.empty()) {
      // Only here: elsewhere a machine without a folder for temporary files is none the worse.
      auto folder = compat::SecretFolder::Make(name);
      if (!folder) return Fail(std::move(folder).error());
      loading.secrets.emplace(*std::move(folder));
      const std::string path = loading.secrets->path() + "/kafka-ca.pem";
      if (auto written = compat::WriteSecretFile(path, kafka.ca_certificate); !written) {
        return written;
      }
      broker.cert_path = path;
    }
  }
  for (std::string* topic :
       {&broker.topic, &broker.dead_letter_queue_topic, &broker.payload_tracker_topic}) {
    const auto found = kafka.topics.find(*topic);
    if (found != kafka.topics.end()) {
      *topic = found->second;
    } else if (!topic->empty()) {
      loading.said.push_back(fmt::format("warning: no kafka mapping found for topic {}", *topic));
    }
  }
  return {};
}

// What the Clowder file says wins; gives the lines about what it does not say.
Result<void> Apply(const go::Clowder& clowder, Configuration& configuration, std::string_view name,
                   Loading& loading) {
  std::vector<std::string>& said = loading.said;
  if (clowder.kafka) {
    if (auto done = ApplyKafka(*clowder.kafka, configuration.broker, name, loading); !done) {
      return done;
    }
  } else {
    said.emplace_back("the Clowder file has no section kafka");
  }
  if (clowder.database) {
    for (Storage* storage : {&configuration.results, &configuration.workloads}) {
      storage->pg.Take(*clowder.database);
    }
  } else {
    said.emplace_back("the Clowder file has no section database");
  }
  if (clowder.in_memory) {
    Redis& redis = configuration.redis;
    redis.endpoint = clowder.in_memory->endpoint;
    if (clowder.in_memory->username) redis.username = *clowder.in_memory->username;
    if (clowder.in_memory->password) redis.password = *clowder.in_memory->password;
  } else {
    said.emplace_back("the Clowder file has no section inMemoryDb");
  }
  return {};
}

}  // namespace

void Configuration::AddTo(go::Table& table) {
  AddBroker(table, broker);
  AddServer(table, server);
  table.Add("processing.org_allowlist_file", &org_allowlist_file, "Processing.OrgAllowlistFile");
  AddStorage(table, "ocp_recommendations_storage", "OCPRecommendationsStorage", results);
  AddStorage(table, "dvo_recommendations_storage", "DVORecommendationsStorage", workloads);
  table.Add("storage_backend.use", &use, "StorageBackend.Use");
  AddSinks(table, logging, cloud_watch);
  table.Add("redis.endpoint", &redis.endpoint, "Redis.RedisEndpoint");
  table.Add("redis.database", &redis.database, "Redis.RedisDatabase");
  table.Add("redis.timeout_seconds", &redis.timeout_seconds, "Redis.RedisTimeoutSeconds");
  table.Add("redis.username", &redis.username, "Redis.RedisUsername");
  table.Add("redis.password", &redis.password, "Redis.RedisPassword", kSecret);
  table.Add("metrics.namespace", &metrics_namespace, "Metrics.Namespace");
  table.AddUnused("sentry.dsn", &sentry.dsn, "SentryLoggingConf.SentryDSN", kSecret);
  table.AddUnused("sentry.environment", &sentry.environment, "SentryLoggingConf.SentryEnvironment");
}

Result<Loading> Load(Configuration& configuration, const compat::Environment& environment,
                     std::string_view name) {
  go::Table table;
  configuration.AddTo(table);
  Result<go::Loaded> loaded = go::Load(kProgram, environment, table);
  if (!loaded) {
    return Fail(loaded.error().code(),
                fmt::format("fatal error config file: {}", loaded.error().message()));
  }
  Loading loading;
  loading.unknown = std::move(loaded->unknown);
  const Result<std::optional<go::Clowder>> clowder = go::ReadClowder(environment);
  if (!clowder) return Fail(clowder.error());
  if (!*clowder) {
    loading.said = {"Clowder is not enabled, skipping init...", "Clowder is disabled"};
    return loading;
  }
  loading.said.emplace_back("Clowder is enabled");
  if (auto done = Apply(**clowder, configuration, name, loading); !done) {
    return Fail(std::move(done).error());
  }
  return loading;
}

}  // namespace insightd::app::aggregator
