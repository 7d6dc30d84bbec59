// Whether a database is one that this program can work on: for a role, at its start.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/rights.h"

namespace insightd::store::pg {

// Looks at what these storages need. kInvalid: tables are missing, older or newer, or the role of
// the connection lacks a right to them; the message says which, and what to do. Where what we add
// to the aggregator's tables is missing it is told in the log, for everything works, only slower.
Result<void> CheckSchema(Connection& connection, Use use, const Storages& storages = {});

}  // namespace insightd::store::pg
