#include "bare_results.h"

#include <endian.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

#include "base/clock.h"
#include "store/decide.h"
#include "store/pack_id.h"

namespace insightd::bench {
namespace {

using store::ClusterResult;
using store::Hit;

// PostgreSQL's numbers of its types.
enum Type : std::uint32_t {
  kLong = 20,
  kInt = 23,
  kText = 25,
  kAt = 1114,
};
constexpr std::uint32_t kLongs = 1016, kInts = 1007, kTexts = 1009, kAts = 1115;
constexpr std::chrono::seconds kTo2000{946'684'800};
constexpr std::size_t kHeaderBytes = 20;

// In columns_. Of each result, then of each hit.
enum Place : std::size_t {
  kOrg,
  kCluster,
  kReport,
  kChecked,
  kVersion,
  kRequest,
  kPack,
  kHits,
  kPasses,
  kSkips,
  kErrors,
  kHitOrg,
  kHitCluster,
  kComponent,
  kRule,
  kKey,
  kDetails,
  kPlaces
};
constexpr std::array<std::uint32_t, kPlaces> kElements = {kInt,  kText, kText, kAt,   kText, kText,
                                                          kLong, kInt,  kInt,  kInt,  kInt,  kInt,
                                                          kText, kText, kText, kText, kText};

struct Statement {
  const char* name;
  const char* sql;
  std::vector<std::uint32_t> types;
};

// In this order: what is released, and which result is the one before, stands in insightd_cluster.
const std::vector<Statement>& Statements() {
  static const std::vector<Statement> statements = {
      {"begin", "BEGIN", {}},
      {"released",
       "INSERT INTO insightd_released(archive, since) SELECT archive, $2 FROM insightd_cluster "
       "WHERE cluster = ANY($1) AND archive <> ''",
       {kTexts, kAt}},
      {"upload",
       "INSERT INTO insightd_upload(request_id, org_id, cluster, last_checked_at, outcome, "
       "ended_at, previous, archive, pack, hits, passes, skips, errors) "
       "SELECT u.request, u.org, u.cluster, u.checked, 0, $10, c.request_id, '.', u.pack, u.hits, "
       "u.passes, u.skips, u.errors FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "
       "AS u(request, org, cluster, checked, pack, hits, passes, skips, errors) "
       "LEFT JOIN insightd_cluster c ON c.cluster = u.cluster",
       {kTexts, kInts, kTexts, kAts, kLongs, kInts, kInts, kInts, kInts, kAt}},
      {"report",
       "INSERT INTO report SELECT org, cluster, report, $5, checked, 0, checked "
       "FROM unnest($1, $2, $3, $4) AS u(org, cluster, report, checked) "
       "ON CONFLICT (cluster) DO UPDATE SET org_id = excluded.org_id, report = excluded.report, "
       "reported_at = excluded.reported_at, last_checked_at = excluded.last_checked_at, "
       "gathered_at = excluded.gathered_at",
       {kInts, kTexts, kTexts, kAts, kAt}},
      {"info",
       "INSERT INTO report_info SELECT * FROM unnest($1, $2, $3) ON CONFLICT (cluster_id) "
       "DO UPDATE SET org_id = excluded.org_id, version_info = excluded.version_info",
       {kInts, kTexts, kTexts}},
      {"hit",
       "INSERT INTO rule_hit SELECT *, $6 FROM unnest($1, $2, $3, $4, $5) "
       "ON CONFLICT (cluster_id, org_id, rule_fqdn, error_key) "
       "DO UPDATE SET template_data = excluded.template_data",
       {kInts, kTexts, kTexts, kTexts, kTexts, kAt}},
      {"recommendation",
       "INSERT INTO recommendation SELECT org, cluster, rule, key, rule || '|' || key, $5, $5 "
       "FROM unnest($1, $2, $3, $4) AS u(org, cluster, rule, key) "
       "ON CONFLICT (org_id, cluster_id, rule_fqdn, error_key) "
       "DO UPDATE SET created_at = excluded.created_at",
       {kInts, kTexts, kTexts, kTexts, kAt}},
      {"cluster",
       "INSERT INTO insightd_cluster(org_id, cluster, request_id, last_checked_at, reported_at, "
       "gathered_at, version, archive, hits, passes, skips, errors) SELECT org, cluster, request, "
       "checked, $10, checked, version, request, hits, passes, skips, errors "
       "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "
       "AS u(org, cluster, request, checked, version, hits, passes, skips, errors) "
       "ON CONFLICT (cluster) DO UPDATE SET org_id = excluded.org_id, "
       "request_id = excluded.request_id, last_checked_at = excluded.last_checked_at, "
       "reported_at = excluded.reported_at, gathered_at = excluded.gathered_at, "
       "version = excluded.version, archive = excluded.archive, hits = excluded.hits, "
       "passes = excluded.passes, skips = excluded.skips, errors = excluded.errors",
       {kInts, kTexts, kTexts, kAts, kTexts, kInts, kInts, kInts, kInts, kAt}},
      {"commit", "COMMIT", {}},
  };
  return statements;
}

template <class Number>
Number Turned(Number value) {
  if constexpr (sizeof(Number) == 4) return static_cast<Number>(htobe32(value));
  return static_cast<Number>(htobe64(value));
}

std::int64_t TimestampOf(Time time) { return (time - kTo2000).time_since_epoch().count(); }

[[noreturn]] void Give(const char* doing, PGconn* connection) {
  fmt::print(stderr, "bare: {}: {}\n", doing, PQerrorMessage(connection));
  std::exit(1);
}

}  // namespace

void Column::Clear() {
  size_ = 0;
  bytes_.resize(kHeaderBytes);
}

template <class Number>
void Column::Add(Number value) {
  struct [[gnu::packed]] {
    std::int32_t length = Turned(static_cast<std::int32_t>(sizeof(Number)));
    Number number;
  } element;
  element.number = Turned(value);
  bytes_.append(reinterpret_cast<const char*>(&element), sizeof element);
  ++size_;
}

void Column::At(Time value) { Add(TimestampOf(value)); }

void Column::Text(std::string_view value) {
  const std::int32_t length = Turned(static_cast<std::int32_t>(value.size()));
  bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
  bytes_.append(value);
  ++size_;
}

std::string_view Column::Bytes() {
  // Dimensions, nulls, the element's type, how many, the first one's number.
  const std::array<std::int32_t, 5> header = {Turned(size_ == 0 ? 0 : 1), 0,
                                              Turned(static_cast<std::int32_t>(element_)),
                                              Turned(size_), Turned(1)};
  static_assert(sizeof header == kHeaderBytes);
  std::memcpy(bytes_.data(), header.data(), sizeof header);
  return {bytes_.data(), size_ == 0 ? 3 * sizeof(std::int32_t) : bytes_.size()};
}

void BareResults::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

BareResults::BareResults(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str())), columns_(kElements.begin(), kElements.end()) {
  PGconn* const connection = connection_.get();
  if (PQstatus(connection) != CONNECTION_OK) Give("connect", connection);
  // As our store's: small statements on large tables.
  PQclear(PQexec(connection,
                 "SET timezone = 'UTC'; SET enable_seqscan = off; SET enable_hashjoin = off; "
                 "SET enable_mergejoin = off"));
  for (const Statement& statement : Statements()) {
    PGresult* prepared =
        PQprepare(connection, statement.name, statement.sql,
                  static_cast<int>(statement.types.size()), statement.types.data());
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK) Give(statement.name, connection);
    PQclear(prepared);
  }
  if (PQenterPipelineMode(connection) != 1) Give("pipeline", connection);
}

void BareResults::Send(const char* statement, const std::vector<std::string_view>& values) {
  constexpr std::size_t kValuesMax = 10;
  static constexpr std::array<int, kValuesMax> kBinary = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  std::array<const char*, kValuesMax> bytes{};
  std::array<int, kValuesMax> lengths{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    bytes[i] = values[i].data();
    lengths[i] = static_cast<int>(values[i].size());
  }
  if (PQsendQueryPrepared(connection_.get(), statement, static_cast<int>(values.size()),
                          bytes.data(), lengths.data(), kBinary.data(), 1) != 1) {
    Give(statement, connection_.get());
  }
}

void BareResults::Put(const std::vector<ClusterResult>& batch) {
  for (Column& column : columns_) column.Clear();
  for (const ClusterResult& result : batch) {
    const auto org = static_cast<std::int32_t>(result.org_id);
    columns_[kOrg].Int(org);
    columns_[kCluster].Text(result.cluster);
    columns_[kReport].Text(result.report);
    columns_[kChecked].At(result.last_checked);
    columns_[kVersion].Text(*result.version);
    columns_[kRequest].Text(result.request_id);
    columns_[kPack].Long(store::PackIdOf(result.pack));
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const Hit& hit : result.hits) {
      if (!seen.emplace(hit.component, hit.key).second) continue;
      columns_[kHitOrg].Int(org);
      columns_[kHitCluster].Text(result.cluster);
      columns_[kComponent].Text(hit.component);
      columns_[kRule].Text(store::RuleOf(hit.component));
      columns_[kKey].Text(hit.key);
      columns_[kDetails].Text(hit.details);
    }
    columns_[kHits].Int(static_cast<std::int32_t>(seen.size()));
    columns_[kPasses].Int(result.counts.passes);
    columns_[kSkips].Int(result.counts.skips);
    columns_[kErrors].Int(result.counts.errors);
  }
  const std::int64_t time = Turned(TimestampOf(SystemClock().Now()));
  const std::string_view now(reinterpret_cast<const char*>(&time), sizeof time);
  std::array<std::string_view, kPlaces> of;
  for (std::size_t i = 0; i < kPlaces; ++i) of[i] = columns_[i].Bytes();

  Send("begin", {});
  Send("released", {of[kCluster], now});
  Send("upload", {of[kRequest], of[kOrg], of[kCluster], of[kChecked], of[kPack], of[kHits],
                  of[kPasses], of[kSkips], of[kErrors], now});
  Send("report", {of[kOrg], of[kCluster], of[kReport], of[kChecked], now});
  Send("info", {of[kOrg], of[kCluster], of[kVersion]});
  Send("hit", {of[kHitOrg], of[kHitCluster], of[kComponent], of[kKey], of[kDetails], now});
  Send("recommendation", {of[kHitOrg], of[kHitCluster], of[kRule], of[kKey], now});
  Send("cluster", {of[kOrg], of[kCluster], of[kRequest], of[kChecked], of[kVersion], of[kHits],
                   of[kPasses], of[kSkips], of[kErrors], now});
  Send("commit", {});

  PGconn* const connection = connection_.get();
  if (PQpipelineSync(connection) != 1) Give("send", connection);
  for (std::size_t left = Statements().size() + 1; left > 0; --left) {
    PGresult* result = PQgetResult(connection);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_SYNC) Give("batch", connection);
    PQclear(result);
    // Behind the answer to each statement stands its end.
    if (status == PGRES_COMMAND_OK) PQgetResult(connection);
  }
}

}  // namespace insightd::bench
