// Workloads of clusters: which message is newer, its rows in place of the old ones, and reading.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

// Inside a transaction of the caller, who rolls back when it fails.
Result<std::vector<PutOutcome>> WriteWorkloads(sqlite::Database& database,
                                               std::span<const ClusterWorkloads> workloads);

Result<std::vector<StoredWorkloads>> ReadWorkloads(sqlite::Database& database, std::int64_t org_id,
                                                   std::string_view cluster);
Result<std::string> ReadWorkloadsText(sqlite::Database& database, std::int64_t org_id,
                                      std::string_view cluster, std::string_view namespace_id);

}  // namespace insightd::store
