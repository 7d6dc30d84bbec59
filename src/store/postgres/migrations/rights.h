// Whether the role of a connection may do what is ahead; a message that names right and role, and
// how to grant it, instead of a failure halfway.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/plan.h"

namespace insightd::store::pg {

// kInvalid: the role may not read which versions the tables have.
Result<void> CheckRightsToLook(Connection& connection);

// kInvalid: the role may not make a schema or tables, or change tables that another role owns.
Result<void> CheckRightsToMigrate(Connection& connection, std::span<const Move> moves,
                                  bool additions);

enum class Use : std::uint8_t { kRead, kWrite };

// kInvalid: the role may not read (and write) the tables of these storages.
Result<void> CheckRightsToUse(Connection& connection, Use use, const Storages& storages = {});

}  // namespace insightd::store::pg
