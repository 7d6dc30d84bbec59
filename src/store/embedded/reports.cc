#include "store/embedded/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "store/decide.h"
#include "store/embedded/feedback.h"
#include "store/feedback_check.h"
#include "store/kept_texts.h"
#include "store/user_words.h"

namespace insightd::store {
namespace {

constexpr std::string_view kReport = ".report";
// Space for so many is taken at once.
constexpr std::int32_t kUsualHits = 64;

Error NoSuchCluster(std::int64_t org_id, std::string_view cluster) {
  return Error(Code::kNotFound,
               fmt::format("organisation {} has no result of cluster {:.64}", org_id, cluster));
}

// Of the columns that begin at `column`, in the order of kMetaColumns.
ReportMeta MetaAt(const sqlite::Query& query, std::int64_t org_id) {
  const auto count = [&query](int column) {
    return static_cast<std::int32_t>(query.IntAt(column));
  };
  return {.org_id = org_id,
          .cluster = query.StringAt(0),
          .request_id = query.StringAt(1),
          .last_checked = query.TimeAt(2),
          .reported = query.TimeAt(3),
          .gathered = query.OptionalTimeAt(4),
          .version = query.StringAt(5),
          .counts = {.passes = count(6), .skips = count(7), .errors = count(8)},
          .hits = count(9)};
}

// Cluster, rule, key of what is disabled in an organisation.
using Disabled = std::set<std::tuple<std::string, std::string, std::string>, std::less<>>;

Result<Disabled> ReadDisabled(sqlite::Database& database, std::int64_t org_id) {
  const Result<std::vector<Toggle>> toggles = ReadToggles(database, org_id);
  if (!toggles) return Fail(toggles.error());
  Disabled disabled;
  for (const Toggle& toggle : *toggles) {
    disabled.emplace(toggle.cluster, RuleOf(toggle.component), toggle.key);
  }
  return disabled;
}

// Which hits are disabled.
Result<void> NoteToggles(sqlite::Database& database, std::int64_t org_id, std::string_view cluster,
                         std::vector<ReportHit>& hits) {
  sqlite::Query toggles(database,
                        "SELECT rule_id, error_key, disabled_at FROM cluster_rule_toggle "
                        "WHERE cluster_id = ? AND org_id = ? AND disabled = 1");
  const std::string org_text = std::to_string(org_id);
  toggles.Text(cluster).Text(org_text);
  while (true) {
    const Result<bool> row = toggles.Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    for (ReportHit& hit : hits) {
      if (hit.component != toggles.TextAt(0) || hit.key != toggles.TextAt(1)) continue;
      hit.disabled = true;
      hit.disabled_at = toggles.OptionalTimeAt(2);
    }
  }
}

// What the user said, beside the hits.
Result<void> NoteUserWords(sqlite::Database& database, std::string_view cluster,
                           std::string_view user_id, std::vector<ReportHit>& hits) {
  sqlite::Query votes(database,
                      "SELECT rule_id, error_key, updated_at, user_vote, '' "
                      "FROM cluster_rule_user_feedback WHERE cluster_id = ? AND user_id = ?");
  sqlite::Query feedback(database,
                         "SELECT rule_id, error_key, updated_at, 0, message "
                         "FROM cluster_user_rule_disable_feedback "
                         "WHERE cluster_id = ? AND user_id = ?");
  for (sqlite::Query* const query : {&votes, &feedback}) {
    query->Text(cluster).Text(user_id);
    std::vector<UserWord> words;
    while (true) {
      const Result<bool> row = query->Step();
      if (!row) return Fail(row.error());
      if (!*row) break;
      words.push_back({.component = query->StringAt(0),
                       .key = query->StringAt(1),
                       .updated = query->TimeAt(2),
                       .vote = static_cast<std::int32_t>(query->IntAt(3)),
                       .message = query->StringAt(4)});
    }
    if (query == &votes) {
      NoteVotes(hits, std::move(words));
    } else {
      NoteDisableFeedback(hits, std::move(words));
    }
  }
  return {};
}

}  // namespace

Result<ReportMeta> ReadMeta(sqlite::Database& database, std::int64_t org_id,
                            std::string_view cluster) {
  sqlite::Query query(database,
                      "SELECT cluster, request_id, last_checked_at, reported_at, gathered_at, "
                      "version, passes, skips, errors, hits FROM insightd_cluster "
                      "WHERE org_id = ? AND cluster = ?");
  const Result<bool> row = query.Int(org_id).Text(cluster).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchCluster(org_id, cluster));
  return MetaAt(query, org_id);
}

Result<ClusterReport> ReadShownReport(sqlite::Database& database, std::int64_t org_id,
                                      std::string_view cluster, std::string_view user_id) {
  Result<ReportMeta> meta = ReadMeta(database, org_id, cluster);
  if (!meta) return Fail(std::move(meta).error());
  const auto texts = std::make_shared<KeptTexts>();
  ClusterReport report{.meta = *std::move(meta), .hits = {}, .texts = texts};
  report.hits.reserve(static_cast<std::size_t>(std::clamp(report.meta.hits, 0, kUsualHits)));
  sqlite::Query hits(database,
                     "SELECT rule_fqdn, error_key, template_data, created_at FROM rule_hit "
                     "WHERE cluster_id = ? AND org_id = ? ORDER BY rule_fqdn, error_key");
  hits.Text(cluster).Int(org_id);
  while (true) {
    const Result<bool> row = hits.Step();
    if (!row) return Fail(row.error());
    if (!*row) break;
    ReportHit& hit = report.hits.emplace_back();
    hit.component = texts->Keep(hits.TextAt(0));
    hit.key = texts->Keep(hits.TextAt(1));
    hit.details = texts->Keep(hits.TextAt(2));
    hit.created = hits.OptionalTimeAt(3);
  }
  if (auto noted = NoteToggles(database, org_id, cluster, report.hits); !noted) {
    return Fail(std::move(noted).error());
  }
  if (auto noted = NoteUserWords(database, cluster, user_id, report.hits); !noted) {
    return Fail(std::move(noted).error());
  }
  return report;
}

Result<ClusterReport> ReadReport(sqlite::Database& database, std::int64_t org_id,
                                 std::string_view cluster, std::string_view user_id) {
  Result<ClusterReport> report = ReadShownReport(database, org_id, cluster, user_id);
  if (!report) return report;
  sqlite::Query since(database,
                      "SELECT rule_fqdn, error_key, impacted_since FROM recommendation "
                      "WHERE org_id = ? AND cluster_id = ?");
  since.Int(org_id).Text(cluster);
  while (true) {
    const Result<bool> row = since.Step();
    if (!row) return Fail(row.error());
    if (!*row) break;
    for (ReportHit& hit : report->hits) {
      if (hit.key == since.TextAt(1) && RuleOf(hit.component) == since.TextAt(0)) {
        hit.impacted_since = since.OptionalTimeAt(2);
      }
    }
  }
  return report;
}

Result<std::string> ReadReportText(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view cluster) {
  sqlite::Query query(database, "SELECT report FROM report WHERE org_id = ? AND cluster = ?");
  const Result<bool> row = query.Int(org_id).Text(cluster).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchCluster(org_id, cluster));
  return query.StringAt(0);
}

Result<std::int64_t> ReadOrganization(sqlite::Database& database, std::string_view cluster) {
  sqlite::Query query(database, "SELECT org_id FROM report WHERE cluster = ?");
  const Result<bool> row = query.Text(cluster).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchResult(cluster));
  return query.IntAt(0);
}

Result<TextList> ReadClustersSince(sqlite::Database& database, std::int64_t org_id, Time since) {
  sqlite::Query query(database,
                      "SELECT cluster FROM insightd_cluster WHERE org_id = ? AND reported_at >= ? "
                      "ORDER BY cluster");
  query.Int(org_id).At(since);
  const auto kept = std::make_shared<KeptTexts>();
  TextList clusters{.texts = {}, .kept = kept};
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return clusters;
    clusters.texts.push_back(kept->Keep(query.TextAt(0)));
  }
}

Result<std::optional<TextList>> ReadFewClustersSince(sqlite::Database& database,
                                                     std::int64_t org_id, Time since) {
  sqlite::Query query(database,
                      "SELECT cluster, reported_at >= ? FROM insightd_cluster WHERE org_id = ? "
                      "ORDER BY cluster");
  query.At(since).Int(org_id);
  const auto kept = std::make_shared<KeptTexts>();
  TextList clusters{.texts = {}, .kept = kept};
  for (std::size_t seen = 0;; ++seen) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return clusters;
    if (seen == Store::kFewClustersMax) return std::nullopt;
    if (query.IntAt(1) != 0) clusters.texts.push_back(kept->Keep(query.TextAt(0)));
  }
}

Result<void> VisitFleet(sqlite::Database& database, std::int64_t org_id, std::string_view after,
                        const std::function<bool(const FleetCluster&)>& visit) {
  const Result<Disabled> disabled = ReadDisabled(database, org_id);
  if (!disabled) return Fail(disabled.error());
  // Rules are few and come again and again: each name is held once.
  std::set<std::string, std::less<>> names;
  const auto keep = [&names](std::string_view name) -> std::string_view {
    const auto at = names.find(name);
    return at != names.end() ? *at : *names.emplace(name).first;
  };

  sqlite::Query clusters(database,
                         "SELECT cluster, request_id, last_checked_at, reported_at, gathered_at, "
                         "version, passes, skips, errors, hits FROM insightd_cluster "
                         "WHERE org_id = ? AND cluster > ? ORDER BY cluster");
  clusters.Int(org_id).Text(after);
  // Both are in the order of the cluster and are read side by side.
  sqlite::Query hits(database,
                     "SELECT cluster_id, rule_fqdn, error_key FROM recommendation "
                     "WHERE org_id = ? AND cluster_id > ? ORDER BY cluster_id, rule_fqdn, "
                     "error_key");
  Result<bool> hit = hits.Int(org_id).Text(after).Step();
  FleetCluster cluster;
  while (true) {
    const Result<bool> row = clusters.Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    cluster.meta = MetaAt(clusters, org_id);
    cluster.hits.clear();
    while (hit && *hit && hits.TextAt(0) <= cluster.meta.cluster) {
      if (hits.TextAt(0) == cluster.meta.cluster) {
        FleetHit& at = cluster.hits.emplace_back();
        at.rule = keep(hits.TextAt(1));
        at.key = keep(hits.TextAt(2));
        at.disabled = !disabled->empty() &&
                      disabled->contains(std::tuple(cluster.meta.cluster, std::string(at.rule),
                                                    std::string(at.key)));
      }
      hit = hits.Step();
    }
    if (!hit) return Fail(hit.error());
    if (!visit(cluster)) return {};
  }
}

Result<std::vector<RuleCount>> ReadRuleCounts(sqlite::Database& database, std::int64_t org_id) {
  std::vector<RuleCount> counts;
  sqlite::Query query(database,
                      "SELECT rule_fqdn, error_key, count(*) FROM recommendation "
                      "INDEXED BY insightd_recommendation_rule WHERE org_id = ? "
                      "GROUP BY rule_fqdn, error_key ORDER BY rule_fqdn, error_key");
  query.Int(org_id);
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) break;
    counts.push_back({.rule = query.StringAt(0),
                      .key = query.StringAt(1),
                      .clusters = query.IntAt(2),
                      .clusters_disabled = 0});
  }
  const Result<Disabled> disabled = ReadDisabled(database, org_id);
  if (!disabled) return Fail(disabled.error());
  for (const auto& [cluster, rule, key] : *disabled) {
    sqlite::Query hit(database,
                      "SELECT 1 FROM recommendation WHERE org_id = ? AND cluster_id = ? "
                      "AND rule_fqdn = ? AND error_key = ?");
    const Result<bool> row = hit.Int(org_id).Text(cluster).Text(rule).Text(key).Step();
    if (!row) return Fail(row.error());
    if (!*row) continue;
    const auto name = std::tie(rule, key);
    const auto at = std::lower_bound(counts.begin(), counts.end(), name,
                                     [](const RuleCount& count, const auto& wanted) {
                                       return std::tie(count.rule, count.key) < wanted;
                                     });
    if (at != counts.end() && std::tie(at->rule, at->key) == name) ++at->clusters_disabled;
  }
  return counts;
}

Result<std::vector<HitCluster>> ReadClustersHitBy(sqlite::Database& database, std::int64_t org_id,
                                                  std::string_view rule, std::string_view key) {
  sqlite::Query query(
      database,
      "SELECT r.cluster_id, r.impacted_since, c.reported_at, c.last_checked_at, c.version, "
      "t.disabled, t.disabled_at, (SELECT f.message FROM cluster_user_rule_disable_feedback f "
      "  WHERE f.cluster_id = r.cluster_id AND f.rule_id = ?4 AND f.error_key = ?3 "
      "  AND f.org_id = ?5 ORDER BY f.updated_at DESC, f.user_id LIMIT 1) "
      "FROM recommendation r "
      "JOIN insightd_cluster c ON c.org_id = r.org_id AND c.cluster = r.cluster_id "
      "LEFT JOIN cluster_rule_toggle t ON t.cluster_id = r.cluster_id AND t.rule_id = ?4 "
      "AND t.error_key = ?3 AND t.disabled = 1 AND t.org_id = ?5 "
      "WHERE r.org_id = ?1 AND r.rule_fqdn = ?2 AND r.error_key = ?3 ORDER BY r.cluster_id");
  const std::string component = std::string(rule).append(kReport);
  const std::string org_text = std::to_string(org_id);
  query.Int(org_id).Text(rule).Text(key).Text(component).Text(org_text);
  std::vector<HitCluster> clusters;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return clusters;
    clusters.push_back({.cluster = query.StringAt(0),
                        .impacted_since = query.OptionalTimeAt(1),
                        .stored = query.TimeAt(2),
                        .last_checked = query.TimeAt(3),
                        .version = query.StringAt(4),
                        .disabled = query.IntAt(5) == 1,
                        .disabled_at = query.OptionalTimeAt(6),
                        .justification = query.StringAt(7)});
  }
}

}  // namespace insightd::store
