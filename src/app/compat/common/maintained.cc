#include "app/compat/common/maintained.h"

#include <utility>

#include "app/compat/common/environment.h"
#include "store/embedded/maintenance.h"
#include "store/postgres/maintenance.h"

namespace insightd::app::compat {

Result<std::unique_ptr<store::Maintenance>> OpenMaintained(const MaintainedStorage& storage) {
  if (storage.db_driver != "postgres") {
    return store::OpenEmbeddedMaintenance({.path = storage.sqlite_datasource});
  }
  auto target = go::ToPostgres(storage.pg, ProcessVariables()("PGSSLMODE").has_value());
  if (!target) return Fail(std::move(target).error());
  return store::OpenPostgresMaintenance({.conninfo = std::move(target->conninfo),
                                         .password = std::move(target->password),
                                         .application = storage.application,
                                         .read_only = storage.read_only});
}

}  // namespace insightd::app::compat
