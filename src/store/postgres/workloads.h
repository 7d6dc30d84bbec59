// Workloads of clusters in PostgreSQL: a batch in one transaction of two round trips, and reading.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

// With its own BEGIN and COMMIT; see Store::PutWorkloads.
Result<std::vector<PutOutcome>> PutWorkloads(Connection& connection,
                                             std::span<const ClusterWorkloads> workloads);

Result<std::vector<StoredWorkloads>> ReadWorkloads(Connection& connection, std::int64_t org_id,
                                                   std::string_view cluster);
Result<std::string> ReadWorkloadsText(Connection& connection, std::int64_t org_id,
                                      std::string_view cluster, std::string_view namespace_id);

}  // namespace insightd::store::pg
