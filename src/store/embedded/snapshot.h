// Tables of an SQLite file read out in one transaction: Snapshot of store/maintenance.h.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/maintenance.h"

namespace insightd::store {

// Statements that are put together; a database keeps them by address, so they outlive it.
using StatementTexts = std::set<std::string>;

// Begins the transaction, which ends with the snapshot; the database outlives it.
Result<std::unique_ptr<Snapshot>> TakeEmbeddedSnapshot(sqlite::Database& database,
                                                       StatementTexts& texts);

}  // namespace insightd::store
