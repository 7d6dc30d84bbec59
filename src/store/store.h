// Results, what people said about them, dead letters and the history of uploads: the database.
//
// The embedded store (store/embedded: SQLite) and PostgreSQL (store/postgres) keep the same
// contract. The tables of the recommendations (schema version 32) and workloads (4) are those that
// an existing aggregator database has; what is ours lies beside them in tables named `insightd_…`
// with a version of their own, so that other readers of the database go on.
//
// * Once in effect: Put may be called again with what was stored before; nothing changes then.
// * Which is newer is decided here, in the transaction that stores: by `last_checked`; of two equal
//   ones the greater request id counts as newer, so that the outcome does not depend on the order.
// * Done: when a writing call has returned good, its effect is durable. When it failed, nothing of
//   it is there; kTimeout alone leaves that open, and the call may be made again.
// * The other side away, the disk full: kUnavailable, with what is missing in the message.
// * Times are UTC. An organisation is a number of 0 to 4294967295; a cluster is compared as text.
//
// Thread-safe. Writing calls wait for each other; reading calls run beside them and see whole
// transactions only.
#pragma once

#include <algorithm>
#include <cstddef>
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
#include "store/feedback.h"
#include "store/history.h"
#include "store/lookups.h"

namespace insightd::store {

// ---- Results in ----

struct Hit {
  std::string component = {};  // "ccx_rules_ocp.external.rules.x.report"
  std::string key = {};        // "NODE_KUBELET_SKEW_TOO_LARGE"
  std::string details = {};    // JSON text as in the message; empty when absent
};

// How many rules ended how; -1: not known.
struct OutcomeCounts {
  std::int32_t passes = -1;
  std::int32_t skips = -1;
  std::int32_t errors = -1;
};

struct ClusterResult {
  std::int64_t org_id = 0;
  std::string cluster = {};
  std::string request_id = {};  // empty: unknown, then there is no history of this upload
  Time last_checked{};
  std::optional<Time> gathered = {};
  std::string report = {};                  // the `Report` object as JSON text
  std::vector<Hit> hits = {};               // of two with one component and key the first counts
  std::optional<std::string> version = {};  // nothing: what is stored stays
  std::string archive = {};                 // the key of the blob (the request id); empty: not ours
  std::string pack = {};                    // the rule packs that judged it; empty: unknown
  OutcomeCounts counts = {};
  bool empty = false;  // there is no report: only the history notes it, the stored one stays
  // No rule could judge the archive: it takes the place of no result in which one could, and is
  // then noted as `empty`.
  bool nothing_judged = false;
};

enum class PutOutcome : std::uint8_t {
  kStored,  // is now its cluster's result
  kOlder,   // a newer one is stored: only the history notes it
  kSame,    // was stored before
  kEmpty    // `empty`, or nothing judged where something was: noted in the history
};

// ---- Workloads in and out (`dvo_report`) ----

// What the message says about one namespace.
struct NamespaceWorkloads {
  std::string id = {};    // the UID of the namespace
  std::string name = {};  // empty where names are hidden
  std::int32_t recommendations = 0;
  std::int32_t objects = 0;
  // JSON object: by rule (component without `.recommendation`), `|`, key: how many workloads.
  std::string hits = "{}";
};

struct ClusterWorkloads {
  std::int64_t org_id = 0;
  std::string cluster = {};
  std::string request_id = {};  // empty: unknown
  Time last_checked{};
  std::string report = {};                          // the `Metrics` object as JSON text
  std::vector<NamespaceWorkloads> namespaces = {};  // each id once
};

struct StoredWorkloads {
  std::string cluster = {};
  NamespaceWorkloads workloads = {};
  std::optional<Time> reported = {};      // first seen here for this namespace
  std::optional<Time> last_checked = {};  // of the message that it comes from
};

// ---- How an upload ended ----

enum class UploadEnd : std::uint8_t {
  kStored,     // its result is its cluster's current one
  kReplaced,   // its result was stored, and a newer one replaced it
  kOvertaken,  // a newer upload of the cluster was stored before it
  kEmpty,      // its result had nothing to store
  kDeadLetter
};

struct Upload {
  std::string request_id = {};
  std::int64_t org_id = 0;
  std::string cluster = {};  // may be empty for a dead letter
  std::optional<Time> last_checked = {};
  UploadEnd end = UploadEnd::kStored;
  Time ended{};                     // when it was stored, found older, or set aside
  std::int64_t dead_letter_id = 0;  // of kDeadLetter
};

// ---- Reports out ----

struct ReportMeta {
  std::int64_t org_id = 0;
  std::string cluster = {};
  std::string request_id = {};  // empty: unknown
  // Unknown in some rows that others wrote.
  std::optional<Time> last_checked = {};
  std::optional<Time> reported = {};  // when it was stored
  std::optional<Time> gathered = {};
  std::string version = {};  // empty: unknown
  OutcomeCounts counts = {};
  std::int32_t hits = 0;
};

// Its views lie in what its ClusterReport keeps.
struct ReportHit {
  std::string_view component = {};
  std::string_view key = {};
  std::string_view details = {};
  std::optional<Time> created = {};         // first seen here under this component and key
  std::optional<Time> impacted_since = {};  // the same for the recommendation
  bool disabled = false;                    // for this cluster, by a toggle
  std::optional<Time> disabled_at = {};     // of that toggle
  // What the given user said last about this component on this cluster, whatever the key; of the
  // feedback on disabling only that on a hit of this report.
  std::int32_t user_vote = 0;  // -1, 0, 1
  std::string disable_feedback = {};
  std::optional<Time> disable_feedback_at = {};
};

struct ClusterReport {
  ReportMeta meta;
  std::vector<ReportHit> hits = {};        // by component and key
  std::shared_ptr<const void> texts = {};  // of the hits: what their views lie in
};

// Views lie in what is kept with them.
struct TextList {
  std::vector<std::string_view> texts = {};
  std::shared_ptr<const void> kept = {};

  std::size_t size() const { return texts.size(); }
  bool empty() const { return texts.empty(); }
  auto begin() const { return texts.begin(); }
  auto end() const { return texts.end(); }
  bool operator==(const std::vector<std::string>& others) const {
    return std::equal(begin(), end(), others.begin(), others.end());
  }
};

// Views are valid during the visit.
struct FleetHit {
  std::string_view rule = {};  // component without `.report`
  std::string_view key = {};
  bool disabled = false;
};

struct FleetCluster {
  ReportMeta meta;
  std::vector<FleetHit> hits = {};
};

struct RuleCount {
  std::string rule = {};  // component without `.report`
  std::string key = {};
  std::int64_t clusters = 0;           // hit, disabled ones too
  std::int64_t clusters_disabled = 0;  // of these, with this rule disabled
};

struct HitCluster {
  std::string cluster = {};
  std::optional<Time> impacted_since = {};
  std::optional<Time> stored = {};  // both unknown in some rows that others wrote
  std::optional<Time> last_checked = {};
  std::string version = {};  // empty: unknown
  bool disabled = false;
  std::optional<Time> disabled_at = {};
  std::string justification = {};  // the newest feedback on disabling, by any user
};

// ---- Dead letters ----

struct LetterHeader {
  std::string name = {};
  std::optional<std::string> value = {};  // none is not the same as an empty one
};

struct DeadLetter {
  std::int64_t id = 0;  // given by the store, grows
  // Where the record lay that failed: together the identity of the letter.
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  // The record as it came.
  std::string key = {};
  std::string value = {};
  bool no_value = false;  // it had none, which is not the same as an empty one
  std::vector<LetterHeader> headers = {};
  Time produced{};
  std::int64_t value_bytes = 0;  // set when read; also where `value` is left out
  // Why.
  std::string stage = {};   // "unpack", "write"
  std::string code = {};    // CodeName
  std::string reason = {};  // for people
  std::int32_t tries = 1;
  Time first_failed{};
  Time last_failed{};
  std::string build = {};
  // What is known of the upload.
  std::string request_id = {};
  std::optional<std::int64_t> org_id = {};
  std::string cluster = {};
  std::string archive = {};  // the blob that is kept for it; empty: none
};

// What is empty is not asked for.
struct DeadLetterFilter {
  std::string topic = {};
  std::string stage = {};
  std::string code = {};
  std::string cluster = {};
  std::string request_id = {};
  std::int64_t after_id = 0;  // the page begins behind this one
  std::size_t letters_max = 100;
};

// What becomes of the archive of a letter that is dropped.
enum class ArchiveFate : std::uint8_t {
  kReleased,  // may be removed, unless it is its cluster's newest
  kInFlight   // the record goes its way again and needs it
};

// A row of `consumer_error`, for readers of the aggregator's database.
struct ConsumerError {
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string key = {};
  std::string message = {};
  std::string error = {};
  Time produced{};
};

// ---- Archives that are kept ----

// The key of an archive is the request id of its upload.
struct KeptArchive {
  std::int64_t id = 0;       // for ForgetArchives; 0: the newest of `cluster`
  std::string cluster = {};  // of a newest one
  std::string key = {};
  Time since{};  // when its result was replaced, overtaken, dropped; of a newest one: stored
};

enum class ArchiveUse : std::uint8_t {
  kUnknown,    // no result yet, or never announced
  kNewest,     // of its cluster
  kReleased,   // waits in ReleasedArchives
  kDeadLetter  // a dead letter needs it
};

struct SchemaVersions {
  std::int32_t recommendations = 0;
  std::int32_t workloads = 0;
  std::int32_t own = 0;
};

// ---- Duties: work that one process of an installation does at a time ----

enum class Duty : std::uint8_t {
  kResults,    // Put
  kWorkloads,  // PutWorkloads
  kUpkeep      // keeping dead letters, cleaning archives and history
};

constexpr std::string_view DutyName(Duty duty) {
  switch (duty) {
    case Duty::kResults: return "results";
    case Duty::kWorkloads: return "workloads";
    case Duty::kUpkeep: return "upkeep";
  }
  __builtin_unreachable();
}

// A duty that is ours; given back when it goes, which is before its store does.
class Lease {
 public:
  virtual ~Lease() = default;
  // Whether it is still ours. Once lost it stays lost: let it go and take the duty again. Costs
  // little and waits for nothing. Thread-safe.
  virtual bool held() const = 0;
};

// What a writer stores: into a database, or into what stands for one (store/redis).
class Sink {
 public:
  virtual ~Sink() = default;

  // Stores all in one transaction, in order, or nothing. The outcomes have the order of `results`.
  // A row that the database refuses fails the call with kInvalid: the caller finds it by halving.
  // Moves a cluster to another organisation only when its result is newer, and then with what was
  // said about it. What was stored and has not changed is not written.
  virtual Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) = 0;

  // The same for workloads: each cluster's rows are replaced by those of a newer message, also by
  // none. What was stored of a namespace stays its `reported`. There is no history of these.
  virtual Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> workloads) = 0;

  // Rows that are there already stay as they are. Texts are repaired; an offset above 2147483647,
  // which the aggregator's column cannot hold, may be left out.
  virtual Result<void> PutConsumerErrors(std::span<const ConsumerError> errors) = 0;
};

class Store : public Sink, public Feedback, public Lookups, public History {
 public:
  // Takes the duty, or fails with kConflict, which names the process that has it. Where several
  // processes share a database, the calls of a duty fail with kConflict without its lease.
  virtual Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty) = 0;

  // Of the organisation, or of one cluster where it is not empty; by cluster and namespace.
  virtual Result<std::vector<StoredWorkloads>> Workloads(std::int64_t org_id,
                                                         std::string_view cluster) = 0;
  // The stored `Metrics` object as it lies in the table: usually a JSON string that holds JSON.
  // kNotFound without a row.
  virtual Result<std::string> WorkloadsText(std::int64_t org_id, std::string_view cluster,
                                            std::string_view namespace_id) = 0;

  // How the upload ended; kNotFound as long as it is on its way, or was forgotten.
  virtual Result<Upload> FindUpload(std::string_view request_id) = 0;
  // Forgets up to `rows_max` uploads that have ended; gives how many. Current ones stay.
  virtual Result<std::size_t> ForgetUploads(const Keep& keep, std::size_t rows_max) = 0;

  // kNotFound without a result of that cluster in that organisation. `user_id` may be empty.
  virtual Result<ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                                       std::string_view user_id) = 0;
  // What the aggregator shows of it: `meta` may lack request, version and counts, hits may lack
  // `impacted_since`. `done` is called once, at once or later, by a thread that it must not hold
  // up. Where many ask at once they are answered together, which costs each of them less.
  virtual void ReportLater(std::int64_t org_id, std::string_view cluster, std::string_view user_id,
                           std::function<void(Result<ClusterReport>)> done) {
    done(Report(org_id, cluster, user_id));
  }
  virtual Result<ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) = 0;
  // The stored `Report` object, JSON text; kNotFound as above.
  virtual Result<std::string> ReportText(std::int64_t org_id, std::string_view cluster) = 0;
  // kNotFound for a cluster without a result.
  virtual Result<std::int64_t> OrganizationOf(std::string_view cluster) = 0;
  // Clusters of the organisation with a result stored at or after `since`, in ascending order.
  virtual Result<TextList> ClustersSince(std::int64_t org_id, Time since) = 0;
  // An organisation with more is nothing for a thread that others wait for.
  static constexpr std::size_t kFewClustersMax = 500;
  // The same for who must not wait, as with ReportLater; nothing where the organisation may have
  // more clusters than these, new or old.
  virtual void FewClustersSince(std::int64_t org_id, Time since,
                                std::function<void(Result<std::optional<TextList>>)> done) {
    Result<TextList> all = ClustersSince(org_id, since);
    if (!all) {
      done(Fail(std::move(all).error()));
    } else if (all->size() > kFewClustersMax) {
      done(std::nullopt);
    } else {
      done(*std::move(all));
    }
  }
  // Calls `visit` with each cluster of the organisation behind `after` (empty: all), in ascending
  // order, until it returns false. A consistent view; `visit` may not call the store's writers.
  virtual Result<void> Fleet(std::int64_t org_id, std::string_view after,
                             const std::function<bool(const FleetCluster&)>& visit) = 0;
  // Rules that hit at least one cluster of the organisation, by rule and key.
  virtual Result<std::vector<RuleCount>> RuleCounts(std::int64_t org_id) = 0;
  // Clusters hit by the rule (component without `.report`) and key, in ascending order.
  virtual Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                        std::string_view key) = 0;

  // A letter that is there already (topic, partition, offset) keeps its id and first failure; the
  // rest is written over. One that was dropped stays so: its record has only been read again. Texts
  // are repaired where they are no UTF-8 or hold NUL; topic and request id are cut to kKeyBytesMax,
  // an archive's key that is longer is left out. All or nothing.
  virtual Result<void> PutDeadLetters(std::span<const DeadLetter> letters) = 0;
  // Without `value`; by ascending id.
  virtual Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) = 0;
  virtual Result<std::int64_t> CountDeadLetters() = 0;
  virtual Result<DeadLetter> GetDeadLetter(std::int64_t id) = 0;
  // kNotFound when there is no such letter.
  virtual Result<void> DropDeadLetter(std::int64_t id, ArchiveFate fate) = 0;

  // Archives that nobody needs since `until` or earlier, oldest first, at most `archives_max`.
  virtual Result<std::vector<KeptArchive>> ReleasedArchives(Time until,
                                                            std::size_t archives_max) = 0;
  // The newest archives of the clusters, those stored longest ago first: what else can go when
  // there is no room. Reads all clusters.
  virtual Result<std::vector<KeptArchive>> NewestArchives(std::size_t archives_max) = 0;
  // The blobs are gone (or go now): not listed any more.
  virtual Result<void> ForgetArchives(std::span<const KeptArchive> archives) = 0;
  // In the order of `keys`.
  virtual Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string> keys) = 0;

  virtual Result<SchemaVersions> Versions() = 0;
  // Whether the other side answers and takes writes; for /readyz.
  virtual Result<void> Check() = 0;
};

}  // namespace insightd::store
