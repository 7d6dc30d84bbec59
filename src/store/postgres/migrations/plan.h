// Which versions a database has, and what a migration would do to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/step.h"

namespace insightd::store::pg {

// By storage; nothing: there is no table with a version, so none of its tables either.
using Versions = std::array<std::optional<std::int32_t>, kStorages.size()>;

inline std::optional<std::int32_t>& VersionOf(Versions& versions, Storage storage) {
  return versions[static_cast<std::size_t>(storage)];
}
inline const std::optional<std::int32_t>& VersionOf(const Versions& versions, Storage storage) {
  return versions[static_cast<std::size_t>(storage)];
}

// kInvalid when a table of versions has other than one row.
Result<Versions> ReadSchemaVersions(Connection& connection);

struct MigrationRequest {
  std::optional<Storage> storage = {};  // nothing: all of `storages`
  Storages storages = {};
  std::optional<std::int32_t> to = {};  // only with a storage; nothing: the latest
  bool down = false;                    // a lower version may be asked for
};

struct Move {
  Storage storage = Storage::kResults;
  std::int32_t from = 0;
  std::int32_t to = 0;
  bool first = false;  // there is no table with a version yet
};

// What is to be done, without what is done already. kInvalid: the request or a stored version is
// out of range; `database` is how messages name it.
Result<std::vector<Move>> PlanMoves(const Versions& versions, const MigrationRequest& request,
                                    std::string_view database);

// "results", "workloads": for a message about the tables of `storage`.
std::string NewerText(std::string_view database, Storage storage, std::int32_t found);

}  // namespace insightd::store::pg
