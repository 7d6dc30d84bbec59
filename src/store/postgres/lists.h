// What is stored of an organisation: its clusters and the rules that hit them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

Result<TextList> ReadClustersSince(Connection& connection, std::int64_t org_id, Time since);

struct ClustersKey {
  std::int64_t org_id = 0;  // IsOrganization
  Time since;
};
// The same for many, in one statement for all of `keys`, of each as far as it has few.
void AskForClusters(Pipeline& pipeline, std::span<const ClustersKey* const> keys);
// Out of its answer, in the order of `keys`; see Store::FewClustersSince. The lists keep the whole
// answer between them.
std::vector<std::optional<TextList>> TakeClusters(Rows answer,
                                                  std::span<const ClustersKey* const> keys);

Result<std::vector<RuleCount>> ReadRuleCounts(Connection& connection, std::int64_t org_id);
Result<std::vector<HitCluster>> ReadClustersHitBy(Connection& connection, std::int64_t org_id,
                                                  std::string_view rule, std::string_view key);

// In one transaction of one view, page by page: what a client does not want is not read.
Result<void> VisitFleet(Connection& connection, std::int64_t org_id, std::string_view after,
                        const std::function<bool(const FleetCluster&)>& visit);

}  // namespace insightd::store::pg
