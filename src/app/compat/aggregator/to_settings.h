// What a configuration of insights-results-aggregator means in our settings: which of its roles the
// process has, and what becomes of each key. What means nothing here, or is done better, is told in
// a notice each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/compat/aggregator/configuration.h"
#include "app/settings.h"
#include "base/result.h"

namespace insightd::app::aggregator {

// Of the file.
inline constexpr std::string_view kResultsSection = "ocp_recommendations_storage";
inline constexpr std::string_view kWorkloadsSection = "dvo_recommendations_storage";

// What a storage of the configuration is for this process.
enum class Kind : std::uint8_t { kNotUsed, kSql, kRedis, kNoop };
// kInvalid for another type, and for a driver that is not `postgres` where one is needed. `section`
// is that of the storage in the file.
Result<Kind> KindOf(const Storage& storage, std::string_view section);

// The database of a storage, where its type is sql. kInvalid as KindOf, and for keys that name no
// database.
Result<std::optional<go::PostgresTarget>> DatabaseOf(const Storage& storage,
                                                     std::string_view section,
                                                     bool environment_sslmode);

struct Databases {
  std::optional<go::PostgresTarget> results;    // where its type is sql
  std::optional<go::PostgresTarget> workloads;  // likewise
};
// kInvalid as DatabaseOf, and for a database of Redis that is none.
Result<Databases> DatabasesOf(const Configuration& configuration, bool environment_sslmode);

struct Meant {
  Settings settings;
  std::string role;  // a row of Roles(Form::kDistributed)
  std::vector<std::string> notices;
};

// kInvalid for what cannot be done here, with the key and what to do. `databases` as from
// DatabasesOf.
Result<Meant> ToSettings(const Configuration& configuration, const Databases& databases);

}  // namespace insightd::app::aggregator
