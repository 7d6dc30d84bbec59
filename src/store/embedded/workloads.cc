#include "store/embedded/workloads.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <tuple>

#include "base/log.h"
#include "store/workloads_row.h"

namespace insightd::store {
namespace {

constexpr log::Logger kLog("store");

// What is stored of a cluster.
struct Current {
  std::int64_t org_id = 0;
  std::string request_id;
  Time last_checked{};
};

Result<std::optional<Current>> ReadCurrent(sqlite::Database& database, std::string_view cluster) {
  sqlite::Query query(database,
                      "SELECT org_id, request_id, last_checked_at FROM insightd_workloads "
                      "WHERE cluster = ?");
  const Result<bool> row = query.Text(cluster).Step();
  if (!row) return Fail(row.error());
  if (!*row) return std::optional<Current>();
  return Current{query.IntAt(0), query.StringAt(1), query.TimeAt(2)};
}

using ReportedTimes = std::map<std::string, Time, std::less<>>;

// Takes the rows away; since when each namespace is there stays known.
Result<ReportedTimes> TakeRows(sqlite::Database& database, std::int64_t org_id,
                               std::string_view cluster) {
  ReportedTimes reported;
  sqlite::Query query(database,
                      "DELETE FROM dvo_report WHERE org_id = ? AND cluster_id = ? "
                      "RETURNING namespace_id, reported_at");
  query.Int(org_id).Text(cluster);
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return reported;
    if (!query.IsNull(1)) reported.emplace(query.StringAt(0), query.TimeAt(1));
  }
}

Result<void> AddRows(sqlite::Database& database, const ClusterWorkloads& workloads,
                     const ReportedTimes& reported) {
  const std::string report = WorkloadsColumn(workloads.report);
  for (const NamespaceWorkloads& of : workloads.namespaces) {
    const auto before = reported.find(of.id);
    sqlite::Query query(database,
                        "INSERT INTO dvo_report(org_id, cluster_id, namespace_id, namespace_name, "
                        "report, recommendations, objects, reported_at, last_checked_at, "
                        "rule_hits_count) VALUES (?,?,?,?,?,?,?,?,?,?)");
    query.Int(workloads.org_id).Text(workloads.cluster).Text(of.id).Text(of.name).Text(report);
    query.Int(of.recommendations).Int(of.objects);
    query.At(before != reported.end() ? before->second : workloads.last_checked);
    if (auto done = query.At(workloads.last_checked).Text(of.hits).Run(); !done) return done;
  }
  return {};
}

Result<PutOutcome> PutOne(sqlite::Database& database, const ClusterWorkloads& workloads) {
  if (auto good = CheckWorkloads(workloads); !good) return Fail(std::move(good).error());
  const auto current = ReadCurrent(database, workloads.cluster);
  if (!current) return Fail(current.error());
  ReportedTimes reported;
  if (const std::optional<Current>& old = *current) {
    const auto order = std::tie(workloads.last_checked, workloads.request_id) <=>
                       std::tie(old->last_checked, old->request_id);
    if (order == 0) return PutOutcome::kSame;
    if (order < 0) return PutOutcome::kOlder;
    if (old->org_id != workloads.org_id) {
      kLog.Warn("",
                fmt::format("workloads of cluster {} move from organisation {} to {}",
                            workloads.cluster, old->org_id, workloads.org_id),
                {{"request_id", workloads.request_id}, {"cluster", workloads.cluster}});
    }
    auto taken = TakeRows(database, old->org_id, workloads.cluster);
    if (!taken) return Fail(std::move(taken).error());
    reported = *std::move(taken);
  }
  if (auto done = AddRows(database, workloads, reported); !done) return Fail(done.error());
  sqlite::Query query(database,
                      "INSERT OR REPLACE INTO insightd_workloads(cluster, org_id, request_id, "
                      "last_checked_at) VALUES (?,?,?,?)");
  query.Text(workloads.cluster).Int(workloads.org_id).Text(workloads.request_id);
  if (auto done = query.At(workloads.last_checked).Run(); !done) return Fail(done.error());
  return PutOutcome::kStored;
}

}  // namespace

Result<std::vector<PutOutcome>> WriteWorkloads(sqlite::Database& database,
                                               std::span<const ClusterWorkloads> workloads) {
  std::vector<PutOutcome> outcomes;
  outcomes.reserve(workloads.size());
  for (const ClusterWorkloads& of : workloads) {
    const Result<PutOutcome> outcome = PutOne(database, of);
    if (!outcome) return Fail(outcome.error());
    outcomes.push_back(*outcome);
  }
  return outcomes;
}

Result<std::vector<StoredWorkloads>> ReadWorkloads(sqlite::Database& database, std::int64_t org_id,
                                                   std::string_view cluster) {
  sqlite::Query query(database,
                      "SELECT cluster_id, namespace_id, namespace_name, recommendations, objects, "
                      "rule_hits_count, reported_at, last_checked_at FROM dvo_report "
                      "WHERE org_id = ?1 AND (?2 IS NULL OR cluster_id = ?2) "
                      "ORDER BY cluster_id, namespace_id");
  query.Int(org_id).TextOrNull(cluster);
  std::vector<StoredWorkloads> stored;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return stored;
    stored.push_back({.cluster = query.StringAt(0),
                      .workloads = {.id = query.StringAt(1),
                                    .name = query.StringAt(2),
                                    .recommendations = static_cast<std::int32_t>(query.IntAt(3)),
                                    .objects = static_cast<std::int32_t>(query.IntAt(4)),
                                    .hits = query.StringAt(5)},
                      .reported = query.OptionalTimeAt(6),
                      .last_checked = query.OptionalTimeAt(7)});
  }
}

Result<std::string> ReadWorkloadsText(sqlite::Database& database, std::int64_t org_id,
                                      std::string_view cluster, std::string_view namespace_id) {
  sqlite::Query query(database,
                      "SELECT report FROM dvo_report WHERE org_id = ? AND cluster_id = ? "
                      "AND namespace_id = ?");
  const Result<bool> row = query.Int(org_id).Text(cluster).Text(namespace_id).Step();
  if (!row) return Fail(row.error());
  if (!*row) {
    return Fail(Code::kNotFound, fmt::format("no workloads of namespace {} in cluster {} of "
                                             "organisation {}",
                                             namespace_id, cluster, org_id));
  }
  return query.StringAt(0);
}

}  // namespace insightd::store
