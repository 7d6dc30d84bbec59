#include "app/compat/cleaner/deleting.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"

namespace insightd::app::cleaner {
namespace {

using compat::GoLog;

struct Deleter {
  store::Maintenance& database;
  const store::Part part;
  GoLog& log;
  std::vector<std::int64_t> sums;

  void Tell(const store::ClusterDeletion& deletion) {
    const auto tables = store::TablesOf(part);
    for (std::size_t i = 0; i < deletion.rows.size(); ++i) {
      if (deletion.rows[i] < 0) {
        log.Error("Unable to delete record",
                  {{"error", fmt::format("relation \"{}\" does not exist", tables[i])},
                   {"table", tables[i]}});
        continue;
      }
      log.Info(
          "Delete record",
          {{"Affected", deletion.rows[i]}, {"table", tables[i]}, {"cluster", deletion.cluster}});
      sums[i] += deletion.rows[i];
    }
  }

  void Delete(std::span<const std::string> clusters) {
    if (clusters.empty()) return;
    const auto deleted = database.DeleteClusters(part, clusters);
    if (deleted) {
      for (const store::ClusterDeletion& deletion : *deleted) Tell(deletion);
      return;
    }
    // One of many may be the reason: the others go nevertheless.
    if (clusters.size() > 1) {
      for (const std::string& cluster : clusters) Delete({&cluster, 1});
      return;
    }
    log.Error("Unable to delete record",
              {{"error", deleted.error().message()}, {"cluster", clusters.front()}});
  }
};

// Calls `take` with each entry, and whether it is a cluster.
Result<void> EachEntry(cleaning::ClusterList& list,
                       const std::function<void(std::string, bool)>& take) {
  while (true) {
    auto entry = list.Next();
    if (!entry) return Fail(std::move(entry).error());
    if (!*entry) return {};
    const bool proper = !CanonicalUuid(**entry).empty();
    take(**std::move(entry), proper);
  }
}

struct TestWorkloads {
  std::int64_t org_id;
  std::string_view cluster;
  std::string_view namespace_id;
  std::int64_t recommendations;
  std::int64_t objects;
  int year;
};
constexpr std::string_view kOne = "00000001-0001-0001-0001-000000000001";
constexpr std::string_view kTwo = "00000002-0002-0002-0002-000000000002";
constexpr std::string_view kThree = "00000003-0003-0003-0003-000000000003";
constexpr std::string_view kFirstNamespace = "fbcbe2d3-e398-4b40-9d5e-4eb46fe8286f";
constexpr std::string_view kOtherNamespace = "e6ed9bb3-efc3-46a6-b3ae-3f1a6e59546c";
constexpr std::array<TestWorkloads, 6> kTestWorkloads = {
    {{1, kOne, kFirstNamespace, 1, 6, 2021},
     {1, kTwo, kOtherNamespace, 2, 5, 2021},
     {2, kThree, kOtherNamespace, 3, 4, 2021},
     {3, kOne, kOtherNamespace, 4, 3, 2021},
     {3, kTwo, kOtherNamespace, 5, 2, 2022},
     {3, kThree, kOtherNamespace, 6, 1, 2023}}};
constexpr std::array<std::string_view, 3> kTestClusters = {"00000000-0000-0000-0000-000000000000",
                                                           "11111111-1111-1111-1111-111111111111",
                                                           "5d5892d4-1f74-4ccf-91af-548dfc9767aa"};
constexpr std::array<std::string_view, 5> kTestTables = {
    "report", "cluster_rule_toggle", "cluster_rule_user_feedback",
    "cluster_user_rule_disable_feedback", "rule_hit"};

Time NewYear(int year) {
  return Time(std::chrono::sys_days(std::chrono::year(year) / std::chrono::January / 1));
}

}  // namespace

Result<cleaning::Summary> DeleteListed(store::Maintenance& database, store::Part part,
                                       cleaning::ClusterList& list, GoLog& log) {
  cleaning::Summary summary;
  auto read = EachEntry(list, [&](const std::string& entry, bool proper) {
    if (proper) {
      log.Info("Proper cluster ID", {{"input", entry}});
      ++summary.proper_entries;
    } else {
      log.Error("Not a proper cluster ID", {{"input", entry}});
      ++summary.improper_entries;
    }
  });
  if (read) read = list.Rewind();
  if (!read) return Fail(std::move(read).error());
  log.Info("Cluster list finished", {{"number of clusters to delete", summary.proper_entries}});
  log.Info("Cluster list finished", {{"improper cluster entries", summary.improper_entries}});

  log.Info("Cleanup started");
  const auto tables = store::TablesOf(part);
  Deleter deleter{.database = database,
                  .part = part,
                  .log = log,
                  .sums = std::vector<std::int64_t>(tables.size(), 0)};
  std::vector<std::string> clusters;
  read = EachEntry(list, [&](std::string entry, bool proper) {
    if (!proper) return;
    clusters.push_back(std::move(entry));
    if (clusters.size() < database.clusters_at_once()) return;
    deleter.Delete(clusters);
    clusters.clear();
  });
  if (!read) return Fail(std::move(read).error());
  deleter.Delete(clusters);
  log.Info("Cleanup finished");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    // As the summary has always named them.
    const std::string_view name = tables[i].substr(tables[i].find('.') + 1);
    summary.deletions.emplace_back(name, deleter.sums[i]);
  }
  return summary;
}

Result<cleaning::Summary> DeleteOld(store::Maintenance& database, const std::string& max_age,
                                    bool dry_run, GoLog& log) {
  if (max_age.empty()) {
    return Fail(Code::kInvalid, "max-age parameter is missing (cleaner.max_age)");
  }
  log.Debug("Cleaning all old records from DB", {{"Max age", max_age}});
  const auto before = database.TimeBefore(max_age);
  if (!before) return Fail(before.error());
  log.Info("Cleanup-all started");
  cleaning::Summary summary;
  for (const store::AgedTable table : store::kAgedTables) {
    const auto rows =
        dry_run ? database.CountOld(table, *before) : database.DeleteOld(table, *before);
    if (!rows) {
      log.Error("Unable to delete records",
                {{"error", rows.error().message()}, {"table", store::NameOf(table)}});
      return Fail(rows.error());
    }
    log.Info("Delete records",
             {{"Affected", *rows}, {"table", store::NameOf(table)}, {"Dry run", dry_run}});
    summary.deletions.emplace_back(store::NameOf(table), *rows);
  }
  log.Info("Cleanup-all finished");
  return summary;
}

Result<void> InsertTestRows(store::Maintenance& database, store::Part part, GoLog& log) {
  log.Info("Fill-in database started");
  Result<void> last;
  const auto note = [&](Result<void> inserted, std::string_view what) {
    if (inserted) return;
    log.Error(fmt::format("Insert error ({})", what), {{"error", inserted.error().message()}});
    last = std::move(inserted);
  };
  if (part == store::Part::kResults) {
    for (const std::string_view cluster : kTestClusters) {
      log.Info("data for new cluster", {{"cluster name", cluster}});
      for (const std::string_view table : kTestTables) {
        log.Info("inserting into OCP database", {{"table", table}});
        note(database.InsertTestRow(table, 1, cluster, "", 0, 0, NewYear(2021)), "OCP");
      }
    }
    log.Info("Fill-in OCP database finished");
  } else {
    for (const TestWorkloads& row : kTestWorkloads) {
      log.Info("inserting into DVO database", {{"table", "dvo.dvo_report"}});
      note(database.InsertTestRow("dvo.dvo_report", row.org_id, row.cluster, row.namespace_id,
                                  row.recommendations, row.objects, NewYear(row.year)),
           "DVO");
    }
    log.Info("Fill-in DVO database finished");
  }
  return last;
}

}  // namespace insightd::app::cleaner
