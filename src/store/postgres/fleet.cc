#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "store/decide.h"
#include "store/letter_texts.h"
#include "store/postgres/feedback.h"
#include "store/postgres/head.h"
#include "store/postgres/lists.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// Clusters of a page: the first answers a client that wants a few, the others the whole fleet.
constexpr std::int64_t kFirstPage = 200;
constexpr std::int64_t kPagesMax = 2'000;

constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

constexpr std::string_view kClusters =
    "SELECT " INSIGHTD_HEAD_COLUMNS " FROM " INSIGHTD_HEAD_TABLES
    " WHERE r.org_id = $1::int4 AND r.cluster COLLATE \"C\" > $2 "
    "ORDER BY r.cluster COLLATE \"C\" LIMIT $3";

constexpr std::string_view kHits =
    "SELECT cluster_id, rule_fqdn, error_key FROM recommendation WHERE org_id = $1::int4 "
    "AND cluster_id = ANY ($2) ORDER BY cluster_id COLLATE \"C\", rule_fqdn COLLATE \"C\", "
    "error_key COLLATE \"C\"";

// Cluster, rule, key of what is disabled in an organisation.
using Disabled = std::set<std::tuple<std::string_view, std::string_view, std::string_view>>;

Disabled DisabledOf(const std::vector<Toggle>& toggles) {
  Disabled disabled;
  for (const Toggle& toggle : toggles) {
    disabled.emplace(toggle.cluster, RuleOf(toggle.component), toggle.key);
  }
  return disabled;
}

// One page; false: the visitor wants no more.
bool VisitPage(const Rows& clusters, const Rows& hits, const Disabled& disabled,
               std::int64_t org_id, const std::function<bool(const FleetCluster&)>& visit) {
  FleetCluster cluster;
  std::size_t at = 0;  // both are in the order of the cluster
  for (std::size_t row = 0; row < clusters.size(); ++row) {
    cluster.meta = HeadAt(clusters, row, org_id);
    cluster.hits.clear();
    for (; at < hits.size() && hits.TextAt(at, 0) == cluster.meta.cluster; ++at) {
      const std::string_view rule = hits.TextAt(at, 1);
      const std::string_view key = hits.TextAt(at, 2);
      cluster.hits.push_back(
          {rule, key, disabled.contains({std::string_view(cluster.meta.cluster), rule, key})});
    }
    if (!visit(cluster)) return false;
  }
  return true;
}

}  // namespace

Result<void> VisitFleet(Connection& connection, std::int64_t org_id, std::string_view after,
                        const std::function<bool(const FleetCluster&)>& visit) {
  if (!IsOrganization(org_id)) return {};
  std::string behind(after);
  if (!IsStorable(behind)) behind = StorableText(after);
  std::int64_t page = kFirstPage;
  const auto params = [&] { return Params().Int(OrgColumnOf(org_id)).Text(behind).Int(page); };
  Pipeline first(connection);
  first.Add(kBegin);
  first.Add(kClusters, params());
  Result<std::vector<Rows>> begun = first.Run();
  if (!begun) return Fail(std::move(begun).error());
  Rows clusters = std::move((*begun)[1]);
  const Result<std::vector<Toggle>> toggles = ReadToggles(connection, org_id);
  if (!toggles) return Fail(toggles.error());
  const Disabled disabled = DisabledOf(*toggles);

  while (!clusters.empty()) {
    Array names = Array::OfTexts();
    for (std::size_t row = 0; row < clusters.size(); ++row) names.Text(clusters.TextAt(row, 0));
    const Result<Rows> hits =
        connection.Run(kHits, Params().Int(OrgColumnOf(org_id)).Add(std::move(names)));
    if (!hits) return Fail(hits.error());
    if (!VisitPage(clusters, *hits, disabled, org_id, visit)) break;
    if (clusters.size() < static_cast<std::size_t>(page)) break;
    behind = clusters.StringAt(clusters.size() - 1, 0);
    page = std::min(page * 4, kPagesMax);
    Result<Rows> next = connection.Run(kClusters, params());
    if (!next) return Fail(std::move(next).error());
    clusters = *std::move(next);
  }
  const Result<Rows> ended = connection.Run("COMMIT");
  if (!ended) return Fail(ended.error());
  return {};
}

}  // namespace insightd::store::pg
