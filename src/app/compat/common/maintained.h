// The database of the tools that clean and export, as their `storage` section names it.
#pragma once

#include <memory>
#include <string>

#include "app/compat/go_config/postgres.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::app::compat {

struct MaintainedStorage {
  std::string db_driver;  // "postgres", else the file of sqlite_datasource
  std::string sqlite_datasource;
  go::PostgresKeys pg;
  std::string application;
  bool read_only = false;
};

// As kInvalid, or kUnavailable and kNotFound, where the database is away.
Result<std::unique_ptr<store::Maintenance>> OpenMaintained(const MaintainedStorage& storage);

}  // namespace insightd::app::compat
