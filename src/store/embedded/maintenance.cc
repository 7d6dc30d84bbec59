#include "store/embedded/maintenance.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <map>
#include <utility>

#include "base/json_writer.h"
#include "base/sqlite.h"
#include "store/embedded/snapshot.h"
#include "store/interval.h"

namespace insightd::store {
namespace {

// Clusters of one transaction when it is many, so that a process that writes results waits for
// little.
constexpr std::int64_t kWindowRows = 500;
// Each cluster is on pages of its own, and those that a transaction has changed take memory.
constexpr std::size_t kClustersAtOnce = 250;
// What is old is gathered in a file of its own first, since lists may be long.
constexpr const char* kSetup =
    "PRAGMA temp_store=FILE; "
    "CREATE TEMP TABLE insightd_old(id INTEGER PRIMARY KEY, cluster TEXT, org_id INTEGER); "
    "CREATE TEMP TABLE insightd_listed(id INTEGER PRIMARY KEY, org_id INTEGER, cluster TEXT, "
    "reported_at INTEGER, last_checked_at INTEGER)";

constexpr std::string_view kInWindow =
    "(SELECT cluster, org_id FROM temp.insightd_old WHERE id BETWEEN ?1 AND ?2)";

// The heads of clusters whose reports go, with their archives.
constexpr std::string_view kReleaseWindow =
    "INSERT INTO insightd_released(archive, since) SELECT c.archive, ?3 FROM temp.insightd_old o "
    "JOIN insightd_cluster c ON c.org_id = o.org_id AND c.cluster = o.cluster "
    "WHERE o.id BETWEEN ?1 AND ?2 AND c.archive <> ''";

std::string_view LocalName(std::string_view table) {
  return table == "dvo.dvo_report" ? "dvo_report" : table;
}

std::string_view KeyOf(std::string_view table) {
  return table == "report" ? "cluster" : "cluster_id";
}

std::string JsonOf(std::span<const std::string> texts) {
  std::string out;
  json::JsonWriter writer(out);
  writer.BeginArray();
  for (const std::string& text : texts) writer.String(text);
  writer.EndArray();
  return out;
}

class EmbeddedMaintenance final : public Maintenance {
 public:
  EmbeddedMaintenance(std::unique_ptr<sqlite::Database> database, const Clock& clock)
      : clock_(clock), database_(std::move(database)) {}

  Result<void> Prepare() {
    const auto found =
        database_->Number("SELECT count(*) FROM sqlite_schema WHERE name = 'insightd_change'");
    if (!found) return Fail(found.error());
    has_changes_ = *found > 0;
    return database_->Execute(kSetup);
  }

  Result<Time> TimeBefore(std::string_view age) override {
    const auto interval = ParseInterval(age);
    if (!interval) return Fail(interval.error());
    return Before(clock_.Now(), *interval);
  }

  Result<void> OldReports(Time before, const Visit<OldReport>& visit) override {
    return VisitReports(
        "SELECT org_id, cluster, reported_at, last_checked_at FROM report WHERE reported_at < ? "
        "ORDER BY reported_at",
        before, visit);
  }
  Result<void> OldWorkloads(Time before, const Visit<OldReport>& visit) override {
    return VisitReports(
        "SELECT org_id, cluster_id, reported_at, last_checked_at FROM dvo_report "
        "WHERE reported_at < ? ORDER BY reported_at",
        before, visit);
  }
  Result<void> OldRatings(Time before, const Visit<OldRating>& visit) override {
    sqlite::Query query(*database_,
                        "SELECT org_id, rule_fqdn, error_key, rating, last_updated_at "
                        "FROM advisor_ratings WHERE last_updated_at < ? ORDER BY last_updated_at");
    return Each(query.At(before), [&] {
      return visit({.org_id = query.TextAt(0),
                    .rule_fqdn = query.TextAt(1),
                    .error_key = query.TextAt(2),
                    .rating = query.IsNull(3) ? std::nullopt : std::optional(query.IntAt(3)),
                    .updated = query.OptionalTimeAt(4)});
    });
  }
  Result<void> OldConsumerErrors(Time before, const Visit<OldConsumerError>& visit) override {
    sqlite::Query query(*database_,
                        "SELECT topic, partition, topic_offset, key, consumed_at, message "
                        "FROM consumer_error WHERE consumed_at < ? ORDER BY consumed_at");
    const auto text = [&query](int column) {
      return query.IsNull(column) ? std::nullopt : std::optional(query.TextAt(column));
    };
    return Each(query.At(before), [&] {
      return visit({.topic = query.TextAt(0),
                    .partition = query.IntAt(1),
                    .offset = query.IntAt(2),
                    .key = text(3),
                    .consumed = query.OptionalTimeAt(4),
                    .message = text(5)});
    });
  }

  std::size_t clusters_at_once() const override { return kClustersAtOnce; }
  Result<std::vector<ClusterDeletion>> DeleteClusters(Part part,
                                                      std::span<const std::string> clusters,
                                                      std::optional<Time> old_before) override {
    const std::span<const std::string_view> tables = TablesOf(part);
    sqlite::Transaction transaction(*database_);
    if (auto begun = transaction.BeginWrite(); !begun) return Fail(std::move(begun).error());
    std::map<std::string, std::vector<std::int64_t>, std::less<>> by_cluster;
    if (auto gathered = Gather(clusters, old_before); !gathered) {
      return Fail(std::move(gathered).error());
    }
    {
      sqlite::Query query(*database_, "SELECT cluster FROM temp.insightd_old");
      const auto done = Each(query, [&]() -> Result<void> {
        by_cluster[query.StringAt(0)].assign(tables.size(), 0);
        return {};
      });
      if (!done) return Fail(done.error());
    }
    if (part == Part::kResults) {
      if (auto done = ForgetHeads(0, INT64_MAX); !done) return Fail(std::move(done).error());
    } else {
      sqlite::Query query(*database_,
                          "DELETE FROM insightd_workloads "
                          "WHERE cluster IN (SELECT cluster FROM temp.insightd_old)");
      if (auto done = query.Run(); !done) return Fail(std::move(done).error());
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
      // The key of this table begins with the organisation, which is known of old reports.
      const bool by_organization = old_before && tables[i] == "recommendation";
      const std::string_view key = KeyOf(tables[i]);
      sqlite::Query query(
          *database_,
          Kept(by_organization
                   ? std::string("DELETE FROM recommendation WHERE (org_id, cluster_id) IN "
                                 "(SELECT org_id, cluster FROM temp.insightd_old) "
                                 "RETURNING cluster_id")
                   : fmt::format("DELETE FROM {} WHERE {} IN (SELECT cluster FROM "
                                 "temp.insightd_old) RETURNING {}",
                                 LocalName(tables[i]), key, key)));
      const auto done = Each(query, [&]() -> Result<void> {
        const auto found = by_cluster.find(query.TextAt(0));
        if (found != by_cluster.end()) ++found->second[i];
        return {};
      });
      if (!done) return Fail(done.error());
    }
    if (auto done = transaction.Commit(); !done) return Fail(std::move(done).error());

    std::vector<ClusterDeletion> deleted;
    for (const std::string& cluster : clusters) {
      const auto found = by_cluster.find(cluster);
      deleted.push_back(
          {cluster, found == by_cluster.end() ? std::vector<std::int64_t>() : found->second});
      // Of one that is named twice all is said the first time.
      if (found != by_cluster.end()) found->second.assign(tables.size(), 0);
    }
    return deleted;
  }

  Result<std::vector<std::int64_t>> CountOldClusters(Time before) override {
    std::vector<std::int64_t> counts;
    for (const std::string_view table : kResultsTables) {
      if (table == "rule_hit") {
        counts.push_back(0);  // CountOld counts all of these
        continue;
      }
      const auto count = Count(
          table == "report"
              ? std::string("SELECT count(*) FROM report WHERE reported_at < ?")
              : fmt::format("SELECT count(*) FROM report r JOIN {} t ON t.cluster_id = r.cluster{} "
                            "WHERE r.reported_at < ?1",
                            table,
                            table == "recommendation"
                                ? " AND t.org_id = r.org_id AND (t.created_at < ?1) IS NOT TRUE"
                                : ""),
          before);
      if (!count) return Fail(count.error());
      counts.push_back(*count);
    }
    return counts;
  }

  Result<std::int64_t> DeleteOld(AgedTable table, Time before) override {
    switch (table) {
      case AgedTable::kRuleHit: return DeleteOldHits(before);
      case AgedTable::kReport: return DeleteOldReports(before);
      case AgedTable::kConsumerError:
        return InSmallParts(
            "DELETE FROM consumer_error WHERE rowid IN (SELECT rowid "
            "FROM consumer_error WHERE consumed_at < ?1 LIMIT ?2)",
            before);
      case AgedTable::kRecommendation: return DeleteOldRecommendations(before);
      case AgedTable::kWorkloads: {
        auto rows = InSmallParts(
            "DELETE FROM dvo_report WHERE rowid IN (SELECT rowid "
            "FROM dvo_report WHERE last_checked_at < ?1 LIMIT ?2)",
            before);
        if (!rows) return rows;
        sqlite::Query query(*database_, "DELETE FROM insightd_workloads WHERE last_checked_at < ?");
        if (auto done = query.At(before).Run(); !done) return Fail(std::move(done).error());
        return rows;
      }
    }
    __builtin_unreachable();
  }

  Result<std::int64_t> CountOld(AgedTable table, Time before) override {
    switch (table) {
      case AgedTable::kRuleHit:
        return Count(
            "SELECT count(*) FROM rule_hit t WHERE NOT EXISTS (SELECT 1 FROM report r "
            "WHERE r.cluster = t.cluster_id AND r.org_id = t.org_id "
            "AND (r.reported_at < ?) IS NOT TRUE)",
            before);
      case AgedTable::kReport:
        return Count("SELECT count(*) FROM report WHERE reported_at < ?", before);
      case AgedTable::kConsumerError:
        return Count("SELECT count(*) FROM consumer_error WHERE consumed_at < ?", before);
      case AgedTable::kRecommendation:
        return Count("SELECT count(*) FROM recommendation WHERE created_at < ?", before);
      case AgedTable::kWorkloads:
        return Count("SELECT count(*) FROM dvo_report WHERE last_checked_at < ?", before);
    }
    __builtin_unreachable();
  }

  Result<void> RepeatedDisables(const Visit<RepeatedDisable>& visit) override {
    for (const std::string_view table :
         {"cluster_rule_toggle", "cluster_user_rule_disable_feedback"}) {
      sqlite::Query query(
          *database_,
          Kept(fmt::format(
              "SELECT coalesce(r.org_id, -1), d.cluster_id, d.rule_id, d.rows FROM (SELECT "
              "cluster_id, rule_id, count(*) AS rows FROM {} GROUP BY cluster_id, rule_id "
              "HAVING count(*) > 1) d LEFT JOIN report r ON r.cluster = d.cluster_id "
              "ORDER BY d.rows DESC, d.cluster_id, d.rule_id",
              table)));
      const auto done = Each(query, [&] {
        return visit({.table = table,
                      .org_id = query.IntAt(0),
                      .cluster = query.TextAt(1),
                      .rule = query.TextAt(2),
                      .rows = query.IntAt(3)});
      });
      if (!done) return done;
    }
    return {};
  }

  Result<void> Vacuum() override {
    return database_->Execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
  }

  Result<void> InsertTestRow(std::string_view table, std::int64_t org_id, std::string_view cluster,
                             std::string_view namespace_id, std::int64_t recommendations,
                             std::int64_t objects, Time at) override {
    if (table == "report") {
      return sqlite::Query(*database_,
                           "INSERT INTO report(org_id, cluster, report, reported_at, "
                           "last_checked_at, kafka_offset) VALUES (?1, ?2, '', ?3, ?3, 10)")
          .Int(org_id)
          .Text(cluster)
          .At(at)
          .Run();
    }
    if (table == "cluster_rule_toggle") {
      return sqlite::Query(*database_,
                           "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, user_id, "
                           "disabled, disabled_at, enabled_at, updated_at) "
                           "VALUES (?1, '1', '1', 0, ?2, ?2, ?2)")
          .Text(cluster)
          .At(at)
          .Run();
    }
    if (table == "cluster_rule_user_feedback") {
      return sqlite::Query(*database_,
                           "INSERT INTO cluster_rule_user_feedback(cluster_id, rule_id, user_id, "
                           "message, user_vote, added_at, updated_at) "
                           "VALUES (?1, '1', '1', 'foobar', 1, ?2, ?2)")
          .Text(cluster)
          .At(at)
          .Run();
    }
    if (table == "cluster_user_rule_disable_feedback") {
      return sqlite::Query(*database_,
                           "INSERT INTO cluster_user_rule_disable_feedback(cluster_id, user_id, "
                           "rule_id, message, added_at, updated_at) "
                           "VALUES (?1, '1', '1', 'foobar', ?2, ?2)")
          .Text(cluster)
          .At(at)
          .Run();
    }
    if (table == "rule_hit") {
      return sqlite::Query(*database_,
                           "INSERT INTO rule_hit(org_id, cluster_id, rule_fqdn, error_key, "
                           "template_data) VALUES (?1, ?2, 'foo', 'bar', '')")
          .Int(org_id)
          .Text(cluster)
          .Run();
    }
    return sqlite::Query(*database_,
                         "INSERT INTO dvo_report(org_id, cluster_id, namespace_id, "
                         "namespace_name, report, recommendations, objects, reported_at, "
                         "last_checked_at, rule_hits_count) "
                         "VALUES (?1, ?2, ?3, 'not set', '', ?4, ?5, ?6, ?6, '{}')")
        .Int(org_id)
        .Text(cluster)
        .Text(namespace_id)
        .Int(recommendations)
        .Int(objects)
        .At(at)
        .Run();
  }

  Result<std::unique_ptr<Snapshot>> TakeSnapshot() override {
    return TakeEmbeddedSnapshot(*database_, texts_);
  }

 private:
  // For as long as the database may keep its address.
  std::string_view Kept(std::string sql) { return *texts_.insert(std::move(sql)).first; }

  static Result<void> Each(sqlite::Query& query, const std::function<Result<void>()>& row) {
    while (true) {
      const Result<bool> there = query.Step();
      if (!there) return Fail(there.error());
      if (!*there) return {};
      if (auto taken = row(); !taken) return taken;
    }
  }

  // The list is put aside first: who works on what it says for long would else keep the log from
  // being copied back all that time, and it would grow.
  Result<void> VisitReports(std::string_view sql, Time before, const Visit<OldReport>& visit) {
    if (auto done = database_->Execute("DELETE FROM temp.insightd_listed"); !done) return done;
    {
      sqlite::Query list(*database_,
                         Kept(fmt::format("INSERT INTO temp.insightd_listed(org_id, cluster, "
                                          "reported_at, last_checked_at) {}",
                                          sql)));
      if (auto done = list.At(before).Run(); !done) return done;
    }
    sqlite::Query query(*database_,
                        "SELECT org_id, cluster, reported_at, last_checked_at "
                        "FROM temp.insightd_listed ORDER BY id");
    return Each(query, [&] {
      return visit({.org_id = query.IntAt(0),
                    .cluster = query.TextAt(1),
                    .reported = query.OptionalTimeAt(2),
                    .last_checked = query.OptionalTimeAt(3)});
    });
  }

  Result<std::int64_t> Count(std::string sql, Time before) {
    sqlite::Query query(*database_, Kept(std::move(sql)));
    const Result<bool> row = query.At(before).Step();
    if (!row) return Fail(row.error());
    return query.IntAt(0);
  }

  // Fills insightd_old.
  Result<void> Gather(std::span<const std::string> clusters, std::optional<Time> old_before) {
    if (auto done = database_->Execute("DELETE FROM temp.insightd_old"); !done) return done;
    const std::string list = JsonOf(clusters);
    if (old_before) {
      sqlite::Query query(*database_,
                          "INSERT INTO temp.insightd_old(cluster, org_id) SELECT cluster, org_id "
                          "FROM report WHERE cluster IN (SELECT value FROM json_each(?)) "
                          "AND reported_at < ?");
      return query.Text(list).At(*old_before).Run();
    }
    sqlite::Query query(*database_,
                        "INSERT INTO temp.insightd_old(cluster, org_id) "
                        "SELECT DISTINCT j.value, r.org_id FROM json_each(?) j "
                        "LEFT JOIN report r ON r.cluster = j.value");
    return query.Text(list).Run();
  }

  Result<void> ForgetHeads(std::int64_t from, std::int64_t to) {
    sqlite::Query release(*database_, kReleaseWindow);
    if (auto done = release.Int(from).Int(to).At(clock_.Now()).Run(); !done) return done;
    sqlite::Query forget(*database_,
                         Kept(fmt::format("DELETE FROM insightd_cluster WHERE (cluster, org_id) "
                                          "IN {}",
                                          kInWindow)));
    if (auto done = forget.Int(from).Int(to).Run(); !done || !has_changes_) return done;
    // A recommendation that is there has no row of its own there, so what would be left says
    // nothing.
    sqlite::Query changes(*database_,
                          "DELETE FROM insightd_change WHERE cluster IN (SELECT cluster FROM "
                          "temp.insightd_old WHERE id BETWEEN ?1 AND ?2)");
    return changes.Int(from).Int(to).Run();
  }

  // Fills insightd_old with `select`, which gives clusters and organisations.
  Result<std::int64_t> GatherOld(std::string_view select, std::optional<Time> before) {
    if (auto done = database_->Execute("DELETE FROM temp.insightd_old"); !done) {
      return Fail(std::move(done).error());
    }
    sqlite::Query query(
        *database_, Kept(fmt::format("INSERT INTO temp.insightd_old(cluster, org_id) {}", select)));
    if (before) query.At(*before);
    if (auto done = query.Run(); !done) return Fail(std::move(done).error());
    return database_->Number("SELECT coalesce(max(id), 0) FROM temp.insightd_old");
  }

  // Does `work` for one window of insightd_old after the other, each in a transaction of its own;
  // gives the sum of what it gives.
  Result<std::int64_t> InWindows(
      std::int64_t last,
      const std::function<Result<std::int64_t>(std::int64_t, std::int64_t)>& work) {
    std::int64_t sum = 0;
    for (std::int64_t from = 1; from <= last; from += kWindowRows) {
      sqlite::Transaction transaction(*database_);
      if (auto begun = transaction.BeginWrite(); !begun) return Fail(std::move(begun).error());
      const Result<std::int64_t> rows = work(from, from + kWindowRows - 1);
      if (!rows) return rows;
      if (auto done = transaction.Commit(); !done) return Fail(std::move(done).error());
      sum += *rows;
    }
    return sum;
  }

  // A cluster that has reported again since it was gathered stays.
  Result<void> DropRenewed(std::int64_t from, std::int64_t to, Time before) {
    sqlite::Query query(*database_,
                        "DELETE FROM temp.insightd_old WHERE id BETWEEN ?1 AND ?2 AND NOT EXISTS "
                        "(SELECT 1 FROM report r WHERE r.cluster = insightd_old.cluster "
                        "AND r.reported_at < ?3)");
    return query.Int(from).Int(to).At(before).Run();
  }

  Result<std::int64_t> DeleteOldReports(Time before) {
    const auto last = GatherOld("SELECT cluster, org_id FROM report WHERE reported_at < ?", before);
    if (!last) return last;
    return InWindows(*last, [&](std::int64_t from, std::int64_t to) -> Result<std::int64_t> {
      if (auto done = DropRenewed(from, to, before); !done) return Fail(std::move(done).error());
      if (auto done = ForgetHeads(from, to); !done) return Fail(std::move(done).error());
      return Changed(
          Kept(fmt::format("DELETE FROM report WHERE (cluster, org_id) IN {}", kInWindow)), from,
          to);
    });
  }

  Result<std::int64_t> DeleteOldHits(Time before) {
    const std::string_view hits =
        Kept(fmt::format("DELETE FROM rule_hit WHERE (cluster_id, org_id) IN {}", kInWindow));
    auto last = GatherOld("SELECT cluster, org_id FROM report WHERE reported_at < ?", before);
    if (!last) return last;
    const auto of_old =
        InWindows(*last, [&](std::int64_t from, std::int64_t to) -> Result<std::int64_t> {
          if (auto done = DropRenewed(from, to, before); !done) {
            return Fail(std::move(done).error());
          }
          return Changed(hits, from, to);
        });
    if (!of_old) return of_old;
    // Those without a report: what came meanwhile has one, since both come in one transaction.
    constexpr std::string_view kOrphans =
        "SELECT DISTINCT t.cluster_id, t.org_id FROM rule_hit t WHERE NOT EXISTS (SELECT 1 "
        "FROM report r WHERE r.cluster = t.cluster_id AND r.org_id = t.org_id)";
    last = GatherOld(kOrphans, std::nullopt);
    if (!last) return last;
    const auto of_none =
        InWindows(*last, [&](std::int64_t from, std::int64_t to) -> Result<std::int64_t> {
          sqlite::Query query(*database_,
                              "DELETE FROM temp.insightd_old WHERE id BETWEEN ? AND ? AND EXISTS "
                              "(SELECT 1 FROM report r WHERE r.cluster = insightd_old.cluster "
                              "AND r.org_id = insightd_old.org_id)");
          if (auto done = query.Int(from).Int(to).Run(); !done) {
            return Fail(std::move(done).error());
          }
          return Changed(hits, from, to);
        });
    if (!of_none) return of_none;
    return *of_old + *of_none;
  }

  Result<std::int64_t> DeleteOldRecommendations(Time before) {
    const auto last = GatherOld(
        "SELECT DISTINCT cluster_id, org_id FROM recommendation WHERE created_at < ?", before);
    if (!last) return last;
    return InWindows(*last, [&](std::int64_t from, std::int64_t to) -> Result<std::int64_t> {
      sqlite::Query query(*database_,
                          "DELETE FROM recommendation WHERE (org_id, cluster_id) IN (SELECT "
                          "org_id, cluster FROM temp.insightd_old WHERE id BETWEEN ?1 AND ?2) "
                          "AND created_at < ?3");
      if (auto done = query.Int(from).Int(to).At(before).Run(); !done) {
        return Fail(std::move(done).error());
      }
      return database_->Changes();
    });
  }

  Result<std::int64_t> Changed(std::string_view sql, std::int64_t from, std::int64_t to) {
    sqlite::Query query(*database_, sql);
    if (auto done = query.Int(from).Int(to).Run(); !done) return Fail(std::move(done).error());
    return database_->Changes();
  }

  Result<std::int64_t> InSmallParts(std::string_view sql, Time before) {
    std::int64_t sum = 0;
    while (true) {
      sqlite::Query query(*database_, sql);
      if (auto done = query.At(before).Int(kWindowRows).Run(); !done) {
        return Fail(std::move(done).error());
      }
      const std::int64_t rows = database_->Changes();
      sum += rows;
      if (rows < kWindowRows) return sum;
    }
  }

  const Clock& clock_;
  StatementTexts texts_;
  std::unique_ptr<sqlite::Database> database_;
  bool has_changes_ = false;
};

}  // namespace

Result<std::unique_ptr<Maintenance>> OpenEmbeddedMaintenance(
    const EmbeddedMaintenanceOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.path, ignored)) {
    return Fail(Code::kNotFound, fmt::format("{}: there is no such database", options.path));
  }
  auto database = sqlite::Database::Open(options.path, {});
  if (!database) return Fail(std::move(database).error());
  auto maintenance = std::make_unique<EmbeddedMaintenance>(
      *std::move(database), options.clock != nullptr ? *options.clock : SystemClock());
  if (auto prepared = maintenance->Prepare(); !prepared) return Fail(std::move(prepared).error());
  return maintenance;
}

}  // namespace insightd::store
