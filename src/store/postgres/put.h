// A batch of results into the tables, in one transaction of two round trips: one reads and locks
// what is stored of their clusters, one writes what has changed and commits.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

// With its own BEGIN and COMMIT; see Store::Put.
Result<std::vector<PutOutcome>> PutResults(Connection& connection,
                                           std::span<const ClusterResult> results, Time now);

}  // namespace insightd::store::pg
