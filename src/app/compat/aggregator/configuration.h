// The configuration of insights-results-aggregator, which is also that of the db-writers: one
// program, whose role its settings choose. Plain data, in the program's own words.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/compat/common/environment.h"
#include "app/compat/common/files.h"
#include "app/compat/go_config/clowder.h"
#include "app/compat/go_config/go_config.h"
#include "app/compat/go_config/postgres.h"
#include "base/result.h"

namespace insightd::app::aggregator {

struct Broker {
  std::string addresses = {};
  std::string security_protocol = {};
  std::string cert_path = {};
  std::string sasl_mechanism = {};
  std::string sasl_username = {};
  std::string sasl_password = {};
  std::string topic = {};
  std::chrono::nanoseconds timeout{};
  std::string payload_tracker_topic = {};
  std::string dead_letter_queue_topic = {};
  std::string service_name = {};
  std::string group = {};
  bool enabled = false;
  std::string client_id = {};
  bool enable_org_allowlist = false;
  bool display_message_with_wrong_structure = false;
};

struct Server {
  std::string address = {};
  std::string api_prefix = {};
  std::string api_spec_file = {};
  bool debug = false;
  bool auth = false;
  std::string auth_type = {};
  std::int64_t maximum_feedback_message_length = 0;
  std::int64_t org_overview_limit_hours = 0;
};

struct Storage {
  std::string type = {};  // sql, redis, noop; empty: not used
  std::string db_driver = {};
  go::PostgresKeys pg = {};
  bool log_sql_queries = false;
  bool is_sql() const { return type == "sql"; }
};

struct Redis {
  std::string endpoint = {};
  std::int64_t database = 0;
  std::string username = {};
  std::string password = {};
  std::int64_t timeout_seconds = 0;
};

struct Logging {
  bool debug = false;
  bool use_stderr = false;
  std::string log_level = {};
  bool to_cloud_watch = false;
  bool to_sentry = false;
};

struct CloudWatch {
  std::string aws_access_id = {};
  std::string aws_secret_key = {};
  std::string aws_session_token = {};
  std::string aws_region = {};
  std::string log_group = {};
  std::string stream_name = {};
};

struct Sentry {
  std::string dsn = {};
  std::string environment = {};
};

inline constexpr std::string_view kUseResults = "ocp_recommendations";
inline constexpr std::string_view kUseWorkloads = "dvo_recommendations";

struct Configuration {
  Broker broker;
  Server server;
  std::string org_allowlist_file = {};
  Storage results;       // ocp_recommendations_storage
  Storage workloads;     // dvo_recommendations_storage
  std::string use = {};  // storage_backend.use
  Logging logging;
  CloudWatch cloud_watch;
  Redis redis;
  std::string metrics_namespace = {};
  Sentry sentry;

  // The configuration outlives the table.
  void AddTo(go::Table& table);
};

struct Loading {
  std::vector<std::string> unknown;  // keys and variables that mean nothing here
  std::vector<std::string> said;     // lines for standard output
  // What the configuration names in it is there as long as this is. Empty where there is nothing
  // to keep.
  std::optional<compat::SecretFolder> secrets;
};

// File, environment, Clowder, whose values win. A certificate of the brokers that Clowder gives is
// written to a folder for temporary files, whose name begins with `name`. Errors as go::Load and
// go::ReadClowder; kUnavailable where the certificate cannot be written.
Result<Loading> Load(Configuration& configuration, const compat::Environment& environment,
                     std::string_view name);

}  // namespace insightd::app::aggregator
