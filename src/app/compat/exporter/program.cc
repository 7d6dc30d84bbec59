#include "app/compat/exporter/program.h"

#include <fmt/format.h>

#include <cstdio>
#include <set>
#include <utility>

#include "app/compat/common/environment.h"
#include "app/compat/common/go_flags.h"
#include "app/compat/common/go_log.h"
#include "app/compat/exporter/configuration.h"
#include "app/compat/exporter/run_export.h"
#include "app/exporting/export.h"
#include "base/log.h"

namespace insightd::app::exporter {
namespace {

using compat::GoLog;

struct Flags {
  bool version = false;
  bool authors = false;
  bool show_configuration = false;
  bool check_s3_connection = false;
  bool export_log = false;
  bool summary = false;
  std::string ignore_tables = {};
  Request request = {};

  void AddTo(compat::GoFlags& flags) {
    flags.Add("version", &version, "show version");
    flags.Add("authors", &authors, "show authors");
    flags.Add("show-configuration", &show_configuration, "show configuration");
    flags.Add("summary", &summary, "print summary table after export");
    flags.Add("output", &request.output, "output to: file, S3");
    flags.Add("metadata", &request.metadata, "export metadata");
    flags.Add("disabled-by-more-users", &request.disabled_rules,
              "export rules disabled by more users");
    flags.Add("check-s3-connection", &check_s3_connection, "check S3 connection and exit");
    flags.Add("export-log", &export_log, "export log");
    flags.Add("limit", &request.rows_max, "limit number of exported records");
    flags.Add("ignore-tables", &ignore_tables,
              "comma-separated list of tables that will be ignored");
  }
};

void ShowConfiguration(const Configuration& configuration, GoLog& log) {
  const Storage& storage = configuration.storage;
  log.Info("Storage configuration", {{"Driver", storage.db_driver},
                                     {"DB Name", storage.pg.db_name},
                                     {"Username", storage.pg.username},
                                     {"Host", storage.pg.host},
                                     {"DB Port", storage.pg.port},
                                     {"LogSQLQueries", storage.log_sql_queries}});
  log.Info("Logging configuration",
           {{"Level", configuration.log_level},
            {"Pretty colored debug logging", configuration.logging_debug}});
  const S3& s3 = configuration.s3;
  log.Info("S3 configuration", {{"Type", s3.type},
                                {"URL", s3.endpoint_url},
                                {"S3 Port", s3.endpoint_port},
                                {"AccessKeyID", s3.access_key_id},
                                {"SecretAccessKey", s3.secret_access_key.empty() ? "" : "(secret)"},
                                {"Use SSL", s3.use_ssl},
                                {"Bucket name", s3.bucket},
                                {"Bucket prefix", s3.prefix}});
}

int Export(const Configuration& configuration, const Flags& flags, GoLog& log) {
  const Request& request = flags.request;
  const bool known = request.output == "S3" || request.output == "file";
  OperationLog operation(flags.export_log);
  if (!known) {
    const std::string why = fmt::format("Unknown output type: {}", request.output);
    log.Error(flags.export_log ? "Create operation log" : "Do selected operation",
              {{"error", why}});
    return flags.export_log ? kFilesFailed : kWrongOutput;
  }
  const bool to_s3 = request.output == "S3";
  operation.Info(to_s3 ? "Memory logger initialized" : "File logger initialized");
  // That the file can be written is found out before the work.
  if (operation.kept() && !to_s3) {
    const int exit = StoreOperationLog(configuration, request, operation, log);
    if (exit != kGood) return exit;
  }
  const int exit = RunExport(configuration, request, operation, log);
  // In a file it is there after a failure too; in S3 it says that all is there.
  if (!operation.kept() || (exit != kGood && to_s3)) return exit;
  const int stored = StoreOperationLog(configuration, request, operation, log);
  return exit != kGood ? exit : stored;
}

std::set<std::string, std::less<>> NamesIn(std::string_view list) {
  std::set<std::string, std::less<>> names;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    names.emplace(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return names;
}

}  // namespace

int Run(std::string_view name, const std::vector<std::string>& words) {
  Flags flags;
  compat::GoFlags table;
  flags.AddTo(table);
  const compat::GoFlags::Outcome parsed = table.Parse(name, words);
  if (!parsed.run) {
    fmt::print(stderr, "{}", parsed.text);
    return parsed.exit;
  }
  flags.request.ignored = NamesIn(flags.ignore_tables);

  Configuration configuration;
  const Loading loading = Load(configuration, compat::ProcessVariables());
  GoLog log({.for_people = configuration.logging_debug,
             .level_min = compat::GoLevelOf(configuration.log_level)});
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal, .fd = 1});
  if (loading.mistake) {
    log.Error("Load configuration", {{"error", loading.mistake->message()}});
  }
  for (const std::string& notice : loading.notices) log.Warn(notice);
  if (configuration.storage.enable_org_id_filtering) {
    const auto organizations =
        exporting::ReadOrganizations(configuration.storage.organization_ids_csv_file);
    if (!organizations) {
      log.Write(log::Level::kFatal, "Unable to read organization IDs",
                {{"error", organizations.error().message()}});
      return kLoggingFailed;
    }
  }
  if (flags.version || flags.authors) {
    log.Flush();
    fmt::print("{}\n", flags.version ? "Insights Results Aggregator Exporter version 1.0"
                                     : "Pavel Tisnovsky, Red Hat Inc.");
    return kGood;
  }
  int exit = kGood;
  if (flags.show_configuration) {
    ShowConfiguration(configuration, log);
  } else if (flags.check_s3_connection) {
    exit = CheckS3(configuration.s3, log);
  } else {
    exit = Export(configuration, flags, log);
  }
  if (exit == kGood) log.Debug("Finished");
  log.Info("Closing logging writers");
  return exit;
}

}  // namespace insightd::app::exporter
