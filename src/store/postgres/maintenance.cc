#include "store/postgres/maintenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "store/postgres/connection.h"
#include "store/postgres/snapshot.h"

namespace insightd::store {
namespace {

using pg::Columns;
using pg::Connection;
using pg::Params;
using pg::Pipeline;
using pg::Rows;

// Rows of a list that are in memory at once. Messages of consumer errors may be large.
constexpr int kListedRows = 1'000;
constexpr int kListedErrors = 16;
// Tries of a transaction that lost a race against a writer.
constexpr int kRacesMax = 5;
constexpr std::size_t kClustersAtOnce = 5'000;

// Who is slow to take rows is no broken connection.
constexpr const char* kPatience =
    "SET idle_in_transaction_session_timeout = 0; SET tcp_user_timeout = 0";

constexpr std::string_view kOldReports =
    "SELECT org_id::int8, cluster::text, reported_at, last_checked_at FROM report "
    "WHERE reported_at < $1 ORDER BY reported_at";
constexpr std::string_view kOldWorkloads =
    "SELECT org_id::int8, cluster_id::text, reported_at, last_checked_at FROM dvo.dvo_report "
    "WHERE reported_at < $1 ORDER BY reported_at";
constexpr std::string_view kOldRatings =
    "SELECT org_id::text, rule_fqdn::text, error_key::text, rating::int8, last_updated_at "
    "FROM advisor_ratings WHERE last_updated_at < $1 ORDER BY last_updated_at";
constexpr std::string_view kOldErrors =
    "SELECT topic::text, partition::int8, topic_offset::int8, key::text, consumed_at, "
    "message::text FROM consumer_error WHERE consumed_at < $1 ORDER BY consumed_at";

std::string KeyOf(std::string_view table) { return table == "report" ? "cluster" : "cluster_id"; }

// The keys of these tables begin with the organisation, which a list of clusters does not say.
constexpr bool IsKeyedByOrganization(std::string_view table) {
  return table == "recommendation" || table == "dvo.dvo_report";
}

// Of what a table has, by organisation and cluster; {2}: which.
constexpr std::string_view kGatherPlaces =
    "CREATE TEMPORARY TABLE {0} AS SELECT DISTINCT t.org_id, t.cluster_id AS cluster FROM {1} "
    "t{2}; "
    "CREATE INDEX ON {0} (cluster); ANALYZE {0}";
// Strays: what an interrupted cleaning, a removed result or a cluster that moved has left.
constexpr std::string_view kHasNoReport =
    " WHERE NOT EXISTS (SELECT FROM report r WHERE r.cluster = t.cluster_id "
    "AND r.org_id = t.org_id)";
constexpr std::string_view kOfReports =
    "SELECT r.org_id, r.cluster FROM unnest($1) AS n(cluster) "
    "JOIN report r ON r.cluster = n.cluster";
constexpr std::string_view kOfGathered =
    "SELECT s.org_id, s.cluster FROM unnest($1) AS n(cluster) JOIN {} s ON s.cluster = n.cluster";

// For one statement. Left to itself the server reads a table of some hundred thousand rows whole
// for each list; this way a list costs what it deletes, whatever the size of the table.
constexpr std::string_view kByKeysAlone =
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true)";
constexpr std::string_view kByAnyPlan =
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true), "
    "set_config('enable_mergejoin', 'on', true)";

// What is left when rows of reports are gone.
constexpr std::string_view kHeadsGo =
    "heads AS (DELETE FROM insightd_cluster c USING gone WHERE c.cluster = gone.cluster "
    "RETURNING c.archive), "
    "freed AS (INSERT INTO insightd_released(archive, since) "
    "SELECT archive, now() AT TIME ZONE 'utc' FROM heads WHERE archive <> '')";
// A recommendation that is there has no row of its own there, so what would be left says nothing.
constexpr std::string_view kChangesGo =
    ", changes AS (DELETE FROM insightd_change h USING gone WHERE h.cluster = gone.cluster)";

// Which rows DeleteOld takes, and from where.
struct Aged {
  std::string_view from;
  std::string_view where;
};

Aged AgedOf(AgedTable table) {
  switch (table) {
    case AgedTable::kRuleHit:
      return {"rule_hit t",
              "NOT EXISTS (SELECT FROM report r WHERE r.cluster = t.cluster_id "
              "AND r.org_id = t.org_id AND (r.reported_at < $1) IS NOT TRUE)"};
    case AgedTable::kReport: return {"report t", "t.reported_at < $1"};
    case AgedTable::kConsumerError: return {"consumer_error t", "t.consumed_at < $1"};
    case AgedTable::kRecommendation: return {"recommendation t", "t.created_at < $1"};
    case AgedTable::kWorkloads: return {"dvo.dvo_report t", "t.last_checked_at < $1"};
  }
  __builtin_unreachable();
}

class PostgresMaintenance final : public Maintenance {
 public:
  explicit PostgresMaintenance(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  Result<Time> TimeBefore(std::string_view age) override {
    const auto rows =
        connection_->Run("SELECT localtimestamp - $1::text::interval", Params().Text(age));
    if (rows) return rows->TimeAt(0, 0);
    if (rows.error().code() != Code::kInvalid) return Fail(rows.error());
    return Fail(Code::kInvalid, fmt::format("`{}` is no age: write it as \"90 days\" ({})", age,
                                            rows.error().message()));
  }

  Result<void> OldReports(Time before, const Visit<OldReport>& visit) override {
    return VisitReports(kOldReports, before, visit);
  }
  Result<void> OldWorkloads(Time before, const Visit<OldReport>& visit) override {
    return VisitReports(kOldWorkloads, before, visit);
  }
  Result<void> OldRatings(Time before, const Visit<OldRating>& visit) override {
    return List(kOldRatings, before, kListedRows, [&](const Rows& rows, std::size_t row) {
      return visit(
          {.org_id = rows.TextAt(row, 0),
           .rule_fqdn = rows.TextAt(row, 1),
           .error_key = rows.TextAt(row, 2),
           .rating = rows.IsNull(row, 3) ? std::nullopt : std::optional(rows.IntAt(row, 3)),
           .updated = rows.OptionalTimeAt(row, 4)});
    });
  }
  Result<void> OldConsumerErrors(Time before, const Visit<OldConsumerError>& visit) override {
    const auto text = [](const Rows& rows, std::size_t row, int column) {
      return rows.IsNull(row, column) ? std::nullopt : std::optional(rows.TextAt(row, column));
    };
    return List(kOldErrors, before, kListedErrors, [&](const Rows& rows, std::size_t row) {
      return visit({.topic = rows.TextAt(row, 0),
                    .partition = rows.IntAt(row, 1),
                    .offset = rows.IntAt(row, 2),
                    .key = text(rows, row, 3),
                    .consumed = rows.OptionalTimeAt(row, 4),
                    .message = text(rows, row, 5)});
    });
  }

  std::size_t clusters_at_once() const override { return kClustersAtOnce; }
  Result<std::vector<ClusterDeletion>> DeleteClusters(Part part,
                                                      std::span<const std::string> clusters,
                                                      std::optional<Time> old_before) override {
    return Retried([&] { return TryDeleteClusters(part, clusters, old_before); });
  }

  Result<std::vector<std::int64_t>> CountOldClusters(Time before) override {
    std::vector<std::int64_t> counts;
    for (const std::string_view table : kResultsTables) {
      const auto there = Exists(table);
      if (!there) return Fail(there.error());
      counts.push_back(-1);
      if (!*there) continue;
      counts.back() = 0;
      if (table == "rule_hit") continue;  // CountOld counts all of these
      const auto rows = connection_->Run(
          table == "report"
              ? std::string("SELECT count(*) FROM report WHERE reported_at < $1")
              : fmt::format("SELECT count(*) FROM {} t JOIN report r ON r.cluster = t.cluster_id "
                            "WHERE r.reported_at < $1{}",
                            table,
                            table == "recommendation"
                                ? " AND t.org_id = r.org_id AND (t.created_at < $1) IS NOT TRUE"
                                : ""),
          Params().At(before));
      if (!rows) return Fail(rows.error());
      counts.back() = rows->IntAt(0, 0);
    }
    return counts;
  }

  Result<std::int64_t> DeleteOld(AgedTable table, Time before) override {
    return Retried([&]() -> Result<std::int64_t> {
      const Aged aged = AgedOf(table);
      const auto own =
          Exists(table == AgedTable::kWorkloads ? "insightd_workloads" : "insightd_cluster");
      if (!own) return Fail(own.error());
      std::string sql = fmt::format("DELETE FROM {} WHERE {}", aged.from, aged.where);
      if (table == AgedTable::kReport && *own) {
        const auto going = OwnRowsGo();
        if (!going) return Fail(going.error());
        sql = fmt::format("WITH gone AS ({} RETURNING t.cluster), {} SELECT count(*) FROM gone",
                          sql, *going);
      } else if (table == AgedTable::kWorkloads && *own) {
        sql = fmt::format(
            "WITH gone AS ({} RETURNING 1), "
            "heads AS (DELETE FROM insightd_workloads WHERE last_checked_at < $1) "
            "SELECT count(*) FROM gone",
            sql);
      }
      const auto rows = connection_->Run(sql, Params().At(before));
      if (!rows) return Fail(rows.error());
      return rows->empty() ? static_cast<std::int64_t>(rows->changed()) : rows->IntAt(0, 0);
    });
  }

  Result<std::int64_t> CountOld(AgedTable table, Time before) override {
    const Aged aged = AgedOf(table);
    const auto rows =
        connection_->Run(fmt::format("SELECT count(*) FROM {} WHERE {}", aged.from, aged.where),
                         Params().At(before));
    if (!rows) return Fail(rows.error());
    return rows->IntAt(0, 0);
  }

  Result<void> RepeatedDisables(const Visit<RepeatedDisable>& visit) override {
    for (const std::string_view table :
         {"cluster_rule_toggle", "cluster_user_rule_disable_feedback"}) {
      const std::string sql = fmt::format(
          "SELECT coalesce(r.org_id, -1)::int8, d.cluster_id::text, d.rule_id::text, d.rows "
          "FROM (SELECT cluster_id, rule_id, count(*) AS rows FROM {} GROUP BY cluster_id, rule_id "
          "HAVING count(*) > 1) d LEFT JOIN report r ON r.cluster = d.cluster_id "
          "ORDER BY d.rows DESC, d.cluster_id, d.rule_id",
          table);
      auto done = List(sql, std::nullopt, kListedRows, [&](const Rows& rows, std::size_t row) {
        return visit({.table = table,
                      .org_id = rows.IntAt(row, 0),
                      .cluster = rows.TextAt(row, 1),
                      .rule = rows.TextAt(row, 2),
                      .rows = rows.IntAt(row, 3)});
      });
      if (!done) return done;
    }
    return {};
  }

  Result<void> Vacuum() override {
    const auto done = connection_->Execute("VACUUM VERBOSE");
    if (!done) return Fail(done.error());
    return {};
  }

  Result<void> InsertTestRow(std::string_view table, std::int64_t org_id, std::string_view cluster,
                             std::string_view namespace_id, std::int64_t recommendations,
                             std::int64_t objects, Time at) override {
    const auto insert = [&](std::string_view sql, Params params) -> Result<void> {
      const auto done = connection_->Run(sql, std::move(params));
      if (!done) return Fail(done.error());
      return {};
    };
    if (table == "report") {
      return insert(
          "INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at, kafka_offset) "
          "VALUES ($1, $2, '', $3, $3, 10)",
          Params().Int(org_id).Text(cluster).At(at));
    }
    if (table == "cluster_rule_toggle") {
      return insert(
          "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, user_id, disabled, disabled_at, "
          "enabled_at, updated_at) VALUES ($1, 1, 1, 0, $2, $2, $2)",
          Params().Text(cluster).At(at));
    }
    if (table == "cluster_rule_user_feedback") {
      return insert(
          "INSERT INTO cluster_rule_user_feedback(cluster_id, rule_id, user_id, message, "
          "user_vote, added_at, updated_at) VALUES ($1, 1, 1, 'foobar', 1, $2, $2)",
          Params().Text(cluster).At(at));
    }
    if (table == "cluster_user_rule_disable_feedback") {
      return insert(
          "INSERT INTO cluster_user_rule_disable_feedback(cluster_id, user_id, rule_id, message, "
          "added_at, updated_at) VALUES ($1, 1, 1, 'foobar', $2, $2)",
          Params().Text(cluster).At(at));
    }
    if (table == "rule_hit") {
      return insert(
          "INSERT INTO rule_hit(org_id, cluster_id, rule_fqdn, error_key, template_data) "
          "VALUES ($1, $2, 'foo', 'bar', '')",
          Params().Int(org_id).Text(cluster));
    }
    return insert(
        "INSERT INTO dvo.dvo_report(org_id, cluster_id, namespace_id, namespace_name, report, "
        "recommendations, objects, reported_at, last_checked_at, rule_hits_count) "
        "VALUES ($1, $2, $3, 'not set', '', $4, $5, $6, $6, '{}')",
        Params()
            .Int(org_id)
            .Text(cluster)
            .Text(namespace_id)
            .Int(recommendations)
            .Int(objects)
            .At(at));
  }

  Result<std::unique_ptr<Snapshot>> TakeSnapshot() override {
    return pg::TakeSnapshot(*connection_);
  }

 private:
  template <class Work>
  auto Retried(const Work& work) -> decltype(work()) {
    for (int tries = 1;; ++tries) {
      auto done = work();
      if (done) return done;
      static_cast<void>(connection_->Rollback());
      if (done.error().code() != Code::kConflict || tries == kRacesMax) return done;
    }
  }

  // Unqualified names are found as the search path of the connection says.
  Result<bool> Exists(std::string_view table) {
    const auto found = exists_.find(table);
    if (found != exists_.end()) return found->second;
    const auto rows =
        connection_->Run("SELECT to_regclass($1::text) IS NOT NULL", Params().Text(table));
    if (!rows) return Fail(rows.error());
    return exists_.emplace(std::string(table), rows->BoolAt(0, 0)).first->second;
  }

  // What of ours goes with the clusters in `gone`.
  Result<std::string> OwnRowsGo() {
    const auto changes = Exists("insightd_change");
    if (!changes) return Fail(changes.error());
    return fmt::format("{}{}", kHeadsGo, *changes ? kChangesGo : "");
  }

  // Through a cursor, so that only `rows_max` rows are in memory at once.
  Result<void> List(std::string_view sql, std::optional<Time> before, int rows_max,
                    const std::function<Result<void>(const Rows&, std::size_t)>& visit) {
    Pipeline pipeline(*connection_);
    pipeline.Add("BEGIN READ ONLY");
    // A name of its own, since what was prepared for one knows its columns.
    const std::string cursor = fmt::format("listed_{}", ++cursors_);
    pipeline.Add(fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", cursor, sql),
                 before ? Params().At(*before) : Params());
    const auto begun = pipeline.Run();
    Result<void> done = begun ? Result<void>() : Fail(begun.error());
    while (done) {
      const auto rows = connection_->Run(fmt::format("FETCH FORWARD {} FROM {}", rows_max, cursor));
      if (!rows) {
        done = Fail(rows.error());
        break;
      }
      for (std::size_t row = 0; done && row < rows->size(); ++row) done = visit(*rows, row);
      if (rows->size() < static_cast<std::size_t>(rows_max)) break;
    }
    const auto ended = connection_->Rollback();
    return done ? ended : done;
  }

  Result<void> VisitReports(std::string_view sql, Time before, const Visit<OldReport>& visit) {
    return List(sql, before, kListedRows, [&](const Rows& rows, std::size_t row) {
      return visit({.org_id = rows.IntAt(row, 0),
                    .cluster = rows.TextAt(row, 1),
                    .reported = rows.OptionalTimeAt(row, 2),
                    .last_checked = rows.OptionalTimeAt(row, 3)});
    });
  }

  // The statement that gives organisation and cluster of all rows that clusters ($1) have in a
  // table whose key needs both. Those of recommendations are where the report is and, unless
  // `reports_only`, where strays are; workloads need no report. What no report tells is gathered
  // once, whatever the number of lists: that reads the table once and is put aside in the server,
  // where it costs no memory of ours. Rows in places that come later stay. Empty: there is no need,
  // or no way but to read the table for each list (a user who may not make temporary tables).
  Result<std::string> PlacesIn(std::string_view table, bool reports_only) {
    if (!IsKeyedByOrganization(table)) return std::string();
    const auto reports = Exists("report");
    if (!reports) return Fail(reports.error());
    std::string places(*reports ? kOfReports : "");
    if (reports_only) return places;
    auto found = gathered_.find(table);
    if (found == gathered_.end()) {
      std::string name = fmt::format("insightd_places_{}", gathered_.size());
      // The reports of workloads may have gone with a list before.
      const bool strays_only = *reports && table == "recommendation";
      const auto done = connection_->Execute(
          fmt::format(kGatherPlaces, name, table, strays_only ? kHasNoReport : ""));
      if (!done) {
        if (connection_->broken()) return Fail(done.error());
        name.clear();
      }
      found = gathered_.emplace(table, std::move(name)).first;
    }
    if (found->second.empty()) return std::string();
    if (!places.empty()) places += " UNION ";
    return places + fmt::format(kOfGathered, found->second);
  }

  // The reports' rows are locked first and in their order, as the writer does it.
  Result<std::vector<std::string>> LockClusters(std::span<const std::string> clusters,
                                                std::optional<Time> old_before) {
    Pipeline pipeline(*connection_);
    pipeline.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
    // By a join: compared one by one with many clusters, a table that is read whole takes long.
    const std::string sql = fmt::format(
        "SELECT r.cluster::text FROM unnest($1) AS u(cluster) "
        "JOIN report r ON r.cluster = u.cluster{} ORDER BY r.cluster FOR UPDATE OF r",
        old_before ? " AND r.reported_at < $2" : "");
    Params params = Columns(pg::Array::Texts(clusters));
    if (old_before) params.At(*old_before);
    pipeline.Add(sql, std::move(params));
    const auto rows = pipeline.Run();
    if (!rows) return Fail(rows.error());
    if (!old_before) return std::vector<std::string>(clusters.begin(), clusters.end());
    std::vector<std::string> locked;
    for (std::size_t row = 0; row < (*rows)[1].size(); ++row) {
      locked.push_back((*rows)[1].StringAt(row, 0));
    }
    return locked;
  }

  Result<std::vector<ClusterDeletion>> TryDeleteClusters(Part part,
                                                         std::span<const std::string> clusters,
                                                         std::optional<Time> old_before) {
    const std::span<const std::string_view> tables = TablesOf(part);
    const auto own = Exists(part == Part::kResults ? "insightd_cluster" : "insightd_workloads");
    if (!own) return Fail(own.error());
    const auto own_rows = OwnRowsGo();
    if (!own_rows) return Fail(own_rows.error());
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const auto exists = Exists(tables[i]);
      if (!exists) return Fail(exists.error());
      if (*exists) there.push_back(i);
    }
    // Where the rows lie, as a statement; empty: to be looked for.
    std::vector<std::string> places;
    for (const std::size_t i : there) {
      auto places_of = PlacesIn(tables[i], old_before.has_value());
      if (!places_of) return Fail(std::move(places_of).error());
      places.push_back(*std::move(places_of));
    }
    std::vector<std::string> going(clusters.begin(), clusters.end());
    if (const auto reports = Exists("report"); reports && *reports && part == Part::kResults) {
      auto locked = LockClusters(clusters, old_before);
      if (!locked) return Fail(std::move(locked).error());
      going = *std::move(locked);
    } else if (const auto begun = connection_->Run("BEGIN"); !begun) {
      return Fail(begun.error());
    }

    Pipeline pipeline(*connection_);
    std::vector<std::size_t> answer_of;  // the statements of tables[there[…]]
    std::size_t added = 0;
    for (std::size_t at = 0; at < there.size(); ++at) {
      const std::string_view table = tables[there[at]];
      const std::string key = KeyOf(table);
      const bool by_organization = !places[at].empty();
      if (by_organization) pipeline.Add(kByKeysAlone);
      pipeline.Add(fmt::format("WITH gone AS (DELETE FROM {} t USING {} WHERE t.{} = u.cluster{} "
                               "RETURNING t.{}) SELECT {}::text, count(*) FROM gone GROUP BY 1",
                               table,
                               by_organization ? fmt::format("({}) u", places[at])
                                               : std::string("unnest($1) AS u(cluster)"),
                               key, by_organization ? " AND t.org_id = u.org_id" : "", key, key),
                   Columns(pg::Array::Texts(going)));
      if (by_organization) pipeline.Add(kByAnyPlan);
      answer_of.push_back(added + (by_organization ? 1 : 0));
      added += by_organization ? 3 : 1;
    }
    if (*own) {
      pipeline.Add(part == Part::kResults
                       ? fmt::format("WITH gone AS (SELECT cluster FROM unnest($1) AS u(cluster)), "
                                     "{} SELECT count(*) FROM heads",
                                     *own_rows)
                       : std::string("DELETE FROM insightd_workloads WHERE cluster = ANY($1)"),
                   Columns(pg::Array::Texts(going)));
    }
    pipeline.Add("COMMIT");
    const auto answers = pipeline.Run();
    if (!answers) return Fail(answers.error());

    std::map<std::string_view, std::vector<std::int64_t>> by_cluster;
    for (const std::string& cluster : going) {
      std::vector<std::int64_t>& rows = by_cluster[cluster];
      rows.assign(tables.size(), -1);
      for (const std::size_t i : there) rows[i] = 0;
    }
    for (std::size_t at = 0; at < there.size(); ++at) {
      const Rows& rows = (*answers)[answer_of[at]];
      for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto found = by_cluster.find(rows.TextAt(row, 0));
        if (found != by_cluster.end()) found->second[there[at]] = rows.IntAt(row, 1);
      }
    }
    std::vector<ClusterDeletion> deleted;
    for (const std::string& cluster : clusters) {
      // Of one that is named twice all is said the first time.
      const auto found = by_cluster.find(cluster);
      deleted.push_back(
          {cluster, found == by_cluster.end() ? std::vector<std::int64_t>() : found->second});
      if (found == by_cluster.end()) continue;
      for (std::int64_t& rows : found->second) rows = std::min<std::int64_t>(rows, 0);
    }
    return deleted;
  }

  std::unique_ptr<Connection> connection_;
  std::map<std::string, bool, std::less<>> exists_;
  // By table the temporary one with its places; empty: there is none.
  std::map<std::string, std::string, std::less<>> gathered_;
  int cursors_ = 0;
};

}  // namespace

Result<std::unique_ptr<Maintenance>> OpenPostgresMaintenance(
    const PostgresMaintenanceOptions& options) {
  auto connection = Connection::Open({.conninfo = options.conninfo,
                                      .password = options.password,
                                      .application = options.application,
                                      .connect_max = options.connect_max,
                                      .statement_max = milliseconds(0),
                                      .read_only = options.read_only});
  if (!connection) return Fail(std::move(connection).error());
  if (auto set = (*connection)->Execute(kPatience); !set) return Fail(std::move(set).error());
  return std::make_unique<PostgresMaintenance>(*std::move(connection));
}

}  // namespace insightd::store
