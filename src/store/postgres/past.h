// What became of recommendations and results: History of store.h. Only reads, but for the last one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/history.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {

Result<RecommendationPage> ReadRecommendationsOf(Connection& connection, std::int64_t org_id,
                                                 std::string_view cluster, const TimeRange& range,
                                                 const std::optional<RecommendationPlace>& only,
                                                 const std::optional<RecommendationPlace>& after,
                                                 std::size_t recommendations_max);
Result<RecommendationPage> ReadClustersOf(Connection& connection, std::int64_t org_id,
                                          std::string_view rule, std::string_view key,
                                          const TimeRange& range, std::string_view after_cluster,
                                          std::size_t clusters_max);
Result<ChangePage> ReadChanges(Connection& connection, std::int64_t org_id,
                               std::string_view cluster, const TimeRange& range,
                               const std::optional<ChangePlace>& after, std::size_t changes_max);
Result<ResultPage> ReadPastResults(Connection& connection, std::int64_t org_id,
                                   std::string_view cluster, const TimeRange& range,
                                   const std::optional<ResultPlace>& before,
                                   std::size_t results_max);
Result<std::size_t> RemoveChanges(Connection& connection, const Keep& keep, std::size_t rows_max);

}  // namespace insightd::store::pg
