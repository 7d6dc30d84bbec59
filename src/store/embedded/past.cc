#include "store/embedded/past.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "store/pack_id.h"
#include "store/past_results.h"

namespace insightd::store {
namespace {

constexpr Time kBeginning = Time(microseconds(std::numeric_limits<std::int64_t>::min()));
constexpr Time kEnd = Time(microseconds(std::numeric_limits<std::int64_t>::max()));

Result<void> CheckCluster(sqlite::Database& database, std::int64_t org_id,
                          std::string_view cluster) {
  sqlite::Query query(database, "SELECT 1 FROM report WHERE cluster = ? AND org_id = ?");
  const Result<bool> row = query.Text(cluster).Int(org_id).Step();
  if (!row) return Fail(row.error());
  if (*row) return {};
  return Fail(
      Code::kNotFound,
      fmt::format("there is no result of cluster {:.64} in organisation {}", cluster, org_id));
}

std::int32_t CountAt(const sqlite::Query& query, int column) {
  return query.IsNull(column) ? -1 : static_cast<std::int32_t>(query.IntAt(column));
}

#define INSIGHTD_PAST_COLUMNS                                                             \
  "u.request_id, u.ended_at, u.last_checked_at, u.outcome, "                              \
  "CASE u.archive WHEN '.' THEN u.request_id ELSE u.archive END, "                        \
  "(SELECT p.pack FROM insightd_pack p WHERE p.id = u.pack), u.hits, u.passes, u.skips, " \
  "u.errors, u.previous, abs(u.id)"

// Of the columns INSIGHTD_PAST_COLUMNS.
PastRow PastAt(const sqlite::Query& query) {
  PastRow row{.result = {.request_id = query.StringAt(0),
                         .stored = query.TimeAt(1),
                         .last_checked = query.TimeAt(2),
                         .end = ResultEnd::kReplaced,
                         .archive = query.StringAt(4),
                         .pack = query.StringAt(5),
                         .hits = CountAt(query, 6),
                         .passes = CountAt(query, 7),
                         .skips = CountAt(query, 8),
                         .errors = CountAt(query, 9)},
              .id = query.IntAt(11),
              .previous = query.StringAt(10)};
  if (query.IntAt(3) == 1) row.result.end = ResultEnd::kOvertaken;
  if (query.IntAt(3) == 2) row.result.end = ResultEnd::kEmpty;
  return row;
}

class EmbeddedRows final : public PastRows {
 public:
  EmbeddedRows(sqlite::Database& database, std::int64_t org_id, std::string_view cluster,
               std::string newest)
      : database_(database), org_id_(org_id), cluster_(cluster), newest_(std::move(newest)) {}

  Result<std::vector<PastRow>> Stored(const std::string& request_id, std::int64_t before_id,
                                      std::size_t rows_max) override {
    std::vector<PastRow> rows;
    std::string next = request_id;
    while (rows.size() < rows_max && !next.empty()) {
      sqlite::Query query(database_, "SELECT " INSIGHTD_PAST_COLUMNS
                                     " FROM insightd_upload u WHERE u.request_id = ? "
                                     "AND u.cluster = ? AND u.org_id = ? AND u.outcome = 0");
      const Result<bool> row = query.Text(next).Text(cluster_).Int(org_id_).Step();
      if (!row) return Fail(row.error());
      if (!*row) break;
      PastRow past = PastAt(query);
      // One that came again stands in a later place now.
      if (past.id >= before_id) break;
      if (past.result.request_id == newest_) past.result.end = ResultEnd::kStored;
      before_id = past.id;
      next = past.previous;
      rows.push_back(std::move(past));
    }
    return rows;
  }

  Result<std::vector<PastRow>> Aside(std::int64_t before_id, const TimeRange& range,
                                     std::size_t rows_max) override {
    sqlite::Query query(database_, "SELECT " INSIGHTD_PAST_COLUMNS
                                   " FROM insightd_upload u WHERE u.cluster = ? AND u.org_id = ? "
                                   "AND u.outcome <> 0 AND u.id < ? AND u.ended_at >= ? "
                                   "AND u.ended_at < ? ORDER BY u.id DESC LIMIT ?");
    query.Text(cluster_).Int(org_id_).Int(before_id);
    query.At(range.from.value_or(kBeginning)).At(range.until.value_or(kEnd));
    query.Int(static_cast<std::int64_t>(rows_max));
    std::vector<PastRow> rows;
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) return rows;
      rows.push_back(PastAt(query));
    }
  }

 private:
  sqlite::Database& database_;
  const std::int64_t org_id_;
  const std::string_view cluster_;
  const std::string newest_;
};

Interval IntervalAt(const sqlite::Query& query, int column) {
  return {.first_seen = query.OptionalTimeAt(column),
          .last_seen = query.OptionalTimeAt(column + 1),
          .gone = query.OptionalTimeAt(column + 2)};
}

}  // namespace

Result<void> NoteAppeared(sqlite::Database& database, const ChangeRow& change) {
  sqlite::Query query(
      database,
      "INSERT INTO insightd_change(org_id, cluster, rule, key, kind, at, request_id) "
      "SELECT ?1, ?2, ?3, ?4, CASE WHEN EXISTS (SELECT 1 FROM insightd_change g "
      "WHERE g.cluster = ?2 AND g.org_id = ?1 AND g.rule = ?3 AND g.key = ?4 AND g.kind = 2) "
      "THEN 3 ELSE 1 END, ?5, ?6");
  query.Int(change.org_id).Text(change.cluster).Text(change.rule).Text(change.key);
  return query.At(change.at).Text(change.request_id).Run();
}

Result<void> NoteGone(sqlite::Database& database, const ChangeRow& change) {
  sqlite::Query query(
      database,
      "INSERT INTO insightd_change(org_id, cluster, rule, key, kind, at, request_id, first_seen, "
      "last_seen) VALUES (?,?,?,?,2,?,?,?,?)");
  query.Int(change.org_id).Text(change.cluster).Text(change.rule).Text(change.key);
  query.At(change.at).Text(change.request_id).At(change.first_seen).At(change.last_seen);
  return query.Run();
}

Result<void> NotePack(sqlite::Database& database, std::string_view pack) {
  return sqlite::Query(database, "INSERT OR IGNORE INTO insightd_pack(id, pack) VALUES (?,?)")
      .Int(PackIdOf(pack))
      .Text(pack)
      .Run();
}

Result<RecommendationPage> ReadRecommendationsOf(sqlite::Database& database, std::int64_t org_id,
                                                 std::string_view cluster, const TimeRange& range,
                                                 const std::optional<RecommendationPlace>& only,
                                                 const std::optional<RecommendationPlace>& after,
                                                 std::size_t recommendations_max) {
  if (auto good = CheckCluster(database, org_id, cluster); !good) {
    return Fail(std::move(good).error());
  }
  sqlite::Query query(
      database,
      "SELECT rule, key, first_seen, last_seen, gone FROM ("
      "SELECT rule, key, first_seen, last_seen, at AS gone FROM insightd_change "
      "WHERE cluster = ?2 AND org_id = ?1 AND kind = 2 UNION ALL "
      "SELECT x.rule_fqdn, x.error_key, x.impacted_since, r.reported_at, NULL FROM report r "
      "JOIN recommendation x ON x.org_id = r.org_id AND x.cluster_id = r.cluster "
      "WHERE r.cluster = ?2 AND r.org_id = ?1) "
      "WHERE (?3 = 0 OR (rule, key) > (?4, ?5)) AND (?6 = 0 OR (rule, key) = (?7, ?8)) "
      "AND (first_seen IS NULL OR first_seen < ?9) AND (gone IS NULL OR gone > ?10) "
      "ORDER BY rule, key, gone IS NULL DESC, gone DESC LIMIT ?11");
  const RecommendationPlace behind = after.value_or(RecommendationPlace());
  const RecommendationPlace alone = only.value_or(RecommendationPlace());
  query.Int(org_id).Text(cluster);
  query.Int(after ? 1 : 0).Text(behind.rule).Text(behind.key);
  query.Int(only ? 1 : 0).Text(alone.rule).Text(alone.key);
  query.At(range.until.value_or(kEnd)).At(range.from.value_or(kBeginning));
  query.Int(static_cast<std::int64_t>(RecommendationPager::kRowsMax + 1));
  RecommendationPager pager(recommendations_max);
  std::size_t rows = 0;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row || !pager.Add(cluster, query.TextAt(0), query.TextAt(1), IntervalAt(query, 2))) break;
    ++rows;
  }
  return pager.Take(rows > RecommendationPager::kRowsMax);
}

Result<RecommendationPage> ReadClustersOf(sqlite::Database& database, std::int64_t org_id,
                                          std::string_view rule, std::string_view key,
                                          const TimeRange& range, std::string_view after_cluster,
                                          std::size_t clusters_max) {
  sqlite::Query query(
      database,
      "SELECT cluster, first_seen, last_seen, gone FROM ("
      "SELECT cluster, first_seen, last_seen, at AS gone FROM insightd_change "
      "WHERE org_id = ?1 AND rule = ?2 AND key = ?3 AND kind = 2 AND cluster > ?4 UNION ALL "
      "SELECT x.cluster_id, x.impacted_since, r.reported_at, NULL FROM recommendation x "
      "CROSS JOIN report r ON r.cluster = x.cluster_id AND r.org_id = x.org_id "
      "WHERE x.org_id = ?1 AND x.rule_fqdn = ?2 AND x.error_key = ?3 AND x.cluster_id > ?4) "
      "WHERE (first_seen IS NULL OR first_seen < ?5) AND (gone IS NULL OR gone > ?6) "
      "ORDER BY cluster, gone IS NULL DESC, gone DESC LIMIT ?7");
  query.Int(org_id).Text(rule).Text(key).Text(after_cluster);
  query.At(range.until.value_or(kEnd)).At(range.from.value_or(kBeginning));
  query.Int(static_cast<std::int64_t>(RecommendationPager::kRowsMax + 1));
  RecommendationPager pager(clusters_max);
  std::size_t rows = 0;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row || !pager.Add(query.TextAt(0), rule, key, IntervalAt(query, 1))) break;
    ++rows;
  }
  return pager.Take(rows > RecommendationPager::kRowsMax);
}

Result<ChangePage> ReadChanges(sqlite::Database& database, std::int64_t org_id,
                               std::string_view cluster, const TimeRange& range,
                               const std::optional<ChangePlace>& after, std::size_t changes_max) {
#define INSIGHTD_CHANGES(of)                                                                      \
  "SELECT id, cluster, rule, key, kind, at, request_id, first_seen, last_seen "                   \
  "FROM insightd_change WHERE " of                                                                \
  " = ?1 AND at >= ?2 AND at < ?3 AND (at, id) > (?4, ?5) AND org_id = ?6 ORDER BY at, id LIMIT " \
  "?7"
  if (!cluster.empty()) {
    if (auto good = CheckCluster(database, org_id, cluster); !good) {
      return Fail(std::move(good).error());
    }
  }
  sqlite::Query query(database, cluster.empty() ? std::string_view(INSIGHTD_CHANGES("org_id"))
                                                : std::string_view(INSIGHTD_CHANGES("cluster")));
#undef INSIGHTD_CHANGES
  const ChangePlace behind = after.value_or(ChangePlace{kBeginning, 0});
  if (cluster.empty()) {
    query.Int(org_id);
  } else {
    query.Text(cluster);
  }
  query.At(range.from.value_or(kBeginning)).At(range.until.value_or(kEnd));
  query.At(behind.at).Int(behind.id).Int(org_id).Int(static_cast<std::int64_t>(changes_max + 1));
  ChangePage page;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return page;
    if (page.changes.size() == changes_max) {
      page.has_more = true;
      return page;
    }
    Change change{.id = query.IntAt(0),
                  .cluster = query.StringAt(1),
                  .rule = query.StringAt(2),
                  .key = query.StringAt(3),
                  .kind = static_cast<ChangeKind>(query.IntAt(4)),
                  .at = query.TimeAt(5),
                  .request_id = query.StringAt(6)};
    if (change.kind == ChangeKind::kGone) {
      change.ended = Interval{.first_seen = query.OptionalTimeAt(7),
                              .last_seen = query.OptionalTimeAt(8),
                              .gone = change.at};
    }
    page.changes.push_back(std::move(change));
  }
}

Result<ResultPage> ReadPastResults(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view cluster, const TimeRange& range,
                                   const std::optional<ResultPlace>& before,
                                   std::size_t results_max) {
  if (auto good = CheckCluster(database, org_id, cluster); !good) {
    return Fail(std::move(good).error());
  }
  std::string newest;
  {
    sqlite::Query query(database,
                        "SELECT request_id FROM insightd_cluster WHERE org_id = ? AND cluster = ?");
    const Result<bool> row = query.Int(org_id).Text(cluster).Step();
    if (!row) return Fail(row.error());
    if (*row) newest = query.StringAt(0);
  }
  EmbeddedRows rows(database, org_id, cluster, newest);
  return PageOf(rows, newest, range, before, results_max);
}

Result<std::size_t> RemoveChanges(sqlite::Database& database, const Keep& keep,
                                  std::size_t rows_max) {
  // Ids grow with time: the oldest stand in front.
  std::int64_t last_id = 0;
  std::size_t rows = 0;
  {
    sqlite::Query query(database,
                        "SELECT id, at, id <= (SELECT max(id) FROM insightd_change) - ?1 "
                        "FROM insightd_change ORDER BY id LIMIT ?2");
    query.Int(keep.rows).Int(static_cast<std::int64_t>(rows_max));
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row || (query.TimeAt(1) >= keep.since && query.IntAt(2) == 0)) break;
      last_id = query.IntAt(0);
      ++rows;
    }
  }
  if (rows == 0) return rows;
  sqlite::Query query(database, "DELETE FROM insightd_change WHERE id <= ?");
  if (auto done = query.Int(last_id).Run(); !done) return Fail(std::move(done).error());
  return rows;
}

}  // namespace insightd::store
