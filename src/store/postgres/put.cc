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

// What else there is of the clusters, in one answer: rows of three tables, told apart by their
// first column.
enum Table : std::int64_t { kVersion, kHit, kRecommendation };
constexpr std::string_view kReadRest = R"(
SELECT 0, cluster_id, org_id, version_info, NULL, NULL, NULL::timestamp
FROM report_info WHERE cluster_id = ANY($3)
UNION ALL
SELECT 1, cluster_id, org_id, rule_fqdn, error_key, template_data, NULL
FROM rule_hit WHERE cluster_id = ANY($3)
UNION ALL
SELECT 2, x.cluster_id, x.org_id, x.rule_fqdn, x.error_key, NULL, x.impacted_since
FROM unnest($1, $2) AS u(org_id, cluster)
JOIN recommendation x ON x.org_id = u.org_id AND x.cluster_id = u.cluster)";

// Recommendations alone, as there.
constexpr std::string_view kReadRecommendations =
    "SELECT 2, x.cluster_id, x.org_id, x.rule_fqdn, x.error_key, NULL, x.impacted_since "
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

void TakeRest(const Rows& rows, PutPlan& plan) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view cluster = rows.TextAt(row, 1);
    const std::int64_t org_id = OrgOfColumn(rows.IntAt(row, 2));
    StoredCluster& stored = plan.Stored(cluster);
    const std::int64_t table = rows.IntAt(row, 0);
    if (table == kVersion) {
      stored.version = StoredVersion{org_id, rows.StringAt(row, 3)};
      continue;
    }
    if (org_id != plan.HomeOf(cluster)) continue;
    std::pair name(rows.StringAt(row, 3), rows.StringAt(row, 4));
    if (table == kHit) {
      stored.hits.insert_or_assign(std::move(name), rows.StringAt(row, 5));
    } else {
      stored.recommendations.emplace(std::move(name), rows.OptionalTimeAt(row, 6));
    }
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
  pipeline.Add(kReadRest, std::move(PlacesOf(plan.places()).Add(TextsOf(plan.clusters()))));
  auto read = pipeline.Run();
  if (!read) return Fail(std::move(read).error());
  TakeClusters((*read)[2], plan);
  TakeRest((*read)[3], plan);

  // Of clusters that move, the recommendations lie under an organisation that was not asked for.
  std::set<Place> elsewhere;
  for (const std::string_view cluster : plan.clusters()) {
    const std::int64_t home = plan.HomeOf(cluster);
    if (!plan.places().contains({home, cluster})) elsewhere.emplace(home, cluster);
  }
  if (elsewhere.empty()) return {};
  auto more = connection.Run(kReadRecommendations, PlacesOf(elsewhere));
  if (!more) return Fail(std::move(more).error());
  TakeRest(*more, plan);
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
