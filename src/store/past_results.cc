#include "store/past_results.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace insightd::store {
namespace {

// So many results behind the range are gone through for one page.
constexpr std::size_t kWalkMax = 20'000;
constexpr std::size_t kStepsAtOnce = 500;

// Those that were stored, one behind the other, read piece by piece.
class Chain {
 public:
  Chain(PastRows& rows, ResultPlace place) : rows_(rows), place_(std::move(place)) {}

  // Null at the end.
  Result<const PastRow*> Look(std::size_t wanted) {
    if (at_ == read_.size() && !place_.request_id.empty()) {
      auto more = rows_.Stored(place_.request_id, place_.before_id,
                               std::clamp(wanted, std::size_t{1}, kStepsAtOnce));
      if (!more) return Fail(std::move(more).error());
      read_ = *std::move(more);
      at_ = 0;
      if (read_.empty()) {
        place_.request_id.clear();
      } else {
        place_ = {read_.back().id, read_.back().previous};
      }
    }
    return at_ == read_.size() ? nullptr : &read_[at_];
  }

  PastRow Take() { return std::move(read_[at_++]); }
  // The request id of what Look would give.
  std::string Next() const {
    return at_ < read_.size() ? read_[at_].result.request_id : place_.request_id;
  }

 private:
  PastRows& rows_;
  ResultPlace place_;  // behind what was read
  std::vector<PastRow> read_;
  std::size_t at_ = 0;
};

}  // namespace

Result<ResultPage> PageOf(PastRows& rows, std::string_view newest, const TimeRange& range,
                          const std::optional<ResultPlace>& before, std::size_t results_max) {
  const ResultPlace first =
      before.value_or(ResultPlace{std::numeric_limits<std::int64_t>::max(), std::string(newest)});
  Result<std::vector<PastRow>> aside = rows.Aside(first.before_id, range, results_max + 1);
  if (!aside) return Fail(std::move(aside).error());
  Chain chain(rows, first);
  ResultPage page;
  auto next_aside = aside->begin();
  std::int64_t last_id = first.before_id;
  std::size_t walked = 0;
  while (true) {
    const Result<const PastRow*> stored = chain.Look(results_max + 1 - page.results.size());
    if (!stored) return Fail(stored.error());
    const PastRow* from_chain = *stored;
    if (from_chain != nullptr && range.from && from_chain->result.stored < *range.from) {
      from_chain = nullptr;  // all that follow are older
    }
    const bool has_aside = next_aside != aside->end();
    if (from_chain == nullptr && !has_aside) return page;
    const bool takes_chain =
        from_chain != nullptr && (!has_aside || from_chain->id > next_aside->id);
    if (takes_chain && range.until && from_chain->result.stored >= *range.until) {
      if (++walked > kWalkMax) {
        page.next = ResultPlace{last_id, chain.Next()};
        return page;
      }
      last_id = chain.Take().id;
      continue;
    }
    if (page.results.size() == results_max) {
      page.next = ResultPlace{last_id, chain.Next()};
      return page;
    }
    PastRow row = takes_chain ? chain.Take() : std::move(*next_aside++);
    last_id = row.id;
    page.results.push_back(std::move(row.result));
  }
}

bool RecommendationPager::Add(std::string_view cluster, std::string_view rule, std::string_view key,
                              const Interval& interval) {
  auto& all = page_.recommendations;
  const bool same = !all.empty() && all.back().cluster == cluster && all.back().rule == rule &&
                    all.back().key == key;
  if (!same) {
    if (all.size() == max_) {
      page_.has_more = true;
      return false;
    }
    all.push_back({std::string(cluster), std::string(rule), std::string(key), {}});
  }
  if (all.back().intervals.size() < kIntervalsMax) all.back().intervals.push_back(interval);
  return true;
}

RecommendationPage RecommendationPager::Take(bool is_cut) {
  if (is_cut && !page_.has_more) {
    page_.has_more = true;
    // The last one may lack intervals, unless it has as many as are given.
    auto& all = page_.recommendations;
    if (all.size() > 1 && all.back().intervals.size() < kIntervalsMax) all.pop_back();
  }
  return std::move(page_);
}

}  // namespace insightd::store
