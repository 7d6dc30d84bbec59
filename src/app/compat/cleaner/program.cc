#include "app/compat/cleaner/program.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "app/cleaning/cluster_list.h"
#include "app/cleaning/summary_table.h"
#include "app/compat/cleaner/configuration.h"
#include "app/compat/cleaner/deleting.h"
#include "app/compat/cleaner/listing.h"
#include "app/compat/common/environment.h"
#include "app/compat/common/go_flags.h"
#include "app/compat/common/go_log.h"
#include "app/compat/common/maintained.h"
#include "base/log.h"

namespace insightd::app::cleaner {
namespace {

using compat::GoLog;

constexpr int kGood = 0;
constexpr int kStorageFailed = 1;
constexpr int kFillInFailed = 2;
constexpr int kCleanupFailed = 3;
constexpr int kVacuumFailed = 4;
// The original ends with 0 then, so that a job that does nothing looks good.
constexpr int kConfigurationWrong = 1;

struct Flags {
  bool version = false;
  bool authors = false;
  bool show_configuration = false;
  bool vacuum = false;
  bool cleanup_all = false;
  bool cleanup = false;
  bool multiple_rule_disable = false;
  bool fill_in_db = false;
  bool dry_run = true;
  bool summary = false;
  std::string max_age = {};
  std::string clusters = {};
  std::string output = {};

  void AddTo(compat::GoFlags& flags) {
    flags.Add("version", &version, "show cleaner version");
    flags.Add("authors", &authors, "show authors");
    flags.Add("show-configuration", &show_configuration, "show configuration");
    flags.Add("vacuum", &vacuum, "vacuum database");
    flags.Add("cleanup-all", &cleanup_all, "perform database cleanup of all old records");
    flags.Add("cleanup", &cleanup, "perform database cleanup");
    flags.Add("multiple-rule-disable", &multiple_rule_disable,
              "list clusters with the same rule(s) disabled by different users");
    flags.Add("fill-in-db", &fill_in_db, "fill-in database by test data");
    flags.Add("dry-run", &dry_run, "only count records that cleanup-all would delete");
    flags.Add("summary", &summary, "print summary table after cleanup");
    flags.Add("max-age", &max_age, "max age for displaying old records");
    flags.Add("clusters", &clusters, "list of clusters to cleanup");
    flags.Add("output", &output, "filename for old cluster listing");
  }
};

void ShowConfiguration(const Configuration& configuration, GoLog& log) {
  const Storage& storage = configuration.storage;
  log.Info("Storage configuration", {{"Driver", storage.db_driver},
                                     {"DB Name", storage.pg.db_name},
                                     {"Username", storage.pg.username},
                                     {"Host", storage.pg.host},
                                     {"DB Port", storage.pg.port},
                                     {"Schema", storage.schema}});
  log.Info("Logging configuration", {{"Level", configuration.logging.log_level},
                                     {"Pretty colored debug logging", configuration.logging.debug},
                                     {"Log to cloudwatch", configuration.logging.to_cloud_watch}});
  log.Info("Cleaner configuration", {{"Records max age", configuration.max_age},
                                     {"Cluster list file", configuration.cluster_list_file}});
}

// Lines go out before what is printed beside them.
void PrintSummary(const cleaning::Summary& summary, GoLog& log) {
  log.Flush();
  fmt::print("{}", cleaning::Print(summary));
  std::fflush(stdout);
}

int Vacuum(store::Maintenance& database, GoLog& log) {
  log.Info("Vacuuming started");
  log.Flush();
  if (const auto done = database.Vacuum(); !done) {
    log.Error("Performing vacuuming database", {{"error", done.error().message()}});
    return kVacuumFailed;
  }
  log.Info("Vacuuming finished");
  return kGood;
}

int Cleanup(store::Maintenance& database, store::Part part, const Configuration& configuration,
            const Flags& flags, GoLog& log) {
  log.Debug(flags.clusters.empty() ? "Cluster list read from file"
                                   : "Cluster list read from CLI argument");
  auto list = flags.clusters.empty()
                  ? cleaning::ClusterList::OfFile(configuration.cluster_list_file, true)
                  : Result<cleaning::ClusterList>(cleaning::ClusterList::OfWords(flags.clusters));
  if (!list) {
    log.Error("Read cluster list", {{"error", list.error().message()}});
    return kCleanupFailed;
  }
  const auto summary = DeleteListed(database, part, *list, log);
  if (!summary) {
    log.Error("Performing cleanup", {{"error", summary.error().message()}});
    return kCleanupFailed;
  }
  if (flags.summary) PrintSummary(*summary, log);
  return kGood;
}

int CleanupAll(store::Maintenance& database, const Configuration& configuration, const Flags& flags,
               GoLog& log) {
  const auto summary = DeleteOld(database, configuration.max_age, flags.dry_run, log);
  if (!summary) {
    log.Error("Performing cleanup-all", {{"error", summary.error().message()}});
    return kCleanupFailed;
  }
  if (flags.summary) PrintSummary(*summary, log);
  return kGood;
}

// What the database is needed for; the first of several operations counts.
int Operate(store::Maintenance& database, const Configuration& configuration, const Flags& flags,
            GoLog& log) {
  const store::Part part = configuration.storage.schema == "ocp_recommendations"
                               ? store::Part::kResults
                               : store::Part::kWorkloads;
  if (flags.vacuum) return Vacuum(database, log);
  if (flags.cleanup_all) return CleanupAll(database, configuration, flags, log);
  if (flags.cleanup) return Cleanup(database, part, configuration, flags, log);
  if (flags.multiple_rule_disable) {
    if (const auto done = ListRepeatedDisables(database, flags.output, log); !done) {
      log.Error("Selecting records from database", {{"error", done.error().message()}});
      return kStorageFailed;
    }
    return kGood;
  }
  if (flags.fill_in_db) {
    if (const auto done = InsertTestRows(database, part, log); !done) {
      log.Error("Fill-in database by test data", {{"error", done.error().message()}});
      return kFillInFailed;
    }
    return kGood;
  }
  const auto done = ListOld(database, part, configuration.max_age, flags.output, log);
  if (done) return kGood;
  log.Error("Selecting records from database", {{"error", done.error().message()}});
  return kStorageFailed;
}

// Of an operation that needs a database that is away.
int ExitWithoutDatabase(const Flags& flags) {
  if (flags.vacuum) return kVacuumFailed;
  if (flags.cleanup_all || flags.cleanup) return kCleanupFailed;
  if (!flags.multiple_rule_disable && flags.fill_in_db) return kFillInFailed;
  return kStorageFailed;
}

int Work(const Configuration& configuration, const Flags& flags, GoLog& log) {
  log.Info("DB connection configuration", {{"driverName", configuration.storage.db_driver}});
  const auto checked = Check(configuration);
  if (!checked && !flags.show_configuration) {
    log.Error("Can not connect to data storage", {{"error", checked.error().message()}});
    return kConfigurationWrong;
  }
  if (flags.show_configuration) {
    ShowConfiguration(configuration, log);
    return checked ? kGood : kConfigurationWrong;
  }
  auto database =
      compat::OpenMaintained({.db_driver = configuration.storage.db_driver,
                              .sqlite_datasource = configuration.storage.sqlite_datasource,
                              .pg = configuration.storage.pg,
                              .application = "insights-results-aggregator-cleaner"});
  if (!database) {
    log.Error("Can not connect to data storage", {{"error", database.error().message()}});
    return ExitWithoutDatabase(flags);
  }
  return Operate(**database, configuration, flags, log);
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
  if (flags.version || flags.authors) {
    fmt::print("{}\n", flags.version ? "Insights Results Aggregator Cleaner version 1.0"
                                     : "Pavel Tisnovsky, Red Hat Inc.");
    return kGood;
  }

  Configuration configuration;
  const auto loaded = Load(configuration, compat::ProcessVariables());
  GoLog log({.fd = configuration.logging.use_stderr ? 2 : 1,
             .for_people = configuration.logging.debug,
             .level_min = compat::GoLevelOf(configuration.logging.log_level)});
  log::Configure(
      {.instance = "", .version = "", .level_min = log::Level::kFatal, .fd = log.options().fd});
  if (!loaded) {
    log.Error("Load configuration", {{"error", loaded.error().message()}});
    return kConfigurationWrong;
  }
  for (const std::string& notice : *loaded) log.Warn(notice);
  log.Debug("Started");
  if (!flags.max_age.empty()) configuration.max_age = flags.max_age;
  const int exit = Work(configuration, flags, log);
  if (exit != kGood) log.Error("Operation failed", {{"exit code", exit}});
  log.Debug("Finished");
  return exit;
}

}  // namespace insightd::app::cleaner
