#include "app/compat/aggregator/to_settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/build_info.h"
#include "app/roles.h"

namespace insightd::app::aggregator {
namespace {

constexpr std::string_view kDefaultAllowList = "org_allowlist.csv";
constexpr std::int64_t kRedisDatabaseMax = 15;
// Bounds of librdkafka for the times that `broker.timeout` sets.
constexpr std::int64_t kTimeoutMsMin = 1'000;
constexpr std::int64_t kTimeoutMsMax = 300'000;

tl::unexpected<Error> Refuse(std::string text) { return Fail(Code::kInvalid, std::move(text)); }

std::string Stripped(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Result<void> CheckRedis(const Redis& redis) {
  if (redis.database >= 0 && redis.database <= kRedisDatabaseMax) return {};
  return Refuse(
      fmt::format("redis.database is {}: it has to be 0 to {}", redis.database, kRedisDatabaseMax));
}

class Translator {
 public:
  Translator(const Configuration& configuration, const Databases& databases)
      : c_(configuration), databases_(databases) {}

  Result<Meant> Run() {
    const Result<Kind> results = KindOf(c_.results, kResultsSection);
    if (!results) return Fail(results.error());
    const Result<Kind> workloads = KindOf(c_.workloads, kWorkloadsSection);
    if (!workloads) return Fail(workloads.error());
    results_ = *results;
    workloads_ = *workloads;
    if (c_.broker.enabled) {
      if (auto done = SetWriter(); !done) return Fail(std::move(done).error());
      if (auto done = SetBus(); !done) return Fail(std::move(done).error());
    }
    if (auto done = SetDatabase(); !done) return Fail(std::move(done).error());
    if (auto done = SetServer(); !done) return Fail(std::move(done).error());
    SetRole();
    TellOfSinks();
    return std::move(meant_);
  }

 private:
  void Note(std::string text) { meant_.notices.push_back(std::move(text)); }
  bool uses_workloads() const { return c_.use == kUseWorkloads; }

  Result<void> SetWriter() {
    if (c_.use != kUseResults && c_.use != kUseWorkloads) {
      return Refuse(
          fmt::format("storage_backend.use is \"{}\": with broker.enabled it has to be {} or {}",
                      c_.use, kUseResults, kUseWorkloads));
    }
    const Kind kind = uses_workloads() ? workloads_ : results_;
    const std::string section = c_.use + "_storage";
    if (kind == Kind::kNotUsed) {
      return Refuse(
          fmt::format("{0}.type is empty: the consumer that storage_backend.use asks for "
                      "stores to it; set sql{1}, or noop to store nothing",
                      section, uses_workloads() ? "" : ", redis"));
    }
    writer::Settings& writer = meant_.settings.writer;
    if (kind == Kind::kRedis) {
      if (auto done = SetRedis(); !done) return done;
    }
    writer.stores_nothing = kind == Kind::kNoop;
    // Whoever reads these tables beside this program knows no others.
    if (kind == Kind::kSql) writer.org_id_max = std::numeric_limits<std::int32_t>::max();
    if (uses_workloads()) {
      writer.messages = "workloads";
      writer.workloads_topic = c_.broker.topic;
      writer.workloads_group = c_.broker.group;
      writer.workloads_dead_letter_topic = c_.broker.dead_letter_queue_topic;
      writer.workloads_payload_tracker_service = c_.broker.service_name;
    } else {
      writer.messages = "results";
      writer.results_topic = c_.broker.topic;
      writer.group = c_.broker.group;
      writer.dead_letter_topic = c_.broker.dead_letter_queue_topic;
      writer.payload_tracker_service = c_.broker.service_name;
    }
    writer.payload_tracker_topic = c_.broker.payload_tracker_topic;
    writer.logs_refused_messages = c_.broker.display_message_with_wrong_structure;
    writer.metrics_namespace = c_.metrics_namespace;
    if (c_.broker.enable_org_allowlist) {
      writer.org_allowlist_file =
          c_.org_allowlist_file.empty() ? std::string(kDefaultAllowList) : c_.org_allowlist_file;
    }
    for (const auto& [key, value] : {std::pair("broker.topic", &c_.broker.topic),
                                     std::pair("broker.group", &c_.broker.group)}) {
      if (value->empty()) return Refuse(fmt::format("{} is empty: the consumer needs it", key));
    }
    // What cannot be read becomes a dead letter where it came from; nobody else is to keep it.
    meant_.settings.upkeep.dead_letter_topics.clear();
    if (c_.broker.dead_letter_queue_topic.empty()) {
      Note(
          "broker.dead_letter_queue_topic is empty: what cannot be stored is in consumer_error (of "
          "results) and in the log alone");
    }
    Note(
        "a group without committed offsets begins at the earliest record here, not at the newest: "
        "what was sent before its first start is stored too");
    return {};
  }

  Result<void> SetRedis() {
    store::RedisSettings& redis = meant_.settings.redis;
    meant_.settings.writer.output = "redis";
    redis.address = c_.redis.endpoint;
    redis.database = c_.redis.database;
    redis.username = c_.redis.username;
    redis.password = c_.redis.password;
    if (c_.redis.timeout_seconds > 0) {
      redis.connect_ms_max = c_.redis.timeout_seconds * 1'000;
      redis.answer_ms_max = redis.connect_ms_max;
    }
    if (redis.address.empty()) return Refuse("redis.endpoint is empty: it names the server");
    return {};
  }

  Result<void> SetBus() {
    const Broker& broker = c_.broker;
    Settings& settings = meant_.settings;
    bus::KafkaSettings& kafka = settings.kafka;
    std::string_view addresses = broker.addresses;
    while (!addresses.empty()) {
      const std::size_t comma = std::min(addresses.find(','), addresses.size());
      if (std::string address = Stripped(addresses.substr(0, comma)); !address.empty()) {
        kafka.brokers.push_back(std::move(address));
      }
      addresses.remove_prefix(std::min(comma + 1, addresses.size()));
    }
    if (kafka.brokers.empty()) return Refuse("broker.addresses is empty: it names the brokers");
    kafka.client_id = broker.client_id.empty() ? "sarama" : broker.client_id;
    if (auto done = SetSecurity(); !done) return done;
    // As the original finds it: brokers that make topics when they are first used. One partition
    // is what its deployment asks for.
    kafka.create_topics = true;
    settings.bus.partitions = 1;
    kafka.compression = "none";
    const std::int64_t timeout_ms =
        std::chrono::duration_cast<milliseconds>(broker.timeout).count();
    if (timeout_ms > 0) {
      const std::int64_t used = std::clamp(timeout_ms, kTimeoutMsMin, kTimeoutMsMax);
      kafka.properties.push_back(fmt::format("socket.timeout.ms={}", used));
      kafka.properties.push_back(fmt::format("socket.connection.setup.timeout.ms={}", used));
      if (used != timeout_ms) {
        Note(fmt::format("broker.timeout is {} ms; {} ms are used, between {} and {}", timeout_ms,
                         used, kTimeoutMsMin, kTimeoutMsMax));
      }
    }
    return {};
  }

  // The words of security_protocol as the original reads them, letter by letter.
  Result<void> SetSecurity() {
    const Broker& broker = c_.broker;
    bus::KafkaSettings& kafka = meant_.settings.kafka;
    const std::string& protocol = broker.security_protocol;
    const bool tls = protocol.find("SSL") != protocol.npos;
    const bool sasl = protocol.starts_with("SASL_");
    kafka.security = sasl ? (tls ? "sasl_ssl" : "sasl_plaintext") : (tls ? "ssl" : "plaintext");
    if (!protocol.empty() && !tls && !sasl && !EqualsIgnoringCase(protocol, "PLAINTEXT")) {
      Note(
          fmt::format("broker.security_protocol \"{}\" means plain text: SSL, SASL_SSL and "
                      "SASL_PLAINTEXT are written in capitals",
                      protocol));
    }
    if (tls) kafka.ca_file = broker.cert_path;
    if (!sasl) return {};
    kafka.sasl_mechanism = broker.sasl_mechanism.empty() ? "PLAIN" : broker.sasl_mechanism;
    if (kafka.sasl_mechanism != "PLAIN" && kafka.sasl_mechanism != "SCRAM-SHA-256" &&
        kafka.sasl_mechanism != "SCRAM-SHA-512") {
      return Refuse(
          fmt::format("broker.sasl_mechanism \"{}\" is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
                      broker.sasl_mechanism));
    }
    if (broker.sasl_username.empty() || broker.sasl_password.empty()) {
      return Refuse(
          fmt::format("broker.security_protocol is {}, so broker.sasl_username and "
                      "broker.sasl_password are needed",
                      protocol));
    }
    kafka.username = broker.sasl_username;
    kafka.password = broker.sasl_password;
    return {};
  }

  // The database that this process works on: of two the writer's. Of the other one its API shows
  // what is there.
  Result<void> SetDatabase() {
    const auto* first = databases_.results ? &*databases_.results : nullptr;
    const auto* second = databases_.workloads ? &*databases_.workloads : nullptr;
    reads_results_ = first != nullptr;
    reads_workloads_ = second != nullptr;
    const go::PostgresKeys& of_results = c_.results.pg;
    const go::PostgresKeys& of_workloads = c_.workloads.pg;
    const bool one =
        first == nullptr || second == nullptr ||
        (of_results.host == of_workloads.host && of_results.port == of_workloads.port &&
         of_results.db_name == of_workloads.db_name);
    const go::PostgresTarget* target = first != nullptr ? first : second;
    if (one && first != nullptr && second != nullptr &&
        (first->conninfo != second->conninfo || first->password != second->password)) {
      if (c_.broker.enabled && uses_workloads()) target = second;
      Note(fmt::format(
          "the two storages name one database in two ways: this process uses that of {}",
          target == second ? "dvo_recommendations_storage" : "ocp_recommendations_storage"));
    }
    const bool second_is_own = c_.broker.enabled && uses_workloads();
    if (!one) target = second_is_own ? second : first;
    if (target == nullptr) return {};
    UseDatabase(*target,
                {.results = one ? reads_results_ : !second_is_own,
                 .workloads = one ? reads_workloads_ : second_is_own},
                meant_.settings.postgres);
    if (!one) {
      UseDatabase(second_is_own ? *first : *second,
                  {.results = second_is_own, .workloads = !second_is_own},
                  meant_.settings.other_postgres);
    }
    return {};
  }

  void UseDatabase(const go::PostgresTarget& target, const store::pg::Storages& storages,
                   store::PostgresSettings& settings) {
    settings.conninfo = target.conninfo;
    settings.password = target.password;
    settings.storages = storages;
    for (const std::string& notice : target.notices) Note(notice);
  }

  Result<void> SetServer() {
    const Server& server = c_.server;
    Settings& settings = meant_.settings;
    settings.http.aggregator_address = server.address.empty() ? ":http" : server.address;
    // `:http` is what an empty address means to the original.
    if (settings.http.aggregator_address == ":http") settings.http.aggregator_address = ":80";
    settings.http.metrics_address.clear();
    // As the original has them: a path may name tens of thousands of clusters.
    settings.http.head_bytes_max = 1 << 20;
    settings.http.head_time_ms_max = 5'000;
    settings.http.idle_time_ms_max = 60'000;
    settings.logs_requests = true;
    api::AggregatorOptions& options = settings.aggregator;
    options.api_prefix = server.api_prefix;
    options.debug = server.debug;
    options.auth = server.auth;
    options.auth_type = server.auth_type;
    options.close_other_organizations = false;
    options.feedback_message_bytes_max =
        std::max<std::int64_t>(server.maximum_feedback_message_length, 0);
    options.overview_hours_max = std::max<std::int64_t>(server.org_overview_limit_hours, 0);
    options.spec_file = server.api_spec_file;
    options.metrics_namespace = c_.metrics_namespace;
    // Redis is only written.
    options.recommendations = reads_results_ || results_ == Kind::kNoop || results_ == Kind::kRedis;
    options.workloads = reads_workloads_ || workloads_ == Kind::kNoop;
    options.recommendations_in_database = reads_results_;
    options.workloads_in_database = reads_workloads_;
    options.build.version = fmt::format("v{}", BuildVersion());
    if (!BuildCommitFull().empty()) options.build.commit = BuildCommitFull();
    if (!BuildCommitTime().empty()) options.build.time = BuildCommitTime();
    // Of a library that is not here; its readers look for a version.
    options.build.utils_version = options.build.version;
    std::error_code ignored;
    if (!server.api_spec_file.empty() &&
        !std::filesystem::is_regular_file(server.api_spec_file, ignored)) {
      return Refuse(fmt::format(
          "server.api_spec_file: there is no file \"{}\"; name an OpenAPI document, or leave it "
          "empty for the one that is built in",
          server.api_spec_file));
    }
    if (server.api_spec_file.empty()) {
      Note("server.api_spec_file is empty: the document that is built in is served");
    }
    if (server.auth && server.auth_type != "xrh") {
      Note(fmt::format("server.auth_type \"{}\" is none that works; only xrh does",
                       server.auth_type));
    }
    return options.Check("server.");
  }

  void SetRole() {
    const writer::Settings& writer = meant_.settings.writer;
    meant_.role = !c_.broker.enabled       ? kAggregatorApi
                  : writer.WritesToRedis() ? kAggregatorWriterIntoRedis
                  : writer.stores_nothing  ? kAggregatorWriterOfNothing
                                           : kAggregatorWriter;
    if (!c_.broker.enabled && meant_.settings.postgres.conninfo.empty()) {
      Note(
          "no storage has the type sql: the API shows nothing, and keeps nothing of what it is "
          "told");
    }
    // What cannot be reached at start is for whoever started the process.
    meant_.settings.start_wait_s = 0;
  }

  void TellOfSinks() {
    if (c_.logging.to_cloud_watch) {
      Note(
          "logging.logging_to_cloud_watch_enabled means nothing here: records go to the output "
          "alone; let the agent of the machine pass them on");
    }
    if (c_.logging.to_sentry) {
      Note("logging.logging_to_sentry_enabled means nothing here: errors are in the output alone");
    }
    if (results_ == Kind::kRedis && !meant_.settings.writer.WritesToRedis()) {
      Note(
          "ocp_recommendations_storage.type is redis: only the consumer of ocp_recommendations "
          "uses it, the API does not read it");
    }
    meant_.settings.tells_statements = c_.results.log_sql_queries || c_.workloads.log_sql_queries;
    meant_.settings.writer.metrics_namespace = c_.metrics_namespace;
  }

  const Configuration& c_;
  const Databases& databases_;
  Kind results_ = Kind::kNotUsed;
  Kind workloads_ = Kind::kNotUsed;
  bool reads_results_ = false;
  bool reads_workloads_ = false;
  Meant meant_;
};

}  // namespace

Result<Kind> KindOf(const Storage& storage, std::string_view section) {
  if (storage.type.empty()) return Kind::kNotUsed;
  if (storage.type == "noop") return Kind::kNoop;
  const bool of_results = section == kResultsSection;
  if (storage.type == "redis" && of_results) return Kind::kRedis;
  if (!storage.is_sql()) {
    return Refuse(fmt::format("{}.type is \"{}\": it has to be {}, or empty where it is not used",
                              section, storage.type,
                              of_results ? "sql, redis or noop" : "sql or noop"));
  }
  if (storage.db_driver != "postgres") {
    return Refuse(fmt::format("{}.db_driver is \"{}\": driver {} is not supported, only postgres",
                              section, storage.db_driver, storage.db_driver));
  }
  return Kind::kSql;
}

Result<std::optional<go::PostgresTarget>> DatabaseOf(const Storage& storage,
                                                     std::string_view section,
                                                     bool environment_sslmode) {
  const Result<Kind> kind = KindOf(storage, section);
  if (!kind) return Fail(kind.error());
  if (*kind != Kind::kSql) return std::nullopt;
  auto target = go::ToPostgres(storage.pg, environment_sslmode);
  if (!target) return Fail(std::move(target).error().While(std::string(section)));
  return *std::move(target);
}

Result<Databases> DatabasesOf(const Configuration& configuration, bool environment_sslmode) {
  auto results = DatabaseOf(configuration.results, kResultsSection, environment_sslmode);
  if (!results) return Fail(std::move(results).error());
  auto workloads = DatabaseOf(configuration.workloads, kWorkloadsSection, environment_sslmode);
  if (!workloads) return Fail(std::move(workloads).error());
  if (KindOf(configuration.results, kResultsSection).value() == Kind::kRedis) {
    if (auto good = CheckRedis(configuration.redis); !good) return Fail(std::move(good).error());
  }
  return Databases{*std::move(results), *std::move(workloads)};
}

Result<Meant> ToSettings(const Configuration& configuration, const Databases& databases) {
  return Translator(configuration, databases).Run();
}

}  // namespace insightd::app::aggregator
