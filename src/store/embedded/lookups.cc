#include "store/embedded/lookups.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "store/embedded/uploads.h"

namespace insightd::store {
namespace {

Error NoSuchHit(std::int64_t org_id, std::string_view cluster, std::string_view component,
                std::string_view key) {
  return Error(Code::kNotFound,
               fmt::format("{:.128}|{:.128} does not hit cluster {:.64} of organisation {}",
                           component, key, cluster, org_id));
}

RecommendedCluster RecommendedAt(const sqlite::Query& query) {
  return {.cluster = query.StringAt(0),
          .stored = query.OptionalTimeAt(1),
          .impacted_since = query.OptionalTimeAt(2),
          .version = query.StringAt(3)};
}

#define INSIGHTD_RECOMMENDED                                                      \
  "SELECT n.cluster_id, n.created_at, n.impacted_since, i.version_info "          \
  "FROM recommendation n LEFT JOIN report_info i ON i.cluster_id = n.cluster_id " \
  "AND i.org_id = n.org_id "

Result<void> AddRecommended(sqlite::Query& query, std::vector<RecommendedCluster>& clusters) {
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    clusters.push_back(RecommendedAt(query));
  }
}

// The names are different each time, so that each is asked for once.
std::set<std::string_view> Once(std::span<const std::string> clusters) {
  return {clusters.begin(), clusters.end()};
}

// Rules that hit clusters, which are asked for in ascending order. Where one follows the other it
// goes on from row to row: to search for each would take longer than to read its rows.
class RuleIds {
 public:
  RuleIds(sqlite::Database& database, std::int64_t org_id)
      : query_(database,
               "SELECT cluster_id, rule_id FROM recommendation "
               "WHERE org_id = ? AND cluster_id >= ? ORDER BY cluster_id"),
        org_id_(org_id) {}

  // Calls `visit` with each of the cluster, whose name outlives this.
  template <class Visit>
  Result<void> Of(std::string_view cluster, Visit visit) {
    if (place_ == Place::kBegin || (place_ == Place::kRow && query_.TextAt(0) < cluster)) {
      query_.Reset();
      query_.Int(org_id_).Text(cluster);
      if (auto done = Step(); !done) return done;
    }
    while (place_ == Place::kRow && query_.TextAt(0) == cluster) {
      visit(query_.TextAt(1));
      if (auto done = Step(); !done) return done;
    }
    return {};
  }

 private:
  enum class Place : std::uint8_t { kBegin, kRow, kEnd };

  Result<void> Step() {
    const Result<bool> row = query_.Step();
    if (!row) return Fail(row.error());
    place_ = *row ? Place::kRow : Place::kEnd;
    return {};
  }

  sqlite::Query query_;
  const std::int64_t org_id_;
  Place place_ = Place::kBegin;
};

// What a result leaves behind in our own tables.
Result<void> RemoveHead(sqlite::Database& database, std::int64_t org_id, std::string_view cluster,
                        Time now) {
  std::string request_id;
  std::string archive;
  {
    sqlite::Query query(database,
                        "SELECT request_id, archive FROM insightd_cluster "
                        "WHERE org_id = ? AND cluster = ?");
    const Result<bool> row = query.Int(org_id).Text(cluster).Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    request_id = query.StringAt(0);
    archive = query.StringAt(1);
  }
  if (auto done = ForgetSilentUpload(database, request_id); !done) return done;
  if (!archive.empty()) {
    if (auto done = ReleaseArchive(database, archive, now); !done) return done;
  }
  return sqlite::Query(database, "DELETE FROM insightd_cluster WHERE org_id = ? AND cluster = ?")
      .Int(org_id)
      .Text(cluster)
      .Run();
}

}  // namespace

Result<SingleHit> ReadHit(sqlite::Database& database, std::int64_t org_id, std::string_view cluster,
                          std::string_view component, std::string_view key,
                          std::string_view user_id) {
  SingleHit hit;
  {
    sqlite::Query query(database,
                        "SELECT template_data FROM rule_hit WHERE cluster_id = ? AND org_id = ? "
                        "AND rule_fqdn = ? AND error_key = ?");
    const Result<bool> row = query.Text(cluster).Int(org_id).Text(component).Text(key).Step();
    if (!row) return Fail(row.error());
    if (!*row) return Fail(NoSuchHit(org_id, cluster, component, key));
    hit.details = query.StringAt(0);
  }
  sqlite::Query toggle(database,
                       "SELECT disabled, disabled_at FROM cluster_rule_toggle "
                       "WHERE cluster_id = ? AND rule_id = ? "
                       "ORDER BY updated_at DESC, error_key DESC LIMIT 1");
  const Result<bool> has_toggle = toggle.Text(cluster).Text(component).Step();
  if (!has_toggle) return Fail(has_toggle.error());
  if (*has_toggle) {
    hit.has_toggle = true;
    hit.disabled = toggle.IntAt(0) == 1;
    hit.disabled_at = toggle.OptionalTimeAt(1);
  }
  sqlite::Query vote(database,
                     "SELECT user_vote FROM cluster_rule_user_feedback "
                     "WHERE cluster_id = ? AND rule_id = ? AND user_id = ? "
                     "ORDER BY updated_at DESC, error_key DESC LIMIT 1");
  const Result<bool> has_vote = vote.Text(cluster).Text(component).Text(user_id).Step();
  if (!has_vote) return Fail(has_vote.error());
  if (*has_vote) hit.user_vote = static_cast<std::int32_t>(vote.IntAt(0));
  sqlite::Query feedback(database,
                         "SELECT message FROM cluster_user_rule_disable_feedback "
                         "WHERE cluster_id = ? AND rule_id = ? AND user_id = ? "
                         "ORDER BY updated_at DESC, error_key DESC LIMIT 1");
  const Result<bool> has_feedback = feedback.Text(cluster).Text(component).Text(user_id).Step();
  if (!has_feedback) return Fail(has_feedback.error());
  if (*has_feedback) hit.disable_feedback = feedback.StringAt(0);
  return hit;
}

Result<std::vector<std::int64_t>> ReadOrganizationsOf(sqlite::Database& database,
                                                      std::span<const std::string> clusters) {
  std::set<std::int64_t> organizations;
  for (const std::string_view cluster : Once(clusters)) {
    sqlite::Query query(database, "SELECT org_id FROM report WHERE cluster = ?");
    const Result<bool> row = query.Text(cluster).Step();
    if (!row) return Fail(row.error());
    if (*row) organizations.insert(query.IntAt(0));
  }
  return std::vector<std::int64_t>(organizations.begin(), organizations.end());
}

Result<void> VisitReportsOf(sqlite::Database& database, std::span<const std::string> clusters,
                            const std::function<void(const ReportOfCluster&)>& visit) {
  for (const std::string_view cluster : Once(clusters)) {
    sqlite::Query query(database, "SELECT org_id, report FROM report WHERE cluster = ?");
    const Result<bool> row = query.Text(cluster).Step();
    if (!row) return Fail(row.error());
    if (!*row) continue;
    visit({.cluster = cluster, .org_id = query.IntAt(0), .report = query.TextAt(1)});
  }
  return {};
}

Result<void> VisitRecommendationsOf(
    sqlite::Database& database, std::int64_t org_id, std::span<const std::string> clusters,
    const std::function<void(const ClusterRecommendations&)>& visit) {
  RuleIds hits(database, org_id);
  std::vector<std::string> texts;  // their memory serves one cluster after the other
  std::vector<std::string_view> rule_ids;
  for (const std::string_view name : Once(clusters)) {
    ClusterRecommendations cluster{.cluster = name};
    sqlite::Query result(database,
                         "SELECT last_checked_at FROM insightd_cluster "
                         "WHERE org_id = ? AND cluster = ?");
    const Result<bool> has_result = result.Int(org_id).Text(name).Step();
    if (!has_result) return Fail(has_result.error());
    cluster.has_result = *has_result;
    if (*has_result) cluster.last_checked = result.OptionalTimeAt(0);

    std::size_t count = 0;
    auto read = hits.Of(name, [&](std::string_view rule_id) {
      if (count == texts.size()) texts.emplace_back();
      texts[count++] = rule_id;
    });
    if (!read) return read;
    if (!*has_result && count == 0) continue;
    rule_ids.assign(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(count));
    std::sort(rule_ids.begin(), rule_ids.end());
    cluster.rule_ids = rule_ids;

    sqlite::Query info(database,
                       "SELECT version_info FROM report_info WHERE cluster_id = ? AND org_id = ?");
    const Result<bool> has_info = info.Text(name).Int(org_id).Step();
    if (!has_info) return Fail(has_info.error());
    if (*has_info) cluster.version = info.TextAt(0);
    visit(cluster);
  }
  return {};
}

Result<void> VisitHitsOf(sqlite::Database& database, std::int64_t org_id,
                         std::span<const std::string> clusters,
                         const std::function<void(std::string_view, std::string_view)>& visit) {
  RuleIds hits(database, org_id);
  for (const std::string_view cluster : Once(clusters)) {
    auto read = hits.Of(cluster, [&](std::string_view rule_id) { visit(cluster, rule_id); });
    if (!read) return read;
  }
  return {};
}

Result<std::vector<RecommendedCluster>> ReadRecommended(sqlite::Database& database,
                                                        std::int64_t org_id,
                                                        std::string_view rule_id,
                                                        std::span<const std::string> clusters) {
  std::vector<RecommendedCluster> recommended;
  if (!clusters.empty()) {
    for (const std::string_view cluster : Once(clusters)) {
      sqlite::Query query(database, INSIGHTD_RECOMMENDED
                          "WHERE n.org_id = ? AND n.cluster_id = ? AND n.rule_id = ?");
      query.Int(org_id).Text(cluster).Text(rule_id);
      if (auto done = AddRecommended(query, recommended); !done) {
        return Fail(std::move(done).error());
      }
    }
    return recommended;
  }
  const std::size_t bar = rule_id.find('|');
  if (bar == std::string_view::npos || rule_id.find('|', bar + 1) != std::string_view::npos) {
    // Where the rule ends is not known, so no index helps.
    sqlite::Query query(database, INSIGHTD_RECOMMENDED
                        "WHERE n.org_id = ? AND n.rule_id = ? ORDER BY n.cluster_id");
    query.Int(org_id).Text(rule_id);
    if (auto done = AddRecommended(query, recommended); !done) return Fail(std::move(done).error());
    return recommended;
  }
  sqlite::Query query(database, INSIGHTD_RECOMMENDED
                      "WHERE n.org_id = ? AND n.rule_fqdn = ? AND n.error_key = ? "
                      "AND n.rule_id = ? ORDER BY n.cluster_id");
  query.Int(org_id).Text(rule_id.substr(0, bar)).Text(rule_id.substr(bar + 1)).Text(rule_id);
  if (auto done = AddRecommended(query, recommended); !done) return Fail(std::move(done).error());
  return recommended;
}

Result<std::vector<std::int64_t>> ReadOrganizations(sqlite::Database& database) {
  // From one to the next, rather than over all clusters.
  sqlite::Query query(database,
                      "WITH RECURSIVE o(org_id) AS (SELECT min(org_id) FROM insightd_cluster "
                      "UNION ALL SELECT (SELECT min(c.org_id) FROM insightd_cluster c "
                      "WHERE c.org_id > o.org_id) FROM o WHERE o.org_id IS NOT NULL) "
                      "SELECT org_id FROM o WHERE org_id IS NOT NULL");
  std::vector<std::int64_t> organizations;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return organizations;
    organizations.push_back(query.IntAt(0));
  }
}

Result<std::size_t> RemoveResultsOf(sqlite::Database& database, std::int64_t org_id, Time now) {
  std::vector<std::string> clusters;
  {
    sqlite::Query query(database,
                        "SELECT cluster FROM insightd_cluster WHERE org_id = ? ORDER BY cluster");
    query.Int(org_id);
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) break;
      clusters.push_back(query.StringAt(0));
    }
  }
  for (const std::string& cluster : clusters) {
    const Result<std::size_t> removed = RemoveResult(database, cluster, now);
    if (!removed) return removed;
  }
  return clusters.size();
}

Result<std::size_t> RemoveResult(sqlite::Database& database, std::string_view cluster, Time now) {
  std::int64_t org_id = 0;
  {
    sqlite::Query query(database, "SELECT org_id FROM report WHERE cluster = ?");
    const Result<bool> row = query.Text(cluster).Step();
    if (!row) return Fail(row.error());
    if (!*row) return 0U;
    org_id = query.IntAt(0);
  }
  if (auto done = RemoveHead(database, org_id, cluster, now); !done) {
    return Fail(std::move(done).error());
  }
  // The votes go with it.
  sqlite::Query query(database, "DELETE FROM report WHERE cluster = ?");
  if (auto done = query.Text(cluster).Run(); !done) return Fail(std::move(done).error());
  return 1U;
}

}  // namespace insightd::store
