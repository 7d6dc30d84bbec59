// What became of recommendations and results over time.
//
// A part of the store (store.h), filled by Put inside its transaction. What it costs: a
// recommendation that stays writes nothing. Since when it is there stands beside it already
// (`impacted_since`), and it was seen last with the current result of its cluster; so one row is
// written when it goes, and one when it comes to a cluster that had a result before. A result is
// the row that Put writes about its upload anyway.
//
// * Times are those at which results were stored; `first_seen` has whole seconds.
// * An organisation sees what happened while a cluster was its own, and of a cluster only as long
//   as it has a result in that organisation: kNotFound otherwise.
// * ForgetChanges and ForgetUploads end what is kept, the oldest first. What stands now is always
//   known.
// * Results that another program stored in the same tables are no results here; what they changed
//   is noted with the next result that is stored here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::store {

// From `from` on and before `until`; nothing: without end.
struct TimeRange {
  std::optional<Time> from = {};
  std::optional<Time> until = {};

  bool Holds(Time time) const { return (!from || time >= *from) && (!until || time < *until); }
};

// ---- Recommendations ----

// While a recommendation was there.
struct Interval {
  std::optional<Time> first_seen = {};  // stored with the first result that had it; or unknown
  std::optional<Time> last_seen = {};   // and with the last one; or unknown
  std::optional<Time> gone = {};  // with the first one that had it no more; nothing: it is there
};

struct RecommendationHistory {
  std::string cluster = {};
  std::string rule = {};  // component without `.report`
  std::string key = {};
  std::vector<Interval> intervals = {};  // the latest first, at least one
};

// Of one cluster, or of one recommendation on all clusters.
struct RecommendationPage {
  std::vector<RecommendationHistory> recommendations = {};
  // Whether there are more behind the last one; ask again with it as `after`.
  bool has_more = false;
};

// The place behind which a page begins: the first one has nothing.
struct RecommendationPlace {
  std::string rule = {};
  std::string key = {};
};

// Of one recommendation no more intervals are given, the latest ones.
inline constexpr std::size_t kIntervalsMax = 1'000;

// ---- Changes ----

enum class ChangeKind : std::uint8_t {
  kAppeared = 1,  // for the first time that is known
  kGone = 2,
  kAgain = 3  // came back
};

struct Change {
  std::int64_t id = 0;  // grows with each change
  std::string cluster = {};
  std::string rule = {};
  std::string key = {};
  ChangeKind kind = ChangeKind::kAppeared;
  Time at{};
  std::string request_id = {};         // of the result that brought it; empty: unknown
  std::optional<Interval> ended = {};  // of kGone
};

struct ChangePlace {
  Time at{};
  std::int64_t id = 0;
};

struct ChangePage {
  std::vector<Change> changes = {};  // the earliest first
  bool has_more = false;
};

// ---- Results ----

enum class ResultEnd : std::uint8_t {
  kStored,     // is its cluster's current one
  kReplaced,   // was stored, and a newer one replaced it
  kOvertaken,  // a newer one was stored before it
  kEmpty       // had nothing to store
};

struct PastResult {
  std::string request_id = {};
  Time stored{};  // or found older, or empty
  Time last_checked{};
  ResultEnd end = ResultEnd::kStored;
  std::string archive = {};  // the key of the blob, which may be gone; empty: none that is ours
  std::string pack = {};     // what judged it: "name version", with commas between; empty: unknown
  // -1: unknown.
  std::int32_t hits = -1;
  std::int32_t passes = -1;
  std::int32_t skips = -1;
  std::int32_t errors = -1;
};

// Where a page ends: what was before it.
struct ResultPlace {
  std::int64_t before_id = 0;
  std::string request_id = {};  // of the stored one that comes next; empty: none is left
};

struct ResultPage {
  std::vector<PastResult> results = {};  // the latest first
  std::optional<ResultPlace> next = {};  // nothing: there are no more
};

// What stays when the rest is forgotten: of the newest `rows` those that are not older than
// `since`. Somewhat fewer may stay than `rows`: they are told by their numbers, of which some are
// never used.
struct Keep {
  Time since{};
  std::int64_t rows = std::numeric_limits<std::int64_t>::max();  // 0 at least
};

class History {
 public:
  virtual ~History() = default;

  // Recommendations of a cluster that were there at some time in `range`, in an order of rule and
  // key that pages keep; of `only` alone, where it is given.
  virtual Result<RecommendationPage> RecommendationsOfCluster(
      std::int64_t org_id, std::string_view cluster, const TimeRange& range,
      const std::optional<RecommendationPlace>& only,
      const std::optional<RecommendationPlace>& after, std::size_t recommendations_max) = 0;
  // One recommendation on the clusters of an organisation, by cluster; also on those that have no
  // result any more.
  virtual Result<RecommendationPage> ClustersOfRecommendation(
      std::int64_t org_id, std::string_view rule, std::string_view key, const TimeRange& range,
      std::string_view after_cluster, std::size_t clusters_max) = 0;

  // Of a cluster, or of the whole organisation where `cluster` is empty.
  virtual Result<ChangePage> Changes(std::int64_t org_id, std::string_view cluster,
                                     const TimeRange& range,
                                     const std::optional<ChangePlace>& after,
                                     std::size_t changes_max) = 0;

  virtual Result<ResultPage> PastResults(std::int64_t org_id, std::string_view cluster,
                                         const TimeRange& range,
                                         const std::optional<ResultPlace>& before,
                                         std::size_t results_max) = 0;

  // Forgets up to `rows_max` changes; gives how many.
  virtual Result<std::size_t> ForgetChanges(const Keep& keep, std::size_t rows_max) = 0;
};

}  // namespace insightd::store
