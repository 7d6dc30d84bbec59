// Whether a database is one that this program can work on: for a role, at its start.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/rights.h"
#include "store/store.h"

namespace insightd::store::pg {

// Gives the versions. kInvalid: tables are missing, older or newer, or the role of the connection
// lacks a right to them; the message says which, and what to do. Where what we add to the
// aggregator's tables is missing it is told in the log, for everything works, only slower.
Result<SchemaVersions> CheckSchema(Connection& connection, Use use);

}  // namespace insightd::store::pg
