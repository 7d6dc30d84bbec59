// Maintenance (store/maintenance.h) of a PostgreSQL database.
//
// One session, without a limit of time for statements: a table may be large. Times are UTC.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::store {

struct PostgresMaintenanceOptions {
  std::string conninfo = {};
  std::string password = {};  // empty: as conninfo says
  std::string application = "insightd";
  milliseconds connect_max{5'000};
  bool read_only = false;  // for snapshots alone; the server may be a standby
};

// kUnavailable: no connection; kInvalid: conninfo is none.
Result<std::unique_ptr<Maintenance>> OpenPostgresMaintenance(
    const PostgresMaintenanceOptions& options);

}  // namespace insightd::store
