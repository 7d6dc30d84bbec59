// What became of recommendations and results: History of store.h. All functions work inside the
// transaction of their caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "store/history.h"

namespace insightd::store {

struct ChangeRow {
  std::int64_t org_id = 0;
  std::string_view cluster;
  std::string_view rule;
  std::string_view key;
  std::string_view request_id;  // of the result that brings it
  Time at{};
  // Of one that is gone.
  std::optional<Time> first_seen = {};
  std::optional<Time> last_seen = {};
};

Result<void> NoteAppeared(sqlite::Database& database, const ChangeRow& change);
Result<void> NoteGone(sqlite::Database& database, const ChangeRow& change);
// Notes the text of a pack, whose number is PackIdOf.
Result<void> NotePack(sqlite::Database& database, std::string_view pack);

Result<RecommendationPage> ReadRecommendationsOf(sqlite::Database& database, std::int64_t org_id,
                                                 std::string_view cluster, const TimeRange& range,
                                                 const std::optional<RecommendationPlace>& only,
                                                 const std::optional<RecommendationPlace>& after,
                                                 std::size_t recommendations_max);
Result<RecommendationPage> ReadClustersOf(sqlite::Database& database, std::int64_t org_id,
                                          std::string_view rule, std::string_view key,
                                          const TimeRange& range, std::string_view after_cluster,
                                          std::size_t clusters_max);
Result<ChangePage> ReadChanges(sqlite::Database& database, std::int64_t org_id,
                               std::string_view cluster, const TimeRange& range,
                               const std::optional<ChangePlace>& after, std::size_t changes_max);
Result<ResultPage> ReadPastResults(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view cluster, const TimeRange& range,
                                   const std::optional<ResultPlace>& before,
                                   std::size_t results_max);
Result<std::size_t> RemoveChanges(sqlite::Database& database, const Keep& keep,
                                  std::size_t rows_max);

}  // namespace insightd::store
