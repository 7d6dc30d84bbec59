// The configuration of insights-results-aggregator-exporter. Plain data, in its own words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/compat/common/environment.h"
#include "app/compat/go_config/go_config.h"
#include "app/compat/go_config/postgres.h"
#include "base/result.h"
#include "blob/s3/s3_blob.h"

namespace insightd::app::exporter {

struct Storage {
  std::string db_driver = {};  // "postgres", "sqlite3"
  std::string sqlite_datasource = {};
  go::PostgresKeys pg = {};
  bool log_sql_queries = false;
  bool enable_org_id_filtering = false;
  std::string organization_ids_csv_file = {};
};

struct S3 {
  std::string type = {};
  std::string endpoint_url = {};  // host, without a scheme
  std::int64_t endpoint_port = 0;
  std::string access_key_id = {};
  std::string secret_access_key = {};
  bool use_ssl = false;
  std::string bucket = {};
  std::string prefix = {};
};

struct Configuration {
  Storage storage;
  S3 s3;
  bool logging_debug = false;
  std::string log_level = {};
  std::string sentry_dsn = {};
  std::string sentry_environment = {};

  void AddTo(go::Table& table);
};

struct Loading {
  std::vector<std::string> notices;  // keys that mean nothing here
  std::optional<Error> mistake;      // the run goes on with what there is
};

// File, environment, Clowder's database.
Loading Load(Configuration& configuration, const compat::Environment& environment);

// "host:port", or the host alone.
std::string EndpointOf(const S3& s3);
blob::S3BlobOptions OptionsOf(const S3& s3);
// As a URL without its password.
std::string ShownDatasource(const Storage& storage);

}  // namespace insightd::app::exporter
