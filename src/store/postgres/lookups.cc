#include "store/postgres/lookups.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "store/decide.h"
#include "store/feedback_check.h"
#include "store/letter_texts.h"
#include "store/postgres/head.h"
#include "store/postgres/organization.h"
#include "store/user_words.h"

namespace insightd::store::pg {
namespace {

// What a row of the statement below is.
enum Kind : std::int64_t { kHead, kHit, kSince, kToggle, kVote, kFeedback };

// Six look-ups by cluster, one behind the other, for each key: to join or sort what belongs
// together would cost the server more. $1 organisations, $2 clusters, $3 organisations as text, $4
// users.
constexpr std::string_view kReports =
    "WITH u AS MATERIALIZED (SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[]) "
    "WITH ORDINALITY AS a(org_id, cluster, org_text, user_id, n)) "
    "SELECT 0::int8, u.n, coalesce(c.request_id, ''), coalesce(c.version, "
    "(SELECT i.version_info FROM report_info i WHERE i.cluster_id = r.cluster), ''), '', "
    "r.last_checked_at, r.reported_at, r.gathered_at, coalesce(c.passes, -1), "
    "coalesce(c.skips, -1), coalesce(c.errors, -1) "
    "FROM u JOIN report r ON r.org_id = u.org_id::int4 AND r.cluster = u.cluster "
    "LEFT JOIN insightd_cluster c ON c.cluster = r.cluster AND c.org_id = r.org_id "
    "AND c.reported_at = r.reported_at AND c.last_checked_at = r.last_checked_at "
    "UNION ALL SELECT 1, u.n, h.rule_fqdn, h.error_key, h.template_data, h.created_at, NULL, NULL, "
    "0, 0, 0 FROM u JOIN rule_hit h ON h.cluster_id = u.cluster AND h.org_id = u.org_id::int4 "
    "UNION ALL SELECT 2, u.n, h.rule_fqdn, h.error_key, '', h.impacted_since, NULL, NULL, 0, 0, 0 "
    "FROM u JOIN recommendation h ON h.org_id = u.org_id::int4 AND h.cluster_id = u.cluster "
    "UNION ALL SELECT 3, u.n, t.rule_id, t.error_key, '', t.disabled_at, NULL, NULL, 0, 0, 0 "
    "FROM u JOIN cluster_rule_toggle t ON t.cluster_id = u.cluster AND t.org_id = u.org_text "
    "AND t.disabled = 1 "
    "UNION ALL SELECT 4, u.n, t.rule_id, t.error_key, '', t.updated_at, NULL, NULL, t.user_vote, "
    "0, 0 "
    "FROM u JOIN cluster_rule_user_feedback t ON t.cluster_id = u.cluster "
    "AND t.user_id = u.user_id "
    "UNION ALL SELECT 5, u.n, t.rule_id, t.error_key, t.message, t.updated_at, NULL, NULL, 0, 0, 0 "
    "FROM u JOIN cluster_user_rule_disable_feedback t ON t.cluster_id = u.cluster "
    "AND t.user_id = u.user_id";

// The hit that a row of another kind speaks of, by its component.
ReportHit* FindHit(std::vector<ReportHit>& hits, std::string_view component, std::string_view key) {
  const auto wanted = std::tie(component, key);
  const auto at = std::lower_bound(
      hits.begin(), hits.end(), wanted, [](const ReportHit& hit, const auto& name) {
        return std::tuple<std::string_view, std::string_view>(hit.component, hit.key) < name;
      });
  if (at == hits.end() || at->component != component || at->key != key) return nullptr;
  return &*at;
}

// To the hits of a rule: of one component as a rule, with `.report` or without.
void NoteSince(std::vector<ReportHit>& hits, std::string_view rule, std::string_view key,
               std::optional<Time> since) {
  for (ReportHit& hit : hits) {
    if (hit.key == key && RuleOf(hit.component) == rule) hit.impacted_since = since;
  }
}

// Of the rows of one key, that of the head first.
ClusterReport ReportOf(const Rows& rows, std::span<const std::size_t> its_rows,
                       const ReportKey& key) {
  const auto count = [&](std::size_t row, int column) {
    return static_cast<std::int32_t>(rows.IntAt(row, column));
  };
  const std::size_t head = its_rows.front();
  ClusterReport report{.meta = {.org_id = key.org_id,
                                .cluster = key.cluster,
                                .request_id = rows.StringAt(head, 2),
                                .last_checked = rows.TimeAt(head, 5),
                                .reported = rows.TimeAt(head, 6),
                                .gathered = rows.OptionalTimeAt(head, 7),
                                .version = rows.StringAt(head, 3),
                                .counts = {.passes = count(head, 8),
                                           .skips = count(head, 9),
                                           .errors = count(head, 10)},
                                .hits = 0},
                       .hits = {}};
  std::vector<ReportHit>& hits = report.hits;
  for (const std::size_t row : its_rows) {
    if (rows.IntAt(row, 0) != kHit) continue;
    ReportHit& hit = hits.emplace_back();
    hit.component = rows.TextAt(row, 2);
    hit.key = rows.TextAt(row, 3);
    hit.details = rows.TextAt(row, 4);
    hit.created = rows.OptionalTimeAt(row, 5);
  }
  report.meta.hits = static_cast<std::int32_t>(hits.size());
  std::sort(hits.begin(), hits.end(), [](const ReportHit& a, const ReportHit& b) {
    return std::tie(a.component, a.key) < std::tie(b.component, b.key);
  });
  std::vector<UserWord> votes;
  std::vector<UserWord> feedback;
  for (const std::size_t row : its_rows) {
    const std::int64_t kind = rows.IntAt(row, 0);
    if (kind == kHead || kind == kHit) continue;
    if (kind == kVote || kind == kFeedback) {
      (kind == kVote ? votes : feedback)
          .push_back({.component = rows.StringAt(row, 2),
                      .key = rows.StringAt(row, 3),
                      .updated = rows.TimeAt(row, 5),
                      .vote = count(row, 8),
                      .message = rows.StringAt(row, 4)});
      continue;
    }
    if (kind == kSince) {
      NoteSince(hits, rows.TextAt(row, 2), rows.TextAt(row, 3), rows.OptionalTimeAt(row, 5));
      continue;
    }
    ReportHit* const hit = FindHit(hits, rows.TextAt(row, 2), rows.TextAt(row, 3));
    if (hit == nullptr) continue;
    hit->disabled = true;
    hit->disabled_at = rows.OptionalTimeAt(row, 5);
  }
  NoteVotes(hits, std::move(votes));
  NoteDisableFeedback(hits, std::move(feedback));
  return report;
}

}  // namespace

bool IsReportKey(std::int64_t org_id, std::string_view cluster) {
  return IsOrganization(org_id) && IsStorable(cluster);
}

Error NoSuchCluster(std::int64_t org_id, std::string_view cluster) {
  return Error(Code::kNotFound,
               fmt::format("organisation {} has no result of cluster {:.64}", org_id, cluster));
}

Result<std::vector<Result<ClusterReport>>> ReadReports(Connection& connection,
                                                       std::span<const ReportKey> keys) {
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array org_texts = Array::OfTexts();
  Array users = Array::OfTexts();
  for (const ReportKey& key : keys) {
    orgs.Int(OrgColumnOf(key.org_id));
    clusters.Text(key.cluster);
    org_texts.Text(std::to_string(key.org_id));
    users.Text(IsStorable(key.user_id) ? std::string_view(key.user_id) : std::string_view());
  }
  const Result<Rows> rows = connection.Run(
      kReports,
      Columns(std::move(orgs), std::move(clusters), std::move(org_texts), std::move(users)));
  if (!rows) return Fail(rows.error());
  std::vector<std::vector<std::size_t>> by_key(keys.size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto place = static_cast<std::size_t>(rows->IntAt(row, 1)) - 1;
    INSIGHTD_ASSERT(place < by_key.size());
    by_key[place].push_back(row);
  }
  std::vector<Result<ClusterReport>> reports;
  reports.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (by_key[i].empty() || rows->IntAt(by_key[i].front(), 0) != kHead) {
      reports.push_back(Fail(NoSuchCluster(keys[i].org_id, keys[i].cluster)));
    } else {
      reports.push_back(ReportOf(*rows, by_key[i], keys[i]));
    }
  }
  return reports;
}

Result<ReportMeta> ReadMeta(Connection& connection, std::int64_t org_id, std::string_view cluster) {
  if (!IsReportKey(org_id, cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run("SELECT " INSIGHTD_HEAD_COLUMNS " FROM " INSIGHTD_HEAD_TABLES
                     " WHERE r.org_id = $1::int4 AND r.cluster = $2",
                     Params().Int(OrgColumnOf(org_id)).Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchCluster(org_id, cluster));
  return HeadAt(*rows, 0, org_id);
}

Result<std::string> ReadReportText(Connection& connection, std::int64_t org_id,
                                   std::string_view cluster) {
  if (!IsReportKey(org_id, cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run("SELECT report FROM report WHERE org_id = $1::int4 AND cluster = $2",
                     Params().Int(OrgColumnOf(org_id)).Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchCluster(org_id, cluster));
  return rows->StringAt(0, 0);
}

Result<std::int64_t> ReadOrganization(Connection& connection, std::string_view cluster) {
  const Error none = NoSuchResult(cluster);
  if (!IsStorable(cluster)) return Fail(none);
  const Result<Rows> rows =
      connection.Run("SELECT org_id FROM report WHERE cluster = $1", Params().Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(none);
  return OrgOfColumn(rows->IntAt(0, 0));
}

Result<SchemaVersions> ReadVersions(Connection& connection) {
  const Result<Rows> rows = connection.Run(
      "SELECT (SELECT max(version) FROM migration_info), "
      "(SELECT max(version) FROM dvo.migration_info), (SELECT max(version) FROM insightd_version)");
  if (!rows) return Fail(rows.error());
  const auto version = [&rows](int column) {
    return static_cast<std::int32_t>(rows->IntAt(0, column));
  };
  return SchemaVersions{.recommendations = version(0), .workloads = version(1), .own = version(2)};
}

Result<void> CheckServer(Connection& connection) {
  // A server that has become a standby says so here.
  const Result<Rows> rows = connection.Run(
      "SELECT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'");
  if (!rows) return Fail(rows.error());
  if (rows->BoolAt(0, 0)) {
    return Fail(
        Code::kUnavailable,
        fmt::format("{} takes no writes: store.postgres must name the primary", connection.name()));
  }
  return {};
}

}  // namespace insightd::store::pg
