#include "store/postgres/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "store/letter_texts.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// A toggle names the component, a recommendation the rule.
#define INSIGHTD_RULE_OF_TOGGLE "regexp_replace(t.rule_id, '\\.report$', '')"

}  // namespace

Result<TextList> ReadClustersSince(Connection& connection, std::int64_t org_id, Time since) {
  if (!IsOrganization(org_id)) return TextList{};
  Result<Rows> rows = connection.Run(
      "SELECT cluster FROM report WHERE org_id = $1::int4 AND reported_at >= $2 "
      "ORDER BY cluster COLLATE \"C\"",
      Params().Int(OrgColumnOf(org_id)).At(since));
  if (!rows) return Fail(rows.error());
  const auto kept = std::make_shared<const Rows>(*std::move(rows));
  TextList clusters{.texts = {}, .kept = kept};
  clusters.texts.reserve(kept->size());
  for (std::size_t row = 0; row < kept->size(); ++row) {
    clusters.texts.push_back(kept->TextAt(row, 0));
  }
  return clusters;
}

void AskForClusters(Pipeline& pipeline, std::span<const ClustersKey* const> keys) {
  // An array for each costs both sides less than rows. One more, and old ones as null, tell that
  // there are too many, without a look at them all.
  static const std::string kStatement = fmt::format(
      "SELECT u.n, ARRAY(SELECT CASE WHEN r.reported_at >= u.since THEN r.cluster::text END "
      "FROM report r WHERE r.org_id = u.org_id::int4 LIMIT {}) "
      "FROM unnest($1::int8[], $2::timestamp[]) WITH ORDINALITY AS u(org_id, since, n)",
      Store::kFewClustersMax + 1);
  Array orgs = Array::OfInts();
  Array times = Array::OfTimes();
  for (const ClustersKey* key : keys) {
    orgs.Int(OrgColumnOf(key->org_id));
    times.At(key->since);
  }
  pipeline.Add(kStatement, Columns(std::move(orgs), std::move(times)));
}

std::vector<std::optional<TextList>> TakeClusters(Rows answer,
                                                  std::span<const ClustersKey* const> keys) {
  const auto kept = std::make_shared<const Rows>(std::move(answer));
  INSIGHTD_ASSERT(kept->size() == keys.size());
  std::vector<std::optional<TextList>> lists(keys.size());
  for (std::size_t row = 0; row < kept->size(); ++row) {
    const auto found = kept->TextsAt(row, 1);
    if (found.size() > Store::kFewClustersMax) continue;
    TextList& clusters = lists[static_cast<std::size_t>(kept->IntAt(row, 0)) - 1].emplace();
    clusters.kept = kept;
    clusters.texts.reserve(found.size());
    for (const std::optional<std::string_view>& cluster : found) {
      if (cluster) clusters.texts.push_back(*cluster);
    }
    // They come in the order of an index, which most collations have like ours.
    if (!std::is_sorted(clusters.begin(), clusters.end())) {
      std::sort(clusters.texts.begin(), clusters.texts.end());
    }
  }
  return lists;
}

Result<std::vector<RuleCount>> ReadRuleCounts(Connection& connection, std::int64_t org_id) {
  std::vector<RuleCount> counts;
  if (!IsOrganization(org_id)) return counts;
  const Result<Rows> rows = connection.Run(
      "SELECT n.rule_fqdn, n.error_key, n.clusters, coalesce(d.clusters, 0) FROM "
      "(SELECT rule_fqdn, error_key, count(*) AS clusters FROM recommendation "
      " WHERE org_id = $1::int4 GROUP BY rule_fqdn, error_key) n LEFT JOIN "
      "(SELECT h.rule_fqdn, h.error_key, count(DISTINCT h.cluster_id) AS clusters "
      " FROM cluster_rule_toggle t JOIN recommendation h ON h.org_id = $1::int4 "
      " AND h.cluster_id = t.cluster_id AND h.rule_fqdn = " INSIGHTD_RULE_OF_TOGGLE
      " AND h.error_key = t.error_key WHERE t.org_id = $2 AND t.disabled = 1 "
      " GROUP BY h.rule_fqdn, h.error_key) d USING (rule_fqdn, error_key) "
      "ORDER BY n.rule_fqdn COLLATE \"C\", n.error_key COLLATE \"C\"",
      Params().Int(OrgColumnOf(org_id)).Text(std::to_string(org_id)));
  if (!rows) return Fail(rows.error());
  counts.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    counts.push_back({.rule = rows->StringAt(row, 0),
                      .key = rows->StringAt(row, 1),
                      .clusters = rows->IntAt(row, 2),
                      .clusters_disabled = rows->IntAt(row, 3)});
  }
  return counts;
}

Result<std::vector<HitCluster>> ReadClustersHitBy(Connection& connection, std::int64_t org_id,
                                                  std::string_view rule, std::string_view key) {
  std::vector<HitCluster> clusters;
  if (!IsOrganization(org_id) || !IsStorable(rule) || !IsStorable(key)) return clusters;
  const Result<Rows> rows = connection.Run(
      "SELECT n.cluster_id, n.impacted_since, r.reported_at, r.last_checked_at, "
      "coalesce(i.version_info, ''), t.disabled IS NOT NULL, t.disabled_at, "
      "coalesce((SELECT f.message FROM cluster_user_rule_disable_feedback f "
      " WHERE f.cluster_id = n.cluster_id AND f.rule_id = $4 AND f.error_key = $3 "
      " AND f.org_id = $5 ORDER BY f.updated_at DESC, f.user_id COLLATE \"C\" LIMIT 1), '') "
      "FROM recommendation n "
      "JOIN report r ON r.org_id = n.org_id AND r.cluster = n.cluster_id "
      "LEFT JOIN report_info i ON i.cluster_id = n.cluster_id AND i.org_id = n.org_id "
      "LEFT JOIN cluster_rule_toggle t ON t.cluster_id = n.cluster_id AND t.rule_id = $4 "
      "AND t.error_key = $3 AND t.disabled = 1 AND t.org_id = $5 "
      "WHERE n.org_id = $1::int4 AND n.rule_fqdn = $2 AND n.error_key = $3 "
      "ORDER BY n.cluster_id COLLATE \"C\"",
      Params()
          .Int(OrgColumnOf(org_id))
          .Text(rule)
          .Text(key)
          .Text(std::string(rule) + ".report")
          .Text(std::to_string(org_id)));
  if (!rows) return Fail(rows.error());
  clusters.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    clusters.push_back({.cluster = rows->StringAt(row, 0),
                        .impacted_since = rows->OptionalTimeAt(row, 1),
                        .stored = rows->OptionalTimeAt(row, 2),
                        .last_checked = rows->OptionalTimeAt(row, 3),
                        .version = rows->StringAt(row, 4),
                        .disabled = rows->BoolAt(row, 5),
                        .disabled_at = rows->OptionalTimeAt(row, 6),
                        .justification = rows->StringAt(row, 7)});
  }
  return clusters;
}

}  // namespace insightd::store::pg
