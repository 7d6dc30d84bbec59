// What is asked of many clusters, and what removes results, in PostgreSQL: class Lookups
// (store/lookups.h), a function each. A read is one statement, and so sees one state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/lookups.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {

Result<std::vector<std::int64_t>> ReadOrganizationsOf(Connection& connection,
                                                      std::span<const std::string> clusters);
Result<void> VisitReportsOf(Connection& connection, std::span<const std::string> clusters,
                            const std::function<void(const ReportOfCluster&)>& visit);
Result<void> VisitHitsOf(Connection& connection, std::int64_t org_id,
                         std::span<const std::string> clusters,
                         const std::function<void(std::string_view, std::string_view)>& visit);
Result<void> VisitRecommendationsOf(
    Connection& connection, std::int64_t org_id, std::span<const std::string> clusters,
    const std::function<void(const ClusterRecommendations&)>& visit);
Result<std::vector<RecommendedCluster>> ReadRecommended(Connection& connection, std::int64_t org_id,
                                                        std::string_view rule_id,
                                                        std::span<const std::string> clusters);
Result<std::vector<std::int64_t>> ReadOrganizations(Connection& connection);

// With the head, and the upload that stayed only because it was current; the archive is released.
Result<std::size_t> RemoveResultsOf(Connection& connection, std::int64_t org_id, Time now);
Result<std::size_t> RemoveResult(Connection& connection, std::string_view cluster, Time now);

}  // namespace insightd::store::pg
