// What is asked of many clusters, and what removes results, in SQLite: class Lookups
// (store/lookups.h), a function each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/lookups.h"

namespace insightd::store {

Result<SingleHit> ReadHit(sqlite::Database& database, std::int64_t org_id, std::string_view cluster,
                          std::string_view component, std::string_view key,
                          std::string_view user_id);
Result<std::vector<std::int64_t>> ReadOrganizationsOf(sqlite::Database& database,
                                                      std::span<const std::string> clusters);
Result<void> VisitReportsOf(sqlite::Database& database, std::span<const std::string> clusters,
                            const std::function<void(const ReportOfCluster&)>& visit);
Result<void> VisitHitsOf(sqlite::Database& database, std::int64_t org_id,
                         std::span<const std::string> clusters,
                         const std::function<void(std::string_view, std::string_view)>& visit);
Result<void> VisitRecommendationsOf(
    sqlite::Database& database, std::int64_t org_id, std::span<const std::string> clusters,
    const std::function<void(const ClusterRecommendations&)>& visit);
Result<std::vector<RecommendedCluster>> ReadRecommended(sqlite::Database& database,
                                                        std::int64_t org_id,
                                                        std::string_view rule_id,
                                                        std::span<const std::string> clusters);
Result<std::vector<std::int64_t>> ReadOrganizations(sqlite::Database& database);

// With the head, and the upload that stayed only because it was current; the archive is released.
Result<std::size_t> RemoveResultsOf(sqlite::Database& database, std::int64_t org_id, Time now);
Result<std::size_t> RemoveResult(sqlite::Database& database, std::string_view cluster, Time now);

}  // namespace insightd::store
