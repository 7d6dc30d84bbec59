#include "store/postgres/past.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "store/letter_texts.h"
#include "store/past_results.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

Error NoResult(std::int64_t org_id, std::string_view cluster) {
  return Error(Code::kNotFound, fmt::format("there is no result of cluster {:.64} in organisation "
                                            "{}",
                                            cluster, org_id));
}

constexpr std::string_view kIsThere = "SELECT FROM report WHERE cluster = $1 AND org_id = $2";

bool CanBe(std::int64_t org_id, std::string_view text) {
  return IsOrganization(org_id) && IsStorable(text);
}

#define INSIGHTD_PAST_COLUMNS                                                      \
  "request_id, ended_at, last_checked_at, outcome, "                               \
  "CASE archive WHEN '.' THEN request_id ELSE archive END, "                       \
  "(SELECT p.pack FROM insightd_pack p WHERE p.id = u.pack), coalesce(hits, -1), " \
  "coalesce(passes, -1), coalesce(skips, -1), coalesce(errors, -1), previous, abs(u.id) "

// Of the columns INSIGHTD_PAST_COLUMNS.
PastRow PastAt(const Rows& rows, std::size_t row) {
  const auto count = [&](int column) { return static_cast<std::int32_t>(rows.IntAt(row, column)); };
  PastRow past{.result = {.request_id = rows.StringAt(row, 0),
                          .stored = rows.TimeAt(row, 1),
                          .last_checked = rows.TimeAt(row, 2),
                          .end = ResultEnd::kReplaced,
                          .archive = rows.StringAt(row, 4),
                          .pack = rows.StringAt(row, 5),
                          .hits = count(6),
                          .passes = count(7),
                          .skips = count(8),
                          .errors = count(9)},
               .id = rows.IntAt(row, 11),
               .previous = rows.StringAt(row, 10)};
  if (rows.IntAt(row, 3) == 1) past.result.end = ResultEnd::kOvertaken;
  if (rows.IntAt(row, 3) == 2) past.result.end = ResultEnd::kEmpty;
  return past;
}

class ServerRows final : public PastRows {
 public:
  // `current`: the request id of what the cluster shows; empty: that is somebody else's.
  ServerRows(Connection& connection, std::int64_t org_id, std::string_view cluster,
             std::string current)
      : connection_(connection),
        org_column_(OrgColumnOf(org_id)),
        cluster_(cluster),
        current_(std::move(current)) {}

  Result<std::vector<PastRow>> Stored(const std::string& request_id, std::int64_t before_id,
                                      std::size_t rows_max) override {
    // One that came again stands in a later place now: that is the end of what can be followed.
    Result<Rows> rows = connection_.Run(
        "WITH RECURSIVE u AS ("
        "(SELECT *, 1 AS step FROM insightd_upload WHERE request_id = $1 AND cluster = $2 "
        " AND org_id = $3 AND outcome = 0 AND abs(id) < $4) UNION ALL "
        "SELECT n.*, u.step + 1 FROM u JOIN insightd_upload n ON n.request_id = u.previous "
        " AND n.cluster = $2 AND n.org_id = $3 AND n.outcome = 0 AND abs(n.id) < abs(u.id) "
        "WHERE u.step < $5) SELECT " INSIGHTD_PAST_COLUMNS "FROM u",
        Params()
            .Text(request_id)
            .Text(cluster_)
            .Int(org_column_)
            .Int(before_id)
            .Int(static_cast<std::int64_t>(rows_max)));
    return TakeRows(rows);
  }

  Result<std::vector<PastRow>> Aside(std::int64_t before_id, const TimeRange& range,
                                     std::size_t rows_max) override {
    Result<Rows> rows = connection_.Run(
        "SELECT " INSIGHTD_PAST_COLUMNS
        "FROM insightd_upload u WHERE cluster = $1 AND org_id = $2 AND outcome <> 0 AND id < $3 "
        "AND ($4 IS NULL OR ended_at >= $4) AND ($5 IS NULL OR ended_at < $5) "
        "ORDER BY id DESC LIMIT $6",
        Params()
            .Text(cluster_)
            .Int(org_column_)
            .Int(before_id)
            .At(range.from)
            .At(range.until)
            .Int(static_cast<std::int64_t>(rows_max)));
    return TakeRows(rows);
  }

 private:
  Result<std::vector<PastRow>> TakeRows(const Result<Rows>& rows) const {
    if (!rows) return Fail(rows.error());
    std::vector<PastRow> past;
    past.reserve(rows->size());
    for (std::size_t row = 0; row < rows->size(); ++row) {
      past.push_back(PastAt(*rows, row));
      PastResult& result = past.back().result;
      if (result.end == ResultEnd::kReplaced && result.request_id == current_) {
        result.end = ResultEnd::kStored;
      }
    }
    return past;
  }

  Connection& connection_;
  const std::int64_t org_column_;
  const std::string_view cluster_;
  const std::string current_;
};

Interval IntervalAt(const Rows& rows, std::size_t row, int column) {
  return {.first_seen = rows.OptionalTimeAt(row, column),
          .last_seen = rows.OptionalTimeAt(row, column + 1),
          .gone = rows.OptionalTimeAt(row, column + 2)};
}

}  // namespace

Result<RecommendationPage> ReadRecommendationsOf(Connection& connection, std::int64_t org_id,
                                                 std::string_view cluster, const TimeRange& range,
                                                 const std::optional<RecommendationPlace>& only,
                                                 const std::optional<RecommendationPlace>& after,
                                                 std::size_t recommendations_max) {
  if (!CanBe(org_id, cluster)) return Fail(NoResult(org_id, cluster));
  const RecommendationPlace behind = after.value_or(RecommendationPlace());
  const RecommendationPlace alone = only.value_or(RecommendationPlace());
  if (!IsStorable(behind.rule) || !IsStorable(behind.key) || !IsStorable(alone.rule) ||
      !IsStorable(alone.key)) {
    return RecommendationPage();
  }
  Pipeline pipeline(connection);
  pipeline.Add(kIsThere, Params().Text(cluster).Int(OrgColumnOf(org_id)));
  pipeline.Add(
      "SELECT rule, key, first_seen, last_seen, gone FROM ("
      "SELECT rule, key, first_seen, last_seen, at AS gone FROM insightd_change "
      "WHERE cluster = $1 AND org_id = $2 AND kind = 2 UNION ALL "
      "SELECT x.rule_fqdn, x.error_key, x.impacted_since, r.reported_at, NULL FROM report r "
      "JOIN recommendation x ON x.org_id = r.org_id AND x.cluster_id = r.cluster "
      "WHERE r.cluster = $1 AND r.org_id = $2) AS i "
      "WHERE (NOT $3 OR (rule, key) > ($4, $5)) AND (NOT $6 OR (rule, key) = ($7, $8)) "
      "AND (first_seen IS NULL OR $9 IS NULL OR first_seen < $9) "
      "AND (gone IS NULL OR $10 IS NULL OR gone > $10) "
      "ORDER BY rule, key, gone DESC NULLS FIRST LIMIT $11",
      Params()
          .Text(cluster)
          .Int(OrgColumnOf(org_id))
          .Bool(after.has_value())
          .Text(behind.rule)
          .Text(behind.key)
          .Bool(only.has_value())
          .Text(alone.rule)
          .Text(alone.key)
          .At(range.until)
          .At(range.from)
          .Int(static_cast<std::int64_t>(RecommendationPager::kRowsMax + 1)));
  const auto answers = pipeline.Run();
  if (!answers) return Fail(answers.error());
  if ((*answers)[0].empty()) return Fail(NoResult(org_id, cluster));
  const Rows& rows = (*answers)[1];
  RecommendationPager pager(recommendations_max);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!pager.Add(cluster, rows.TextAt(row, 0), rows.TextAt(row, 1), IntervalAt(rows, row, 2))) {
      break;
    }
  }
  return pager.Take(rows.size() > RecommendationPager::kRowsMax);
}

Result<RecommendationPage> ReadClustersOf(Connection& connection, std::int64_t org_id,
                                          std::string_view rule, std::string_view key,
                                          const TimeRange& range, std::string_view after_cluster,
                                          std::size_t clusters_max) {
  if (!CanBe(org_id, rule) || !IsStorable(key) || !IsStorable(after_cluster)) {
    return RecommendationPage();
  }
  const Result<Rows> rows = connection.Run(
      "SELECT cluster, first_seen, last_seen, gone FROM ("
      "SELECT cluster, first_seen, last_seen, at AS gone FROM insightd_change "
      "WHERE org_id = $1 AND rule = $2 AND key = $3 AND kind = 2 AND cluster > $4 UNION ALL "
      "SELECT x.cluster_id, x.impacted_since, r.reported_at, NULL FROM recommendation x "
      "JOIN report r ON r.cluster = x.cluster_id AND r.org_id = x.org_id "
      "WHERE x.org_id = $1 AND x.rule_fqdn = $2 AND x.error_key = $3 AND x.cluster_id > $4) AS i "
      "WHERE (first_seen IS NULL OR $5 IS NULL OR first_seen < $5) "
      "AND (gone IS NULL OR $6 IS NULL OR gone > $6) "
      "ORDER BY cluster, gone DESC NULLS FIRST LIMIT $7",
      Params()
          .Int(OrgColumnOf(org_id))
          .Text(rule)
          .Text(key)
          .Text(after_cluster)
          .At(range.until)
          .At(range.from)
          .Int(static_cast<std::int64_t>(RecommendationPager::kRowsMax + 1)));
  if (!rows) return Fail(rows.error());
  RecommendationPager pager(clusters_max);
  for (std::size_t row = 0; row < rows->size(); ++row) {
    if (!pager.Add(rows->TextAt(row, 0), rule, key, IntervalAt(*rows, row, 1))) break;
  }
  return pager.Take(rows->size() > RecommendationPager::kRowsMax);
}

Result<ChangePage> ReadChanges(Connection& connection, std::int64_t org_id,
                               std::string_view cluster, const TimeRange& range,
                               const std::optional<ChangePlace>& after, std::size_t changes_max) {
#define INSIGHTD_CHANGES(of)                                                                      \
  "SELECT id, cluster, rule, key, kind, at, request_id, first_seen, last_seen "                   \
  "FROM insightd_change WHERE " of                                                                \
  "org_id = $1 AND ($2 IS NULL OR at >= $2) AND ($3 IS NULL OR at < $3) AND (at, id) > ($4, $5) " \
  "ORDER BY at, id LIMIT $6"
  if (!CanBe(org_id, cluster)) {
    if (cluster.empty()) return ChangePage();
    return Fail(NoResult(org_id, cluster));
  }
  // Behind the beginning of the range, so that an index is asked from there on.
  const ChangePlace behind =
      after.value_or(ChangePlace{range.from.value_or(Time()), std::int64_t{-1}});
  Params params;
  params.Int(OrgColumnOf(org_id)).At(range.from).At(range.until).At(behind.at).Int(behind.id);
  params.Int(static_cast<std::int64_t>(changes_max + 1));
  Pipeline pipeline(connection);
  if (cluster.empty()) {
    pipeline.Add(INSIGHTD_CHANGES(""), std::move(params));
  } else {
    pipeline.Add(INSIGHTD_CHANGES("cluster = $7 AND "), std::move(params.Text(cluster)));
    pipeline.Add(kIsThere, Params().Text(cluster).Int(OrgColumnOf(org_id)));
  }
#undef INSIGHTD_CHANGES
  const auto answers = pipeline.Run();
  if (!answers) return Fail(answers.error());
  if (!cluster.empty() && (*answers)[1].empty()) return Fail(NoResult(org_id, cluster));
  const Rows& rows = (*answers)[0];
  ChangePage page;
  page.has_more = rows.size() > changes_max;
  for (std::size_t row = 0; row < std::min(rows.size(), changes_max); ++row) {
    Change change{.id = rows.IntAt(row, 0),
                  .cluster = rows.StringAt(row, 1),
                  .rule = rows.StringAt(row, 2),
                  .key = rows.StringAt(row, 3),
                  .kind = static_cast<ChangeKind>(rows.IntAt(row, 4)),
                  .at = rows.TimeAt(row, 5),
                  .request_id = rows.StringAt(row, 6)};
    if (change.kind == ChangeKind::kGone) {
      change.ended = Interval{.first_seen = rows.OptionalTimeAt(row, 7),
                              .last_seen = rows.OptionalTimeAt(row, 8),
                              .gone = change.at};
    }
    page.changes.push_back(std::move(change));
  }
  return page;
}

Result<ResultPage> ReadPastResults(Connection& connection, std::int64_t org_id,
                                   std::string_view cluster, const TimeRange& range,
                                   const std::optional<ResultPlace>& before,
                                   std::size_t results_max) {
  if (!CanBe(org_id, cluster)) return Fail(NoResult(org_id, cluster));
  if (before && !IsStorable(before->request_id)) return ResultPage();
  const Result<Rows> head = connection.Run(
      "SELECT c.request_id, c.reported_at = r.reported_at AND c.last_checked_at = "
      "r.last_checked_at "
      "FROM report r LEFT JOIN insightd_cluster c ON c.cluster = r.cluster "
      "WHERE r.cluster = $1 AND r.org_id = $2",
      Params().Text(cluster).Int(OrgColumnOf(org_id)));
  if (!head) return Fail(head.error());
  if (head->empty()) return Fail(NoResult(org_id, cluster));
  const std::string newest = head->StringAt(0, 0);
  ServerRows rows(connection, org_id, cluster, head->BoolAt(0, 1) ? newest : std::string());
  return PageOf(rows, newest, range, before, results_max);
}

Result<std::size_t> RemoveChanges(Connection& connection, const Keep& keep, std::size_t rows_max) {
  // Ids grow with time: the oldest stand in front.
  const Result<Rows> rows = connection.Run(
      "WITH front AS (SELECT id, at FROM insightd_change ORDER BY id LIMIT $2), "
      "gone AS (DELETE FROM insightd_change c USING front WHERE c.id = front.id "
      " AND (front.at < $1 OR front.id <= (SELECT max(id) FROM insightd_change) - $3) "
      " RETURNING 1) SELECT count(*) FROM gone",
      Params().At(keep.since).Int(static_cast<std::int64_t>(rows_max)).Int(keep.rows));
  if (!rows) return Fail(rows.error());
  return static_cast<std::size_t>(rows->IntAt(0, 0));
}

}  // namespace insightd::store::pg
