#include "store/postgres/put.h"

#include <string>
#include <string_view>
#include <utility>

#include "store/postgres/locks.h"
#include "store/postgres/organization.h"
#include "store/postgres/put_plan.h"
#include "store/postgres/put_rows.h"

namespace insightd::store::pg {
namespace {

Array TextsOf(const std::set<std::string_view>& texts) {
  Array array = Array::OfTexts();
  for (const std::string_view text : texts) array.Text(text);
  return array;
}

// Rows of insightd_cluster may be older than the report, where another program wrote it: then
// nothing but the archive is taken from them. Ours know both times; a report of others may not. The
// locks keep other programs away until the end; they are taken in the order of the clusters, so
// that two wait for each other rather than for ever.
constexpr std::string_view kReadClusters = R"(
SELECT r.cluster, r.org_id, r.last_checked_at, r.reported_at,
  c.last_checked_at = r.last_checked_at AND c.reported_at = r.reported_at,
  c.request_id, c.archive, c.hits > 0 OR c.passes <> 0
FROM report r
LEFT JOIN insightd_cluster c ON c.cluster = r.cluster
WHERE r.cluster = ANY($1) ORDER BY r.cluster FOR NO KEY UPDATE OF r)";

constexpr std::string_view kReadVersions =
    "SELECT cluster_id, org_id, version_info FROM report_info WHERE cluster_id = ANY($1)";

constexpr std::string_view kReadHits =
    "SELECT cluster_id, org_id, rule_fqdn, error_key, template_data FROM rule_hit "
    "WHERE cluster_id = ANY($1)";

constexpr std::string_view kReadRecommendations =
    "SELECT x.cluster_id, x.org_id, x.rule_fqdn, x.error_key, x.impacted_since "
    "FROM unnest($1, $2) AS u(org_id, cluster) "
    "JOIN recommendation x ON x.org_id = u.org_id AND x.cluster_id = u.cluster";

void TakeClusters(const Rows& rows, PutPlan& plan) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    StoredCluster& stored = plan.Stored(rows.TextAt(row, 0));
    const bool ours = rows.BoolAt(row, 4);
    stored.head = rows.StringAt(row, 5);
    stored.current = Current{.org_id = OrgOfColumn(rows.IntAt(row, 1)),
                             .request_id = ours ? rows.StringAt(row, 5) : std::string(),
                             .last_checked = rows.OptionalTimeAt(row, 2),
                             .reported = rows.OptionalTimeAt(row, 3),
                             .version = {},
                             .archive = rows.StringAt(row, 6),
                             .judged = !ours || rows.BoolAt(row, 7)};
  }
}

void TakeRecommendations(const Rows& rows, PutPlan& plan) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view cluster = rows.TextAt(row, 0);
    if (OrgOfColumn(rows.IntAt(row, 1)) != plan.HomeOf(cluster)) continue;
    plan.Stored(cluster).recommendations.emplace(
        std::pair(rows.StringAt(row, 2), rows.StringAt(row, 3)), rows.OptionalTimeAt(row, 4));
  }
}

Result<void> ReadStored(Connection& connection, PutPlan& plan) {
  Pipeline pipeline(connection);
  // Who waits for the lock sees what the one before has stored: each statement behind it has a
  // view of its own, and all rows of one view. With the rows' locks alone what is joined to a row
  // that was waited for would be older than the row.
  pipeline.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
  pipeline.Add(kTakeLock, Params().Int(kLockClass).Int(kPutLock));
  pipeline.Add(kReadClusters, Columns(TextsOf(plan.clusters())));
  pipeline.Add(kReadVersions, Columns(TextsOf(plan.clusters())));
  pipeline.Add(kReadHits, Columns(TextsOf(plan.clusters())));
  pipeline.Add(kReadRecommendations, PlacesOf(plan.places()));
  auto read = pipeline.Run();
  if (!read) return Fail(std::move(read).error());
  TakeClusters((*read)[2], plan);
  const Rows& versions = (*read)[3];
  for (std::size_t row = 0; row < versions.size(); ++row) {
    plan.Stored(versions.TextAt(row, 0)).version =
        StoredVersion{OrgOfColumn(versions.IntAt(row, 1)), versions.StringAt(row, 2)};
  }
  const Rows& hits = (*read)[4];
  for (std::size_t row = 0; row < hits.size(); ++row) {
    const std::string_view cluster = hits.TextAt(row, 0);
    if (OrgOfColumn(hits.IntAt(row, 1)) != plan.HomeOf(cluster)) continue;
    plan.Stored(cluster).hits.insert_or_assign({hits.StringAt(row, 2), hits.StringAt(row, 3)},
                                               hits.StringAt(row, 4));
  }
  TakeRecommendations((*read)[5], plan);

  // Of clusters that move, the recommendations lie under an organisation that was not asked for.
  std::set<Place> elsewhere;
  for (const std::string_view cluster : plan.clusters()) {
    const std::int64_t home = plan.HomeOf(cluster);
    if (!plan.places().contains({home, cluster})) elsewhere.emplace(home, cluster);
  }
  if (elsewhere.empty()) return {};
  auto more = connection.Run(kReadRecommendations, PlacesOf(elsewhere));
  if (!more) return Fail(std::move(more).error());
  TakeRecommendations(*more, plan);
  return {};
}

}  // namespace

Result<std::vector<PutOutcome>> PutResults(Connection& connection,
                                           std::span<const ClusterResult> results, Time now) {
  if (results.empty()) return std::vector<PutOutcome>();
  for (const ClusterResult& result : results) {
    if (auto good = CheckResult(result); !good) return Fail(std::move(good).error());
  }
  PutPlan plan(results, now);
  if (auto read = ReadStored(connection, plan); !read) return Fail(std::move(read).error());
  plan.Work();

  Pipeline pipeline(connection);
  AddRows(pipeline, plan, now);
  pipeline.Add("COMMIT");
  const auto written = pipeline.Run();
  if (!written) return Fail(written.error());
  return std::move(plan.outcomes);
}

}  // namespace insightd::store::pg
