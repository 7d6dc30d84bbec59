// Storing results: which is newer, what has changed, what of the old one goes.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

// Inside a transaction of the caller, who rolls back when it fails.
Result<std::vector<PutOutcome>> PutResults(sqlite::Database& database,
                                           std::span<const ClusterResult> results, Time now);

}  // namespace insightd::store
