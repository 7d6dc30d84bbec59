// What is stored of an organisation: its clusters and the rules that hit them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

Result<TextList> ReadClustersSince(Connection& connection, std::int64_t org_id, Time since);
Result<std::vector<RuleCount>> ReadRuleCounts(Connection& connection, std::int64_t org_id);
Result<std::vector<HitCluster>> ReadClustersHitBy(Connection& connection, std::int64_t org_id,
                                                  std::string_view rule, std::string_view key);

// In one transaction of one view, page by page: what a client does not want is not read.
Result<void> VisitFleet(Connection& connection, std::int64_t org_id, std::string_view after,
                        const std::function<bool(const FleetCluster&)>& visit);

}  // namespace insightd::store::pg
