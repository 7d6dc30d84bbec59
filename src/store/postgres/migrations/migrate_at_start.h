// A migration by a role that is told to do so (store.postgres_migrate_at_start).
#pragma once

#include "base/result.h"
#include "store/postgres/postgres_store.h"

namespace insightd::store::pg {

// Brings the database of `options` to the latest versions; tells the steps in the log. Does
// nothing, and needs no right to change tables, where all is done. Errors as Migrate and
// Connection::Open.
Result<void> MigrateAtStart(const PostgresStoreOptions& options);

}  // namespace insightd::store::pg
