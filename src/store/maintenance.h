// Work on whole tables beside the roles: what is old is listed and deleted, tables are read out.
//
// For `insightd clean`, `insightd export` and the programs whose place they take; not part of
// Store: it has connections of its own, needs no duty, and runs beside writers, whose rows it locks
// in the order of their clusters and for one batch only.
//
// * It asks nothing of the schema but the tables that a call names, so that databases of other
//   versions, and those without tables of ours, are cleaned and exported too. What is ours
//   (`insightd_…`) is cleaned along: the head of a cluster goes with its report, and the archive
//   that it named is released.
// * Memory does not grow with tables: rows are visited as they come. What a visit is given is valid
//   during the visit; an error that it returns ends the call, which returns it.
// * Errors as in store.h. kNotFound: a table is not there. kInvalid: an age that is none.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::store {

// ---- Old rows ----

struct OldReport {
  std::int64_t org_id = 0;
  std::string_view cluster = {};
  std::optional<Time> reported = {};
  std::optional<Time> last_checked = {};
};

struct OldRating {
  std::string_view org_id = {};
  std::string_view rule_fqdn = {};
  std::string_view error_key = {};
  std::optional<std::int64_t> rating = {};
  std::optional<Time> updated = {};
};

struct OldConsumerError {
  std::string_view topic = {};
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string_view> key = {};
  std::optional<Time> consumed = {};
  std::optional<std::string_view> message = {};
};

template <class Row>
using Visit = std::function<Result<void>(const Row&)>;

// ---- Deleting ----

enum class Part : std::uint8_t { kResults, kWorkloads };

// Of a cluster, in the order in which its rows go: `report` last, for others refer to it.
inline constexpr std::array<std::string_view, 7> kResultsTables = {
    "cluster_rule_toggle",
    "cluster_rule_user_feedback",
    "cluster_user_rule_disable_feedback",
    "rule_hit",
    "recommendation",
    "report_info",
    "report"};
inline constexpr std::array<std::string_view, 1> kWorkloadsTables = {"dvo.dvo_report"};

constexpr std::span<const std::string_view> TablesOf(Part part) {
  if (part == Part::kResults) return kResultsTables;
  return kWorkloadsTables;
}

// What was deleted of one cluster, a number for each of TablesOf; -1: there is no such table.
struct ClusterDeletion {
  std::string cluster = {};
  std::vector<std::int64_t> rows = {};
};

// Tables that are cleaned by age, in the order in which it has to be done.
enum class AgedTable : std::uint8_t {
  kRuleHit,         // of reports that are older; and those without a report
  kReport,          // reported_at
  kConsumerError,   // consumed_at
  kRecommendation,  // created_at
  kWorkloads        // last_checked_at
};
inline constexpr std::array<AgedTable, 5> kAgedTables = {
    AgedTable::kRuleHit, AgedTable::kReport, AgedTable::kConsumerError, AgedTable::kRecommendation,
    AgedTable::kWorkloads};

constexpr std::string_view NameOf(AgedTable table) {
  switch (table) {
    case AgedTable::kRuleHit: return "rule_hit";
    case AgedTable::kReport: return "report";
    case AgedTable::kConsumerError: return "consumer_error";
    case AgedTable::kRecommendation: return "recommendation";
    case AgedTable::kWorkloads: return "dvo.dvo_report";
  }
  __builtin_unreachable();
}

// A rule that has several rows of one cluster in a table.
struct RepeatedDisable {
  std::string_view table = {};
  std::int64_t org_id = -1;  // of the cluster's report; -1: there is none
  std::string_view cluster = {};
  std::string_view rule = {};
  std::int64_t rows = 0;
};

// ---- Reading tables out ----

enum class ColumnKind : std::uint8_t {
  kText,
  kInteger,    // 64 bits, or 16
  kInteger32,  // what exporters print as 0 when it is null
  kBool,
  kTime,
  kBytes
};

struct Column {
  std::string name = {};
  ColumnKind kind = ColumnKind::kText;
  std::string type = {};  // as the database names it: "VARCHAR", "TIMESTAMP"
};

struct Table {
  std::string name = {};    // unique; "report", "dvo_report" on every database
  std::string schema = {};  // "public"; empty where there are none
  std::string relation = {};
  bool own = false;                  // `insightd_…`
  bool workloads = false;            // of the part that is no part of the upstream exporter's
  std::vector<Column> columns = {};  // in the order of the table
};

struct Value {
  bool null = true;
  std::int64_t number = 0;     // of integers, bool; of times: microseconds since 1970
  std::string_view text = {};  // of texts and bytes
};
using Row = std::span<const Value>;

// Times without end, as a number.
inline constexpr std::int64_t kInfinity = INT64_MAX;
inline constexpr std::int64_t kMinusInfinity = INT64_MIN;

struct Selection {
  // Only rows of these organisations: by their own column, else by their cluster's report. Tables
  // that have neither give no row, but those that only hold a version.
  std::optional<std::vector<std::uint64_t>> organizations = {};
  std::int64_t rows_max = 0;  // 0: all
};

struct DisabledRule {
  std::string rule = {};
  std::int64_t count = 0;
};

// What the database held at one moment, until it goes. It lives shorter than its Maintenance, of
// which no other call is made meanwhile.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // In the order of the catalogue.
  virtual Result<std::vector<Table>> Tables() = 0;
  virtual Result<std::int64_t> Count(const Table& table, const Selection& selection) = 0;
  // Gives the number of rows.
  virtual Result<std::int64_t> Read(const Table& table, const Selection& selection,
                                    const Visit<Row>& visit) = 0;
  // Rules that were acknowledged more than once, most often first.
  virtual Result<std::vector<DisabledRule>> DisabledRules(const Selection& selection) = 0;
};

class Maintenance {
 public:
  virtual ~Maintenance() = default;

  // The moment that is `age` ago by the clock of the database. `age` as PostgreSQL reads an
  // interval: "90 days", "3 months 2 days", "36:00"; interval.h has what every database takes.
  virtual Result<Time> TimeBefore(std::string_view age) = 0;

  // Oldest first.
  virtual Result<void> OldReports(Time before, const Visit<OldReport>& visit) = 0;
  virtual Result<void> OldWorkloads(Time before, const Visit<OldReport>& visit) = 0;
  virtual Result<void> OldRatings(Time before, const Visit<OldRating>& visit) = 0;
  virtual Result<void> OldConsumerErrors(Time before, const Visit<OldConsumerError>& visit) = 0;

  // How many clusters a call of DeleteClusters takes well: more are one long transaction, which
  // others wait for, and memory.
  virtual std::size_t clusters_at_once() const = 0;
  // Deletes all of these clusters in one transaction; the answers have their order. `old_before`
  // (of kResults): only those whose report was stored before, which is looked at in the same
  // transaction; of the others nothing goes and their `rows` are empty.
  virtual Result<std::vector<ClusterDeletion>> DeleteClusters(
      Part part, std::span<const std::string> clusters,
      std::optional<Time> old_before = std::nullopt) = 0;
  // How many rows of each of kResultsTables DeleteClusters would take of all clusters whose report
  // was stored before; of `rule_hit` and `recommendation` only those that CountOld does not count,
  // so that both together are what is deleted by both.
  virtual Result<std::vector<std::int64_t>> CountOldClusters(Time before) = 0;

  // Deletes in short transactions where the database can, else in one; gives the number of rows.
  virtual Result<std::int64_t> DeleteOld(AgedTable table, Time before) = 0;
  // How many that would be now.
  virtual Result<std::int64_t> CountOld(AgedTable table, Time before) = 0;

  // First of `cluster_rule_toggle`, then of `cluster_user_rule_disable_feedback`; most rows first.
  virtual Result<void> RepeatedDisables(const Visit<RepeatedDisable>& visit) = 0;

  // Gives the room of deleted rows back; takes long.
  virtual Result<void> Vacuum() = 0;

  // Inserts one of the fixed rows that testers know (src/app/compat/cleaner); on its own.
  virtual Result<void> InsertTestRow(std::string_view table, std::int64_t org_id,
                                     std::string_view cluster, std::string_view namespace_id,
                                     std::int64_t recommendations, std::int64_t objects,
                                     Time at) = 0;

  virtual Result<std::unique_ptr<Snapshot>> TakeSnapshot() = 0;
};

}  // namespace insightd::store
