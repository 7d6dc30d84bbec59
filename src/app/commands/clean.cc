#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "app/cleaning/cluster_list.h"
#include "app/cleaning/summary_table.h"
#include "app/commands/commands.h"
#include "app/commands/maintained.h"
#include "app/settings.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "store/maintenance.h"

namespace insightd::app {
namespace {

using cleaning::ClusterList;
using cleaning::Summary;
using store::AgedTable;
using store::Maintenance;
using store::Part;

// How often somebody who waits is told.
constexpr std::int64_t kToldClusters = 100'000;

ExitCode Complain(std::string_view what, ExitCode exit) {
  fmt::print(stderr, "insightd: {}\n", what);
  return exit;
}

// The sums of each table, in the order in which they are shown.
class Sums {
 public:
  void Add(std::string_view table, std::int64_t rows) {
    for (auto& [name, sum] : summary.deletions) {
      if (name == table) {
        sum += rows;
        return;
      }
    }
    summary.deletions.emplace_back(table, rows);
  }
  void AddAll(Part part, const std::vector<std::int64_t>& rows) {
    const auto tables = store::TablesOf(part);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= 0) Add(tables[i], rows[i]);
    }
  }

  Summary summary;
};

class Cleaner {
 public:
  Cleaner(const Settings& settings, const CommandLine& line, Maintenance& database)
      : settings_(settings), line_(line), database_(database) {}

  Result<void> Old() {
    const std::string& age =
        line_.clean.older_than.empty() ? settings_.clean.max_age : line_.clean.older_than;
    const auto before = database_.TimeBefore(age);
    if (!before) return Fail(before.error());
    if (line_.clean.dry_run) return CountOld(*before);
    if (auto done = DeleteOldClusters(*before); !done) return done;
    for (const AgedTable table : store::kAgedTables) {
      if (table == AgedTable::kReport) continue;  // gone with their clusters
      const auto rows = database_.DeleteOld(table, *before);
      if (!rows) return Fail(rows.error());
      sums_.Add(store::NameOf(table), *rows);
    }
    return {};
  }

  Result<void> Listed(ClusterList& list) {
    std::vector<std::string> clusters;
    while (true) {
      auto entry = list.Next();
      if (!entry) return Fail(std::move(entry).error());
      const bool end = !*entry;
      if (!end) {
        std::string cluster = CanonicalUuid(**entry);
        if (cluster.empty()) {
          ++sums_.summary.improper_entries;
          fmt::print(stderr, "insightd: `{}` is no cluster; its id is a UUID\n", **entry);
          continue;
        }
        ++sums_.summary.proper_entries;
        Show(cluster);
        clusters.push_back(std::move(cluster));
      }
      if (clusters.size() < database_.clusters_at_once() && !end) continue;
      if (!line_.clean.dry_run) {
        if (auto done = Delete(clusters, std::nullopt, true); !done) return done;
      }
      clusters.clear();
      if (end) return {};
    }
  }

  const Summary& summary() const { return sums_.summary; }

 private:
  Result<void> CountOld(Time before) {
    std::vector<std::int64_t> counts;
    if (line_.clean.list) {
      if (auto done =
              EachOld(database_, before, [](const std::string&) -> Result<void> { return {}; });
          !done) {
        return done;
      }
    }
    const auto of_clusters = database_.CountOldClusters(before);
    if (!of_clusters) return Fail(of_clusters.error());
    sums_.AddAll(Part::kResults, *of_clusters);
    for (const AgedTable table : store::kAgedTables) {
      if (table == AgedTable::kReport) continue;
      const auto rows = database_.CountOld(table, before);
      if (!rows) return Fail(rows.error());
      sums_.Add(store::NameOf(table), *rows);
    }
    return {};
  }

  // The list comes by a connection of its own, and shows what was old when it began; whether a
  // cluster still is, is looked at again when it is deleted.
  Result<void> DeleteOldClusters(Time before) {
    auto lister = OpenMaintained(settings_, "insightd clean", false);
    if (!lister) return Fail(std::move(lister).error());
    std::vector<std::string> clusters;
    auto done = EachOld(**lister, before, [&](const std::string& cluster) -> Result<void> {
      clusters.push_back(cluster);
      if (clusters.size() < database_.clusters_at_once()) return {};
      auto deleted = Delete(clusters, before, false);
      clusters.clear();
      return deleted;
    });
    if (!done) return done;
    return Delete(clusters, before, false);
  }

  Result<void> EachOld(Maintenance& lister, Time before,
                       const std::function<Result<void>(const std::string&)>& take) {
    return lister.OldReports(before, [&](const store::OldReport& report) {
      const std::string cluster(report.cluster);
      Show(cluster);
      return take(cluster);
    });
  }

  Result<void> Delete(const std::vector<std::string>& clusters, std::optional<Time> before,
                      bool workloads) {
    if (clusters.empty()) return {};
    const auto deleted = database_.DeleteClusters(Part::kResults, clusters, before);
    if (!deleted) return Fail(deleted.error());
    for (const store::ClusterDeletion& one : *deleted) sums_.AddAll(Part::kResults, one.rows);
    if (workloads) {
      const auto more = database_.DeleteClusters(Part::kWorkloads, clusters);
      if (!more) return Fail(more.error());
      for (const store::ClusterDeletion& one : *more) sums_.AddAll(Part::kWorkloads, one.rows);
    }
    done_ += static_cast<std::int64_t>(clusters.size());
    if (done_ / kToldClusters != told_) {
      told_ = done_ / kToldClusters;
      fmt::print(stderr, "{} clusters\n", done_);
    }
    return {};
  }

  void Show(const std::string& cluster) {
    if (!line_.clean.list) return;
    if (!line_.json) return fmt::print("{}\n", cluster);
    std::string out;
    json::JsonWriter(out).BeginObject().Key("cluster").String(cluster).EndObject();
    fmt::print("{}\n", out);
  }

  const Settings& settings_;
  const CommandLine& line_;
  Maintenance& database_;
  Sums sums_;
  std::int64_t done_ = 0;
  std::int64_t told_ = 0;
};

void PrintSummary(const Summary& summary, const CommandLine& line) {
  if (!line.json) {
    fmt::print("{}", cleaning::Print(summary));
    if (line.clean.dry_run) fmt::print("that is what would be deleted; nothing was\n");
    return;
  }
  for (const auto& [table, rows] : summary.deletions) {
    std::string out;
    json::JsonWriter(out)
        .BeginObject()
        .Key("table")
        .String(table)
        .Key("rows")
        .Int(rows)
        .Key("dry_run")
        .Bool(line.clean.dry_run)
        .EndObject();
    fmt::print("{}\n", out);
  }
}

}  // namespace

ExitCode RunClean(const CommandLine& line) {
  const CleanArguments& arguments = line.clean;
  const bool listed = !arguments.clusters.empty() || !arguments.clusters_file.empty();
  if (listed && !arguments.older_than.empty()) {
    return Complain("--older-than is for clusters that are not named: leave it out",
                    ExitCode::kUsage);
  }
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(line.config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});

  Result<ClusterList> list =
      arguments.clusters_file.empty()
          ? ClusterList::OfWords(fmt::format("{}", fmt::join(arguments.clusters, ",")))
          : ClusterList::OfFile(arguments.clusters_file, /*whole_lines_only=*/false);
  if (!list) return Complain(list.error().message(), ExitCode::kUnreadable);
  auto database = OpenMaintained(settings, "insightd clean", false);
  const auto exit_for = [](const Error& error) {
    return error.code() == Code::kInvalid ? ExitCode::kUsage : ExitCode::kUnusable;
  };
  if (!database) return Complain(database.error().message(), exit_for(database.error()));
  Cleaner cleaner(settings, line, **database);
  const auto done = listed ? cleaner.Listed(*list) : cleaner.Old();
  // What was deleted before a failure is.
  if (done || !cleaner.summary().deletions.empty()) PrintSummary(cleaner.summary(), line);
  if (!done) return Complain(done.error().message(), exit_for(done.error()));
  if (arguments.vacuum && !arguments.dry_run) {
    if (const auto vacuumed = (*database)->Vacuum(); !vacuumed) {
      return Complain(vacuumed.error().message(), ExitCode::kUnusable);
    }
  }
  return cleaner.summary().improper_entries == 0 ? ExitCode::kGood : ExitCode::kFindings;
}

}  // namespace insightd::app
