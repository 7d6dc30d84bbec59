#include "store/postgres/workloads.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "store/postgres/organization.h"
#include "store/workloads_row.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

// What is stored of a cluster, and what the batch makes of it.
struct State {
  bool known = false;
  std::int64_t org_id = 0;
  std::string request_id;                             // empty: another program wrote it
  std::optional<Time> last_checked;                   // unknown: older than any
  std::map<std::string, Time, std::less<>> reported;  // of the namespaces that are there
  const ClusterWorkloads* to_write = nullptr;
};

using States = std::map<std::string_view, State>;  // by cluster

Array ClustersOf(const States& states, bool to_write_only) {
  Array array = Array::OfTexts();
  for (const auto& [cluster, state] : states) {
    if (!to_write_only || state.to_write != nullptr) array.Text(cluster);
  }
  return array;
}

Result<void> ReadStates(Connection& connection, States& states) {
  Pipeline pipeline(connection);
  pipeline.Add("BEGIN");
  pipeline.Add(
      "SELECT cluster, org_id, request_id, last_checked_at FROM insightd_workloads "
      "WHERE cluster = ANY($1) ORDER BY cluster FOR NO KEY UPDATE",
      Params().Add(ClustersOf(states, false)));
  pipeline.Add(
      "SELECT cluster_id, org_id, namespace_id, reported_at, last_checked_at FROM dvo.dvo_report "
      "WHERE cluster_id = ANY($1)",
      Params().Add(ClustersOf(states, false)));
  const auto read = pipeline.Run();
  if (!read) return Fail(read.error());
  const Rows& newest = (*read)[1];
  for (std::size_t row = 0; row < newest.size(); ++row) {
    State& state = states.find(newest.TextAt(row, 0))->second;
    state.known = true;
    state.org_id = OrgOfColumn(newest.IntAt(row, 1));
    state.request_id = newest.StringAt(row, 2);
    state.last_checked = newest.TimeAt(row, 3);
  }
  const Rows& rows = (*read)[2];
  for (std::size_t row = 0; row < rows.size(); ++row) {
    State& state = states.find(rows.TextAt(row, 0))->second;
    const std::optional<Time> checked = rows.OptionalTimeAt(row, 4);
    // Another program may have stored a newer message, or have made the table before us.
    if (!state.known || checked > state.last_checked) {
      state.known = true;
      state.org_id = OrgOfColumn(rows.IntAt(row, 1));
      state.request_id.clear();
      state.last_checked = checked;
    }
    if (!rows.IsNull(row, 3)) state.reported[rows.StringAt(row, 2)] = rows.TimeAt(row, 3);
  }
  return {};
}

// What one message after the other makes of its cluster.
PutOutcome Take(const ClusterWorkloads& workloads, State& state) {
  if (state.known) {
    const auto order = std::tie(workloads.last_checked, workloads.request_id) <=>
                       std::tie(state.last_checked, state.request_id);
    if (order == 0) return PutOutcome::kSame;
    if (order < 0) return PutOutcome::kOlder;
    if (state.org_id != workloads.org_id) {
      kLog.Warn("",
                fmt::format("workloads of cluster {} move from organisation {} to {}",
                            workloads.cluster, state.org_id, workloads.org_id),
                {{"request_id", workloads.request_id}, {"cluster", workloads.cluster}});
    }
  }
  std::map<std::string, Time, std::less<>> reported;
  for (const NamespaceWorkloads& of : workloads.namespaces) {
    const auto before = state.reported.find(of.id);
    reported.emplace(of.id,
                     before != state.reported.end() ? before->second : workloads.last_checked);
  }
  state.known = true;
  state.org_id = workloads.org_id;
  state.request_id = workloads.request_id;
  state.last_checked = workloads.last_checked;
  state.reported = std::move(reported);
  state.to_write = &workloads;
  return PutOutcome::kStored;
}

// The report of a cluster goes over the wire once, however many namespaces have it.
constexpr std::string_view kInsertRows = R"(
INSERT INTO dvo.dvo_report(org_id, cluster_id, namespace_id, namespace_name, report,
  recommendations, objects, reported_at, last_checked_at, rule_hits_count)
SELECT c.org_id, c.cluster, n.id, n.name, c.report, n.recommendations, n.objects, n.reported_at,
  c.last_checked_at, n.hits::jsonb
FROM unnest($1, $2, $3, $4) AS c(org_id, cluster, report, last_checked_at)
JOIN unnest($5, $6, $7, $8, $9, $10, $11)
  AS n(cluster, id, name, recommendations, objects, reported_at, hits) ON n.cluster = c.cluster)";

constexpr std::string_view kUpsertNewest = R"(
INSERT INTO insightd_workloads(cluster, org_id, request_id, last_checked_at)
SELECT cluster, org_id, request_id, last_checked_at
FROM unnest($1, $2, $3, $4) AS u(cluster, org_id, request_id, last_checked_at)
ON CONFLICT (cluster) DO UPDATE SET org_id = excluded.org_id, request_id = excluded.request_id,
  last_checked_at = excluded.last_checked_at)";

void AddWrites(Pipeline& pipeline, const States& states) {
  Array orgs = Array::OfInts();
  Array orgs_again = Array::OfInts();
  Array requests = Array::OfTexts();
  Array reports = Array::OfTexts();
  Array checked = Array::OfTimes();
  Array checked_again = Array::OfTimes();
  Array of_clusters = Array::OfTexts();
  Array ids = Array::OfTexts();
  Array names = Array::OfTexts();
  Array recommendations = Array::OfInts();
  Array objects = Array::OfInts();
  Array reported = Array::OfTimes();
  Array hits = Array::OfTexts();
  for (const auto& [cluster, state] : states) {
    if (state.to_write == nullptr) continue;
    const ClusterWorkloads& workloads = *state.to_write;
    orgs.Int(OrgColumnOf(workloads.org_id));
    orgs_again.Int(OrgColumnOf(workloads.org_id));
    requests.Text(workloads.request_id);
    reports.Text(WorkloadsColumn(workloads.report));
    checked.At(workloads.last_checked);
    checked_again.At(workloads.last_checked);
    for (const NamespaceWorkloads& of : workloads.namespaces) {
      of_clusters.Text(cluster);
      ids.Text(of.id);
      names.Text(of.name);
      recommendations.Int(of.recommendations);
      objects.Int(of.objects);
      reported.At(state.reported.find(of.id)->second);
      hits.Text(of.hits);
    }
  }
  pipeline.Add("DELETE FROM dvo.dvo_report WHERE cluster_id = ANY($1)",
               Params().Add(ClustersOf(states, true)));
  pipeline.Add(kInsertRows, Params()
                                .Add(std::move(orgs))
                                .Add(ClustersOf(states, true))
                                .Add(std::move(reports))
                                .Add(std::move(checked))
                                .Add(std::move(of_clusters))
                                .Add(std::move(ids))
                                .Add(std::move(names))
                                .Add(std::move(recommendations))
                                .Add(std::move(objects))
                                .Add(std::move(reported))
                                .Add(std::move(hits)));
  pipeline.Add(kUpsertNewest, Params()
                                  .Add(ClustersOf(states, true))
                                  .Add(std::move(orgs_again))
                                  .Add(std::move(requests))
                                  .Add(std::move(checked_again)));
}

}  // namespace

Result<std::vector<PutOutcome>> PutWorkloads(Connection& connection,
                                             std::span<const ClusterWorkloads> workloads) {
  std::vector<PutOutcome> outcomes;
  if (workloads.empty()) return outcomes;
  States states;
  for (const ClusterWorkloads& of : workloads) {
    if (auto good = CheckWorkloads(of); !good) return Fail(std::move(good).error());
    states.try_emplace(of.cluster);
  }
  if (auto read = ReadStates(connection, states); !read) return Fail(std::move(read).error());
  for (const ClusterWorkloads& of : workloads) {
    outcomes.push_back(Take(of, states.find(of.cluster)->second));
  }
  Pipeline pipeline(connection);
  AddWrites(pipeline, states);
  pipeline.Add("COMMIT");
  const auto written = pipeline.Run();
  if (!written) return Fail(written.error());
  return outcomes;
}

Result<std::vector<StoredWorkloads>> ReadWorkloads(Connection& connection, std::int64_t org_id,
                                                   std::string_view cluster) {
  const auto rows = connection.Run(
      "SELECT cluster_id, namespace_id, namespace_name, recommendations, objects, "
      "coalesce(rule_hits_count, '{}')::text, reported_at, last_checked_at FROM dvo.dvo_report "
      "WHERE org_id = $1 AND ($2 IS NULL OR cluster_id = $2) "
      "ORDER BY cluster_id COLLATE \"C\", namespace_id COLLATE \"C\"",
      Params().Int(OrgColumnOf(org_id)).TextOrNull(cluster));
  if (!rows) return Fail(rows.error());
  std::vector<StoredWorkloads> stored;
  stored.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    stored.push_back(
        {.cluster = rows->StringAt(row, 0),
         .workloads = {.id = rows->StringAt(row, 1),
                       .name = rows->StringAt(row, 2),
                       .recommendations = static_cast<std::int32_t>(rows->IntAt(row, 3)),
                       .objects = static_cast<std::int32_t>(rows->IntAt(row, 4)),
                       .hits = rows->StringAt(row, 5)},
         .reported = rows->OptionalTimeAt(row, 6),
         .last_checked = rows->OptionalTimeAt(row, 7)});
  }
  return stored;
}

Result<std::string> ReadWorkloadsText(Connection& connection, std::int64_t org_id,
                                      std::string_view cluster, std::string_view namespace_id) {
  const auto rows = connection.Run(
      "SELECT report FROM dvo.dvo_report WHERE org_id = $1 AND cluster_id = $2 "
      "AND namespace_id = $3",
      Params().Int(OrgColumnOf(org_id)).Text(cluster).Text(namespace_id));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) {
    return Fail(Code::kNotFound, fmt::format("no workloads of namespace {} in cluster {} of "
                                             "organisation {}",
                                             namespace_id, cluster, org_id));
  }
  return rows->StringAt(0, 0);
}

}  // namespace insightd::store::pg
