#include "store/postgres/lookups.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "store/decide.h"
#include "store/letter_texts.h"
#include "store/postgres/head.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

Error NoSuchCluster(std::int64_t org_id, std::string_view cluster) {
  return Error(Code::kNotFound,
               fmt::format("organisation {} has no result of cluster {:.64}", org_id, cluster));
}

// What a row of the statement below is.
enum Kind : std::int64_t { kHead, kHit, kSince, kToggle, kVote, kFeedback };

// Six look-ups by cluster, one behind the other: nothing is joined or sorted, which would cost the
// server more than all of them.
constexpr std::string_view kReport =
    "SELECT 0, coalesce(c.request_id, ''), coalesce(c.version, (SELECT i.version_info "
    "FROM report_info i WHERE i.cluster_id = r.cluster), ''), '', r.last_checked_at, "
    "r.reported_at, r.gathered_at, coalesce(c.passes, -1), coalesce(c.skips, -1), "
    "coalesce(c.errors, -1) FROM " INSIGHTD_HEAD_TABLES
    " WHERE r.org_id = $1::int4 AND r.cluster = $2 "
    "UNION ALL SELECT 1, rule_fqdn, error_key, template_data, created_at, NULL, NULL, 0, 0, 0 "
    "FROM rule_hit WHERE cluster_id = $2 AND org_id = $1::int4 "
    "UNION ALL SELECT 2, rule_fqdn, error_key, '', impacted_since, NULL, NULL, 0, 0, 0 "
    "FROM recommendation WHERE org_id = $1::int4 AND cluster_id = $2 "
    "UNION ALL SELECT 3, rule_id, error_key, '', disabled_at, NULL, NULL, 0, 0, 0 "
    "FROM cluster_rule_toggle WHERE cluster_id = $2 AND disabled = 1 AND org_id = $3 "
    "UNION ALL SELECT 4, rule_id, error_key, '', NULL, NULL, NULL, user_vote, 0, 0 "
    "FROM cluster_rule_user_feedback WHERE cluster_id = $2 AND user_id = $4 "
    "UNION ALL SELECT 5, rule_id, error_key, message, updated_at, NULL, NULL, 0, 0, 0 "
    "FROM cluster_user_rule_disable_feedback WHERE cluster_id = $2 AND user_id = $4";

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

// Of rows that begin with those of the head and the hits.
ClusterReport ReportOf(const Rows& rows, std::int64_t org_id, std::string_view cluster) {
  const auto count = [&](std::size_t row, int column) {
    return static_cast<std::int32_t>(rows.IntAt(row, column));
  };
  ClusterReport report;
  std::vector<ReportHit>& hits = report.hits;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.IntAt(row, 0) == kHead) {
      report.meta = {
          .org_id = org_id,
          .cluster = std::string(cluster),
          .request_id = rows.StringAt(row, 1),
          .last_checked = rows.TimeAt(row, 4),
          .reported = rows.TimeAt(row, 5),
          .gathered = rows.OptionalTimeAt(row, 6),
          .version = rows.StringAt(row, 2),
          .counts = {.passes = count(row, 7), .skips = count(row, 8), .errors = count(row, 9)},
          .hits = 0};
    } else if (rows.IntAt(row, 0) == kHit) {
      ReportHit& hit = hits.emplace_back();
      hit.component = rows.TextAt(row, 1);
      hit.key = rows.TextAt(row, 2);
      hit.details = rows.TextAt(row, 3);
      hit.created = rows.OptionalTimeAt(row, 4);
    }
  }
  report.meta.hits = static_cast<std::int32_t>(hits.size());
  std::sort(hits.begin(), hits.end(), [](const ReportHit& a, const ReportHit& b) {
    return std::tie(a.component, a.key) < std::tie(b.component, b.key);
  });
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::int64_t kind = rows.IntAt(row, 0);
    const std::string_view key = rows.TextAt(row, 2);
    if (kind == kSince) {
      NoteSince(hits, rows.TextAt(row, 1), key, rows.OptionalTimeAt(row, 4));
      continue;
    }
    if (kind < kToggle) continue;
    ReportHit* const hit = FindHit(hits, rows.TextAt(row, 1), key);
    if (hit == nullptr) continue;
    if (kind == kToggle) {
      hit->disabled = true;
      hit->disabled_at = rows.OptionalTimeAt(row, 4);
    } else if (kind == kVote) {
      hit->user_vote = count(row, 7);
    } else {
      hit->disable_feedback = rows.TextAt(row, 3);
      hit->disable_feedback_at = rows.OptionalTimeAt(row, 4);
    }
  }
  return report;
}

}  // namespace

Result<ClusterReport> ReadReport(Connection& connection, std::int64_t org_id,
                                 std::string_view cluster, std::string_view user_id) {
  if (!IsOrganization(org_id) || !IsStorable(cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run(kReport, Params()
                                  .Int(OrgColumnOf(org_id))
                                  .Text(cluster)
                                  .Text(std::to_string(org_id))
                                  .Text(IsStorable(user_id) ? user_id : std::string_view()));
  if (!rows) return Fail(rows.error());
  if (rows->empty() || rows->IntAt(0, 0) != kHead) return Fail(NoSuchCluster(org_id, cluster));
  return ReportOf(*rows, org_id, cluster);
}

Result<ReportMeta> ReadMeta(Connection& connection, std::int64_t org_id, std::string_view cluster) {
  if (!IsOrganization(org_id) || !IsStorable(cluster)) return Fail(NoSuchCluster(org_id, cluster));
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
  if (!IsOrganization(org_id) || !IsStorable(cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run("SELECT report FROM report WHERE org_id = $1::int4 AND cluster = $2",
                     Params().Int(OrgColumnOf(org_id)).Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchCluster(org_id, cluster));
  return rows->StringAt(0, 0);
}

Result<std::int64_t> ReadOrganization(Connection& connection, std::string_view cluster) {
  const Error none(Code::kNotFound, fmt::format("there is no result of cluster {:.64}", cluster));
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
