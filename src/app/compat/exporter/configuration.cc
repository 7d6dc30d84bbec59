#include "app/compat/exporter/configuration.h"

#include <fmt/format.h>

#include <utility>

#include "app/compat/go_config/clowder.h"

namespace insightd::app::exporter {
namespace {

constexpr go::Program kProgram = {
    .file_variable = "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER_CONFIG_FILE",
    .prefix = "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER"};

}  // namespace

void Configuration::AddTo(go::Table& table) {
  const auto secret = go::Table::Shown::kSecret;
  table.Add("storage.db_driver", &storage.db_driver, "Storage.Driver");
  table.Add("storage.sqlite_datasource", &storage.sqlite_datasource, "Storage.SQLiteDataSource");
  storage.pg.AddTo(table, "storage", "Storage");
  table.Add("storage.log_sql_queries", &storage.log_sql_queries, "Storage.LogSQLQueries");
  table.Add("storage.enable_org_id_filtering", &storage.enable_org_id_filtering,
            "Storage.EnableOrgIDFiltering");
  table.Add("storage.organization_ids_csv_file", &storage.organization_ids_csv_file,
            "Storage.OrganizationIDsCSVFile");
  table.Add("s3.type", &s3.type, "S3.Type");
  table.Add("s3.endpoint_url", &s3.endpoint_url, "S3.EndpointURL");
  table.Add("s3.endpoint_port", &s3.endpoint_port, "S3.EndpointPort");
  table.Add("s3.access_key_id", &s3.access_key_id, "S3.AccessKeyID");
  table.Add("s3.secret_access_key", &s3.secret_access_key, "S3.SecretAccessKey", secret);
  table.Add("s3.use_ssl", &s3.use_ssl, "S3.UseSSL");
  table.Add("s3.bucket", &s3.bucket, "S3.Bucket");
  table.Add("s3.prefix", &s3.prefix, "S3.Prefix");
  table.Add("logging.debug", &logging_debug, "Logging.Debug");
  table.Add("logging.log_level", &log_level, "Logging.LogLevel");
  table.AddUnused("sentry.dsn", &sentry_dsn, "Sentry.SentryDSN", secret);
  table.AddUnused("sentry.environment", &sentry_environment, "Sentry.SentryEnvironment");
}

Loading Load(Configuration& configuration, const compat::Environment& environment) {
  Loading loading;
  go::Table table;
  configuration.AddTo(table);
  const auto loaded = go::Load(kProgram, environment, table);
  if (!loaded) {
    loading.mistake = loaded.error();
  } else {
    for (const std::string& key : loaded->unknown) {
      loading.notices.push_back(fmt::format("{} means nothing here", key));
    }
  }
  const auto clowder = go::ReadClowder(environment);
  if (!clowder) {
    loading.mistake = clowder.error();
  } else if (*clowder && (*clowder)->database) {
    configuration.storage.pg.Take(*(*clowder)->database);
  }
  return loading;
}

std::string EndpointOf(const S3& s3) {
  if (s3.endpoint_port == 0) return s3.endpoint_url;
  return fmt::format("{}:{}", s3.endpoint_url, s3.endpoint_port);
}

blob::S3BlobOptions OptionsOf(const S3& s3) {
  return {.endpoint = fmt::format("{}://{}", s3.use_ssl ? "https" : "http", EndpointOf(s3)),
          .bucket = s3.bucket,
          .access_key = s3.access_key_id,
          .secret_key = s3.secret_access_key};
}

std::string ShownDatasource(const Storage& storage) {
  if (storage.db_driver != "postgres") return storage.sqlite_datasource;
  const go::PostgresKeys& pg = storage.pg;
  return fmt::format("postgresql://{}:***@{}:{}/{}?{}", pg.username, pg.host, pg.port, pg.db_name,
                     pg.params);
}

}  // namespace insightd::app::exporter
