#include "store/postgres/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "store/decide.h"
#include "store/letter_texts.h"
#include "store/postgres/lookups.h"
#include "store/postgres/organization.h"
#include "store/user_words.h"

namespace insightd::store::pg {
namespace {

// What a row of the statements below is: its first column is this beside the place of its key.
enum Kind : std::int64_t { kHead, kHit, kSince, kToggle, kVote, kFeedback };
constexpr std::int64_t kKindsMax = 8;

// For each key look-ups by its cluster, one behind the other: to join or sort what belongs together
// would cost the server more, and, as each of them names its key, no plan can read a whole table,
// whatever was known of its size when the plan was made. Beside the kind there are three texts,
// three times, three numbers; what a row does not need is null, which costs next to nothing. $1
// organisations, $2 clusters, $3 organisations as text, $4 users.
#define INSIGHTD_FOR_EACH_KEY                                             \
  "SELECT u.n * 8 + s.kind, s.a, s.b, s.c, s.t, s.v, s.w, s.i, s.j, s.k " \
  "FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[]) "          \
  "WITH ORDINALITY AS u(org_id, cluster, org_text, user_id, n) CROSS JOIN LATERAL ("

#define INSIGHTD_SAID                                                                              \
  "UNION ALL SELECT 1, h.rule_fqdn::text, h.error_key::text, h.template_data::text, "              \
  "h.created_at, NULL, NULL, "                                                                     \
  "NULL, NULL, NULL "                                                                              \
  "FROM rule_hit h WHERE h.cluster_id = u.cluster AND h.org_id = u.org_id::int4 "                  \
  "UNION ALL SELECT 3, t.rule_id::text, t.error_key::text, NULL::text, t.disabled_at, NULL, "      \
  "NULL, "                                                                                         \
  "NULL, NULL, NULL "                                                                              \
  "FROM cluster_rule_toggle t WHERE t.cluster_id = u.cluster AND t.org_id = u.org_text "           \
  "AND t.disabled = 1 "                                                                            \
  "UNION ALL SELECT 4, t.rule_id::text, t.error_key::text, NULL::text, t.updated_at, NULL, NULL, " \
  "t.user_vote::int4, NULL, NULL "                                                                 \
  "FROM cluster_rule_user_feedback t WHERE t.cluster_id = u.cluster "                              \
  "AND t.user_id = u.user_id "                                                                     \
  "UNION ALL SELECT 5, t.rule_id::text, t.error_key::text, t.message::text, t.updated_at, NULL, "  \
  "NULL, "                                                                                         \
  "NULL, NULL, NULL "                                                                              \
  "FROM cluster_user_rule_disable_feedback t WHERE t.cluster_id = u.cluster "                      \
  "AND t.user_id = u.user_id "

#define INSIGHTD_END ") AS s(kind, a, b, c, t, v, w, i, j, k)"

constexpr std::string_view kShown = INSIGHTD_FOR_EACH_KEY
    "SELECT 0, NULL::text, NULL::text, NULL::text, r.last_checked_at, r.reported_at, "
    "r.gathered_at, NULL::int4, NULL::int4, NULL::int4 "
    "FROM report r WHERE r.org_id = u.org_id::int4 AND r.cluster = u.cluster " INSIGHTD_SAID
        INSIGHTD_END;

// With the tables that hold the rest of the head and since when there is a hit.
constexpr std::string_view kWhole = INSIGHTD_FOR_EACH_KEY
    "SELECT 0, coalesce(c.request_id, ''), coalesce(c.version, "
    "(SELECT i.version_info FROM report_info i WHERE i.cluster_id = r.cluster), ''), NULL::text, "
    "r.last_checked_at, r.reported_at, r.gathered_at, "
    "coalesce(c.passes, -1), coalesce(c.skips, -1), coalesce(c.errors, -1) "
    "FROM report r LEFT JOIN insightd_cluster c ON c.cluster = r.cluster AND c.org_id = r.org_id "
    "AND c.reported_at = r.reported_at AND c.last_checked_at = r.last_checked_at "
    "WHERE r.org_id = u.org_id::int4 AND r.cluster = u.cluster " INSIGHTD_SAID
    "UNION ALL SELECT 2, h.rule_fqdn, h.error_key, NULL, h.impacted_since, NULL, NULL, "
    "NULL, NULL, NULL "
    "FROM recommendation h WHERE h.org_id = u.org_id::int4 AND h.cluster_id = "
    "u.cluster" INSIGHTD_END;

Kind KindOf(const Rows& rows, std::size_t row) {
  return static_cast<Kind>(rows.IntAt(row, 0) % kKindsMax);
}

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

ReportMeta MetaOf(const Rows& rows, std::size_t head, const ReportKey& key) {
  const auto count = [&](int column) {
    return rows.IsNull(head, column) ? -1 : static_cast<std::int32_t>(rows.IntAt(head, column));
  };
  return {.org_id = key.org_id,
          .cluster = key.cluster,
          .request_id = rows.StringAt(head, 1),
          .last_checked = rows.OptionalTimeAt(head, 4),
          .reported = rows.OptionalTimeAt(head, 5),
          .gathered = rows.OptionalTimeAt(head, 6),
          .version = rows.StringAt(head, 2),
          .counts = {.passes = count(7), .skips = count(8), .errors = count(9)},
          .hits = 0};
}

// Of the rows of one key, that of the head first.
ClusterReport ReportOf(const std::shared_ptr<const Rows>& answer,
                       std::span<const std::size_t> its_rows, const ReportKey& key) {
  const Rows& rows = *answer;
  ClusterReport report{.meta = MetaOf(rows, its_rows.front(), key), .hits = {}, .texts = answer};
  std::vector<ReportHit>& hits = report.hits;
  hits.reserve(its_rows.size() - 1);
  for (const std::size_t row : its_rows) {
    if (KindOf(rows, row) != kHit) continue;
    ReportHit& hit = hits.emplace_back();
    hit.component = rows.TextAt(row, 1);
    hit.key = rows.TextAt(row, 2);
    hit.details = rows.TextAt(row, 3);
    hit.created = rows.OptionalTimeAt(row, 4);
  }
  report.meta.hits = static_cast<std::int32_t>(hits.size());
  const auto is_before = [](const ReportHit& a, const ReportHit& b) {
    return std::tie(a.component, a.key) < std::tie(b.component, b.key);
  };
  // They come in the order of an index, which most collations have like ours.
  if (!std::is_sorted(hits.begin(), hits.end(), is_before)) {
    std::sort(hits.begin(), hits.end(), is_before);
  }
  std::vector<UserWord> votes;
  std::vector<UserWord> feedback;
  for (const std::size_t row : its_rows) {
    const Kind kind = KindOf(rows, row);
    if (kind == kHead || kind == kHit) continue;
    if (kind == kVote || kind == kFeedback) {
      (kind == kVote ? votes : feedback)
          .push_back({.component = rows.StringAt(row, 1),
                      .key = rows.StringAt(row, 2),
                      .updated = rows.TimeAt(row, 4),
                      .vote = static_cast<std::int32_t>(rows.IntAt(row, 7)),
                      .message = rows.StringAt(row, 3)});
    } else if (kind == kSince) {
      NoteSince(hits, rows.TextAt(row, 1), rows.TextAt(row, 2), rows.OptionalTimeAt(row, 4));
    } else if (ReportHit* const hit = FindHit(hits, rows.TextAt(row, 1), rows.TextAt(row, 2));
               hit != nullptr) {
      hit->disabled = true;
      hit->disabled_at = rows.OptionalTimeAt(row, 4);
    }
  }
  if (!votes.empty()) NoteVotes(hits, std::move(votes));
  if (!feedback.empty()) NoteDisableFeedback(hits, std::move(feedback));
  return report;
}

}  // namespace

void AskForReports(Pipeline& pipeline, std::span<const ReportKey* const> keys) {
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array org_texts = Array::OfTexts();
  Array users = Array::OfTexts();
  for (const ReportKey* key : keys) {
    orgs.Int(OrgColumnOf(key->org_id));
    clusters.Text(key->cluster);
    org_texts.Text(std::to_string(key->org_id));
    users.Text(IsStorable(key->user_id) ? std::string_view(key->user_id) : std::string_view());
  }
  const bool whole =
      std::any_of(keys.begin(), keys.end(), [](const ReportKey* key) { return key->whole; });
  pipeline.Add(whole ? kWhole : kShown, Columns(std::move(orgs), std::move(clusters),
                                                std::move(org_texts), std::move(users)));
}

std::vector<Result<ClusterReport>> TakeReports(Rows answer,
                                               std::span<const ReportKey* const> keys) {
  const auto kept = std::make_shared<const Rows>(std::move(answer));
  const Rows& rows = *kept;
  // By key, those of one in the order in which they came: the head first.
  const auto key_of = [&](std::size_t row) {
    const auto key = static_cast<std::size_t>(rows.IntAt(row, 0) / kKindsMax) - 1;
    INSIGHTD_ASSERT(key < keys.size());
    return key;
  };
  std::vector<std::size_t> begins(keys.size() + 1, 0);
  for (std::size_t row = 0; row < rows.size(); ++row) ++begins[key_of(row) + 1];
  for (std::size_t i = 0; i < keys.size(); ++i) begins[i + 1] += begins[i];
  std::vector<std::size_t> by_key(rows.size());
  std::vector<std::size_t> next = begins;
  for (std::size_t row = 0; row < rows.size(); ++row) by_key[next[key_of(row)]++] = row;

  std::vector<Result<ClusterReport>> reports;
  reports.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto its_rows = std::span(by_key).subspan(begins[i], begins[i + 1] - begins[i]);
    if (its_rows.empty() || KindOf(rows, its_rows.front()) != kHead) {
      reports.push_back(Fail(NoSuchCluster(keys[i]->org_id, keys[i]->cluster)));
    } else {
      reports.push_back(ReportOf(kept, its_rows, *keys[i]));
    }
  }
  return reports;
}

}  // namespace insightd::store::pg
