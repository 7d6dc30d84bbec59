// The configuration of insights-results-aggregator-cleaner. Plain data, in its own words.
#pragma once

#include <string>
#include <vector>

#include "app/compat/common/environment.h"
#include "app/compat/go_config/go_config.h"
#include "app/compat/go_config/postgres.h"
#include "base/result.h"

namespace insightd::app::cleaner {

struct Storage {
  std::string db_driver = {};  // "postgres", "sqlite3"
  std::string sqlite_datasource = {};
  go::PostgresKeys pg = {};
  std::string schema = {};  // "ocp_recommendations", "dvo_recommendations"
};

struct Logging {
  bool debug = false;
  bool use_stderr = false;
  std::string log_level = {};
  bool to_cloud_watch = false;
  bool to_sentry = false;
};

struct Configuration {
  Storage storage;
  Logging logging;
  std::string sentry_dsn = {};
  std::string sentry_environment = {};
  std::string max_age = {};
  std::string cluster_list_file = {};

  void AddTo(go::Table& table);
};

// File, environment, Clowder. Gives what to say of keys that mean nothing here.
Result<std::vector<std::string>> Load(Configuration& configuration,
                                      const compat::Environment& environment);

// What the tool refuses to work with: kInvalid.
Result<void> Check(const Configuration& configuration);

}  // namespace insightd::app::cleaner
