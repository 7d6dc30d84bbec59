#include "app/compat/cleaner/configuration.h"

#include <fmt/format.h>

#include <utility>

#include "app/compat/go_config/clowder.h"

namespace insightd::app::cleaner {
namespace {

constexpr go::Program kProgram = {.file_variable = "INSIGHTS_RESULTS_CLEANER_CONFIG_FILE",
                                  .prefix = "INSIGHTS_RESULTS_CLEANER"};

}  // namespace

void Configuration::AddTo(go::Table& table) {
  const auto secret = go::Table::Shown::kSecret;
  table.Add("storage.db_driver", &storage.db_driver, "Storage.Driver");
  table.Add("storage.sqlite_datasource", &storage.sqlite_datasource, "Storage.SQLiteDataSource");
  storage.pg.AddTo(table, "storage", "Storage");
  table.Add("storage.schema", &storage.schema, "Storage.Schema");
  table.Add("logging.debug", &logging.debug, "Logging.Debug");
  table.Add("logging.use_stderr", &logging.use_stderr, "Logging.UseStderr");
  table.Add("logging.log_level", &logging.log_level, "Logging.LogLevel");
  table.Add("logging.logging_to_cloud_watch_enabled", &logging.to_cloud_watch,
            "Logging.LoggingToCloudWatchEnabled");
  table.Add("logging.logging_to_sentry_enabled", &logging.to_sentry,
            "Logging.LoggingToSentryEnabled");
  table.AddUnused("sentry.dsn", &sentry_dsn, "Sentry.SentryDSN", secret);
  table.AddUnused("sentry.environment", &sentry_environment, "Sentry.SentryEnvironment");
  table.Add("cleaner.max_age", &max_age, "Cleaner.MaxAge");
  table.Add("cleaner.cluster_list_file", &cluster_list_file, "Cleaner.ClusterListFile");
}

Result<std::vector<std::string>> Load(Configuration& configuration,
                                      const compat::Environment& environment) {
  go::Table table;
  configuration.AddTo(table);
  const auto loaded = go::Load(kProgram, environment, table);
  if (!loaded) return Fail(loaded.error());
  std::vector<std::string> notices;
  for (const std::string& key : loaded->unknown) {
    notices.push_back(fmt::format("{} means nothing here", key));
  }
  const auto clowder = go::ReadClowder(environment);
  if (!clowder) return Fail(clowder.error());
  if (*clowder && (*clowder)->database) {
    configuration.storage.pg.Take(*(*clowder)->database);
  }
  if (configuration.logging.to_cloud_watch) {
    notices.emplace_back(
        "logging.logging_to_cloud_watch_enabled means nothing here: lines go to the output");
  }
  if (configuration.logging.to_sentry) {
    notices.emplace_back(
        "logging.logging_to_sentry_enabled means nothing here: lines go to the output");
  }
  return notices;
}

Result<void> Check(const Configuration& configuration) {
  const Storage& storage = configuration.storage;
  if (storage.db_driver != "postgres" && storage.db_driver != "sqlite3") {
    return Fail(Code::kInvalid, fmt::format("driver {} is not supported (storage.db_driver is "
                                            "postgres or sqlite3)",
                                            storage.db_driver));
  }
  if (storage.schema != "ocp_recommendations" && storage.schema != "dvo_recommendations") {
    return Fail(Code::kInvalid,
                fmt::format("Invalid DB schema to be cleaned up: '{}' (storage.schema is "
                            "ocp_recommendations or dvo_recommendations)",
                            storage.schema));
  }
  return {};
}

}  // namespace insightd::app::cleaner
