// The tables of the embedded store: made in a new file, checked in an old one.
#pragma once

#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

// The versions that this program writes.
inline constexpr SchemaVersions kVersions{.recommendations = 32, .workloads = 4, .own = 5};

// Makes what is missing, all or nothing. kInvalid for a file of a newer version.
Result<void> PrepareSchema(sqlite::Database& database);

Result<SchemaVersions> ReadVersions(sqlite::Database& database);

}  // namespace insightd::store
