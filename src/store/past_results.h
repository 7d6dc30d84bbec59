// A page of the results of a cluster, put together of what a database has: the same in every store.
//
// Those that were stored name the one before them, the newest stands in `insightd_cluster`: that
// costs a text a result and no index. Those that were set aside (overtaken, empty) are few and are
// found by an index of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/history.h"

namespace insightd::store {

struct PastRow {
  PastResult result;
  std::int64_t id = 0;        // of the upload, above 0; grows with time
  std::string previous = {};  // request id of the stored one before it; empty: none
};

// Of one cluster in one organisation.
class PastRows {
 public:
  virtual ~PastRows() = default;
  // The stored one with that request id, and those before it, each with a smaller id than the one
  // behind it, the first below `before_id`; at most `rows_max`.
  virtual Result<std::vector<PastRow>> Stored(const std::string& request_id, std::int64_t before_id,
                                              std::size_t rows_max) = 0;
  // Those set aside with an id below, in `range`; the largest id first.
  virtual Result<std::vector<PastRow>> Aside(std::int64_t before_id, const TimeRange& range,
                                             std::size_t rows_max) = 0;
};

// `newest`: the request id of the cluster's current result. `before`: as given to
// History::PastResults. A page ends early where it would have to go through too many results
// behind `range.until`.
Result<ResultPage> PageOf(PastRows& rows, std::string_view newest, const TimeRange& range,
                          const std::optional<ResultPlace>& before, std::size_t results_max);

// Groups what comes in the order of its recommendations (or clusters), the latest interval of each
// first, into a page.
class RecommendationPager {
 public:
  // More rows than that are not to be read for a page.
  static constexpr std::size_t kRowsMax = 20'000;

  explicit RecommendationPager(std::size_t recommendations_max) : max_(recommendations_max) {}

  // False when the page is full: the row is of the next one.
  bool Add(std::string_view cluster, std::string_view rule, std::string_view key,
           const Interval& interval);
  // `is_cut`: there are more rows than were read.
  RecommendationPage Take(bool is_cut);

 private:
  const std::size_t max_;
  RecommendationPage page_;
};

}  // namespace insightd::store
