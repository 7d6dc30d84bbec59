// The database that the settings name, for the commands that work on whole tables.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::app {

// That of store.postgres, else the one in data_dir. `application` is what the server lists the
// connection as. With `read_only` store.postgres_read goes before store.postgres.
Result<std::unique_ptr<store::Maintenance>> OpenMaintained(const Settings& settings,
                                                           const std::string& application,
                                                           bool read_only);

}  // namespace insightd::app
