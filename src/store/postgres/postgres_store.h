// The store of many machines: a PostgreSQL database with the aggregator's schema, old or made by
// `insightd migrate`, and our own tables beside it.
//
// * Connections: one for each duty that is held, which holds its lock too; one for writing calls
//   that need no duty; a pool for reading calls, whose sessions are read-only and may go to a
//   standby. Each is made when it is first needed, and again when it broke; while the server is
//   away calls fail with kUnavailable, at once between two tries.
// * Put needs Duty::kResults. A call that needs a duty which is not held, or was lost with its
//   connection, fails with kConflict; take it again.
// * A lost race (deadlock, serialization) is tried again inside, kRacesMax times.
// * Nothing prepared or locked is left to the session, so a proxy in front must keep one server
//   session a connection (PgBouncer: pool_mode=session).
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/migrations/step.h"
#include "store/store.h"

namespace insightd::store {

struct PostgresStoreOptions {
  std::string conninfo = {};       // of the primary
  std::string read_conninfo = {};  // for reading calls; empty: as conninfo
  std::string password = {};       // empty: as conninfo says
  std::string application = "insightd";
  std::size_t connections_max = 8;  // of the pool for reading calls
  milliseconds connect_max{5'000};
  milliseconds statement_max{30'000};
  pg::Storages storages = {};
  bool writes = true;  // else only reading calls are made, and rights to write are not needed
  const Clock* clock = nullptr;  // nothing: the machine's own
  std::stop_token stop = {};     // the process is to end: see pg::StopDeadline
};

// Connects and checks the versions of the schema. kUnavailable: no connection; kInvalid: settings
// or schema, with what to do.
Result<std::unique_ptr<Store>> OpenPostgresStore(PostgresStoreOptions options);

}  // namespace insightd::store
