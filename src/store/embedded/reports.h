// What the API asks: reports, fleets, rules. All functions only read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

Result<ReportMeta> ReadMeta(sqlite::Database& database, std::int64_t org_id,
                            std::string_view cluster);
// Without since when there is a hit: see Store::ReportLater.
Result<ClusterReport> ReadShownReport(sqlite::Database& database, std::int64_t org_id,
                                      std::string_view cluster, std::string_view user_id);
Result<ClusterReport> ReadReport(sqlite::Database& database, std::int64_t org_id,
                                 std::string_view cluster, std::string_view user_id);
Result<std::string> ReadReportText(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view cluster);
Result<std::int64_t> ReadOrganization(sqlite::Database& database, std::string_view cluster);
Result<TextList> ReadClustersSince(sqlite::Database& database, std::int64_t org_id, Time since);
// See Store::FewClustersSince.
Result<std::optional<TextList>> ReadFewClustersSince(sqlite::Database& database,
                                                     std::int64_t org_id, Time since);
Result<void> VisitFleet(sqlite::Database& database, std::int64_t org_id, std::string_view after,
                        const std::function<bool(const FleetCluster&)>& visit);
Result<std::vector<RuleCount>> ReadRuleCounts(sqlite::Database& database, std::int64_t org_id);
Result<std::vector<HitCluster>> ReadClustersHitBy(sqlite::Database& database, std::int64_t org_id,
                                                  std::string_view rule, std::string_view key);

}  // namespace insightd::store
