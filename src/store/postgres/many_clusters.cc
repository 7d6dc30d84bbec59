#include "store/postgres/many_clusters.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "store/letter_texts.h"
#include "store/postgres/errors.h"
#include "store/postgres/locks.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// Those that a row can have; others are not there.
Array NamesOf(std::span<const std::string> clusters) {
  Array names = Array::OfTexts();
  for (const std::string& cluster : clusters) {
    if (IsStorable(cluster)) names.Text(cluster);
  }
  return names;
}

std::vector<std::int64_t> OrganizationsIn(const Rows& rows) {
  std::vector<std::int64_t> organizations;
  organizations.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    organizations.push_back(OrgOfColumn(rows.IntAt(row, 0)));
  }
  std::sort(organizations.begin(), organizations.end());
  return organizations;
}

// What a row of the statement below is.
enum Kind : std::int64_t { kResult, kVersion, kRule };

#define INSIGHTD_RESULTS_AND_RULES                                     \
  "SELECT 0::int8, cluster, '', last_checked_at FROM report "          \
  "WHERE cluster = ANY($2) AND org_id = $1::int4 "                     \
  "UNION ALL SELECT 2, cluster_id, rule_id, NULL FROM recommendation " \
  "WHERE org_id = $1::int4 AND cluster_id = ANY($2)"
#define INSIGHTD_VERSIONS                                                 \
  " UNION ALL SELECT 1, cluster_id, version_info, NULL FROM report_info " \
  "WHERE cluster_id = ANY($2) AND org_id = $1::int4"

#define INSIGHTD_RECOMMENDED                                                           \
  "SELECT n.cluster_id, n.created_at, n.impacted_since, coalesce(i.version_info, '') " \
  "FROM recommendation n LEFT JOIN report_info i ON i.cluster_id = n.cluster_id "      \
  "AND i.org_id = n.org_id WHERE n.org_id = $1::int4 AND n.rule_id = $2 "
#define INSIGHTD_RECOMMENDED_ORDER "ORDER BY n.cluster_id COLLATE \"C\""

// The results go that `which` says ($1), with the votes on them, their heads, and the uploads that
// stayed only because they were current; the archives are released ($2). No result is stored
// meanwhile.
Result<std::size_t> Remove(Connection& connection, std::string_view which, Params params) {
  Pipeline pipeline(connection);
  pipeline.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
  pipeline.Add(kTakeLock, Params().Int(kLockClass).Int(kPutLock));
  pipeline.Add(
      fmt::format(
          "WITH gone AS (DELETE FROM report WHERE {} RETURNING cluster), "
          "heads AS (DELETE FROM insightd_cluster c USING gone WHERE c.cluster = gone.cluster "
          " RETURNING c.cluster, c.request_id, c.archive), "
          "silent AS (DELETE FROM insightd_upload u USING heads "
          " WHERE u.request_id = heads.request_id AND u.id < 0), "
          "released AS (INSERT INTO insightd_released(archive, since) "
          " SELECT archive, $2 FROM heads WHERE archive <> '' ORDER BY cluster COLLATE \"C\") "
          "SELECT count(*) FROM gone",
          which),
      std::move(params));
  pipeline.Add("COMMIT");
  const auto rows = pipeline.Run();
  if (!rows) return Fail(rows.error());
  return static_cast<std::size_t>((*rows)[2].IntAt(0, 0));
}

}  // namespace

Result<std::vector<std::int64_t>> ReadOrganizationsOf(Connection& connection,
                                                      std::span<const std::string> clusters) {
  Array names = NamesOf(clusters);
  if (names.size() == 0) return std::vector<std::int64_t>();
  const Result<Rows> rows = connection.Run(
      "SELECT DISTINCT org_id FROM report WHERE cluster = ANY($1)", Columns(std::move(names)));
  if (!rows) return Fail(rows.error());
  return OrganizationsIn(*rows);
}

Result<void> VisitReportsOf(Connection& connection, std::span<const std::string> clusters,
                            const std::function<void(const ReportOfCluster&)>& visit) {
  Array names = NamesOf(clusters);
  if (names.size() == 0) return {};
  const Result<Rows> rows =
      connection.Run("SELECT cluster, org_id, report FROM report WHERE cluster = ANY($1)",
                     Columns(std::move(names)));
  if (!rows) return Fail(rows.error());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    visit({.cluster = rows->TextAt(row, 0),
           .org_id = OrgOfColumn(rows->IntAt(row, 1)),
           .report = rows->TextAt(row, 2)});
  }
  return {};
}

Result<void> VisitRecommendationsOf(
    Connection& connection, std::int64_t org_id, std::span<const std::string> clusters,
    const std::function<void(const ClusterRecommendations&)>& visit) {
  Array names = NamesOf(clusters);
  if (names.size() == 0 || !IsOrganization(org_id)) return {};
  const Params params = Params().Int(OrgColumnOf(org_id)).Add(std::move(names));
  Result<Rows> rows = connection.Run(INSIGHTD_RESULTS_AND_RULES INSIGHTD_VERSIONS, params);
  // A recommendation is worth showing without its cluster's version.
  if (!rows && GoesOnWithout(connection, rows.error())) {
    rows = connection.Run(INSIGHTD_RESULTS_AND_RULES, params);
  }
  if (!rows) return Fail(rows.error());
  struct Found {
    bool has_result = false;
    std::optional<Time> last_checked;
    std::string_view version;
    std::vector<std::string_view> rule_ids;
  };
  std::map<std::string_view, Found> found;
  // Rows of a cluster come one behind the other as a rule.
  auto last = found.end();
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const std::string_view name = rows->TextAt(row, 1);
    if (last == found.end() || last->first != name) last = found.try_emplace(name).first;
    Found& cluster = last->second;
    switch (rows->IntAt(row, 0)) {
      case kResult:
        cluster.has_result = true;
        cluster.last_checked = rows->OptionalTimeAt(row, 3);
        break;
      case kVersion: cluster.version = rows->TextAt(row, 2); break;
      default: cluster.rule_ids.push_back(rows->TextAt(row, 2));
    }
  }
  for (auto& [name, cluster] : found) {
    if (!cluster.has_result && cluster.rule_ids.empty()) continue;
    if (!std::is_sorted(cluster.rule_ids.begin(), cluster.rule_ids.end())) {
      std::sort(cluster.rule_ids.begin(), cluster.rule_ids.end());
    }
    visit({.cluster = name,
           .has_result = cluster.has_result,
           .last_checked = cluster.last_checked,
           .version = cluster.version,
           .rule_ids = cluster.rule_ids});
  }
  return {};
}

Result<void> VisitHitsOf(Connection& connection, std::int64_t org_id,
                         std::span<const std::string> clusters,
                         const std::function<void(std::string_view, std::string_view)>& visit) {
  Array names = NamesOf(clusters);
  if (names.size() == 0 || !IsOrganization(org_id)) return {};
  const Result<Rows> rows = connection.Run(
      "SELECT cluster_id, rule_id FROM recommendation "
      "WHERE org_id = $1::int4 AND cluster_id = ANY($2)",
      Params().Int(OrgColumnOf(org_id)).Add(std::move(names)));
  if (!rows) return Fail(rows.error());
  std::vector<std::pair<std::string_view, std::string_view>> hits;
  hits.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    hits.emplace_back(rows->TextAt(row, 0), rows->TextAt(row, 1));
  }
  // The index gives them in the order of the database's language.
  const auto by_cluster = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(hits.begin(), hits.end(), by_cluster)) {
    std::stable_sort(hits.begin(), hits.end(), by_cluster);
  }
  for (const auto& [cluster, rule_id] : hits) visit(cluster, rule_id);
  return {};
}

Result<std::vector<RecommendedCluster>> ReadRecommended(Connection& connection, std::int64_t org_id,
                                                        std::string_view rule_id,
                                                        std::span<const std::string> clusters) {
  std::vector<RecommendedCluster> recommended;
  if (!IsOrganization(org_id) || !IsStorable(rule_id)) return recommended;
  Params params;
  params.Int(OrgColumnOf(org_id)).Text(rule_id);
  // Our index has rule and key apart. With more bars it is not known where the rule ends.
  const std::size_t bar = rule_id.find('|');
  const bool splits =
      bar != std::string_view::npos && rule_id.find('|', bar + 1) == std::string_view::npos;
  std::string_view sql = INSIGHTD_RECOMMENDED INSIGHTD_RECOMMENDED_ORDER;
  if (!clusters.empty()) {
    Array names = NamesOf(clusters);
    if (names.size() == 0) return recommended;
    params.Add(std::move(names));
    sql = INSIGHTD_RECOMMENDED "AND n.cluster_id = ANY($3) " INSIGHTD_RECOMMENDED_ORDER;
  } else if (splits) {
    params.Text(rule_id.substr(0, bar)).Text(rule_id.substr(bar + 1));
    sql = INSIGHTD_RECOMMENDED
        "AND n.rule_fqdn = $3 AND n.error_key = $4 " INSIGHTD_RECOMMENDED_ORDER;
  }
  const Result<Rows> rows = connection.Run(sql, std::move(params));
  if (!rows) return Fail(rows.error());
  recommended.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    recommended.push_back({.cluster = rows->StringAt(row, 0),
                           .stored = rows->OptionalTimeAt(row, 1),
                           .impacted_since = rows->OptionalTimeAt(row, 2),
                           .version = rows->StringAt(row, 3)});
  }
  return recommended;
}

Result<std::vector<std::int64_t>> ReadOrganizations(Connection& connection) {
  // From one to the next, rather than over all clusters.
  const Result<Rows> rows = connection.Run(
      "WITH RECURSIVE o AS ((SELECT org_id FROM report ORDER BY org_id LIMIT 1) "
      "UNION ALL SELECT (SELECT r.org_id FROM report r WHERE r.org_id > o.org_id "
      " ORDER BY r.org_id LIMIT 1) FROM o WHERE o.org_id IS NOT NULL) "
      "SELECT org_id FROM o WHERE org_id IS NOT NULL");
  if (!rows) return Fail(rows.error());
  return OrganizationsIn(*rows);
}

Result<std::size_t> RemoveResultsOf(Connection& connection, std::int64_t org_id, Time now) {
  if (!IsOrganization(org_id)) return 0U;
  return Remove(connection, "org_id = $1::int4",
                std::move(Params().Int(OrgColumnOf(org_id)).At(now)));
}

Result<std::size_t> RemoveResult(Connection& connection, std::string_view cluster, Time now) {
  if (!IsStorable(cluster)) return 0U;
  return Remove(connection, "cluster = $1", std::move(Params().Text(cluster).At(now)));
}

}  // namespace insightd::store::pg
