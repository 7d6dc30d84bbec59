// Tables of a PostgreSQL database read out in one transaction: Snapshot of store/maintenance.h.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/maintenance.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {

// Begins the transaction, which ends with the snapshot; the connection outlives it.
Result<std::unique_ptr<Snapshot>> TakeSnapshot(Connection& connection);

}  // namespace insightd::store::pg
