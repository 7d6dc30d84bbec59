// The history of recommendations and results (store/history.h) as tests: each database runs all.
#pragma once

#include <string>
#include <vector>

#include "store/testing/contract.h"

namespace insightd::store::testing {

inline const TimeRange kAlways = {};

// What is found is shown as texts; times as seconds of At.
class PastContract : public StoreContract {
 protected:
  // Stored at At(second), and checked then.
  PutOutcome PutAt(int second, const std::string& request_id, std::vector<Hit> hits,
                   const std::string& cluster = kCluster, std::int64_t org_id = 1);
  // Of kCluster: "x: 40-40 now 10-20 gone 30".
  std::vector<std::string> Recommendations(const TimeRange& range = kAlways);
  // "x again r3"
  std::vector<std::string> Changes(const std::string& cluster = kCluster,
                                   const TimeRange& range = kAlways, std::int64_t org_id = 1);
};

}  // namespace insightd::store::testing
