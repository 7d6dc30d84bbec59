// Maintenance (store/maintenance.h) of the embedded store's file.
//
// The process that keeps the file may be running: SQLite's own locks keep both apart, and what is
// deleted goes in short transactions. Times are told from numbers by the names of their columns.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::store {

struct EmbeddedMaintenanceOptions {
  std::string path;
  const Clock* clock = nullptr;  // nothing: the machine's own
};

// kNotFound: there is no such file.
Result<std::unique_ptr<Maintenance>> OpenEmbeddedMaintenance(
    const EmbeddedMaintenanceOptions& options);

}  // namespace insightd::store
