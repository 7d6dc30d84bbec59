#include "app/commands/maintained.h"

#include <utility>

#include "store/embedded/maintenance.h"
#include "store/postgres/maintenance.h"

namespace insightd::app {

Result<std::unique_ptr<store::Maintenance>> OpenMaintained(const Settings& settings,
                                                           const std::string& application,
                                                           bool read_only) {
  if (settings.postgres.conninfo.empty()) {
    auto opened = store::OpenEmbeddedMaintenance({.path = settings.data_dir + "/store.db"});
    if (!opened && opened.error().code() == Code::kNotFound) {
      return Fail(std::move(opened).error().While(
          "data_dir names no installation, and store.postgres no database"));
    }
    return opened;
  }
  auto options = settings.postgres.Options(application);
  if (!options) return Fail(std::move(options).error());
  const bool standby = read_only && !options->read_conninfo.empty();
  return store::OpenPostgresMaintenance(
      {.conninfo = standby ? options->read_conninfo : options->conninfo,
       .password = options->password,
       .application = options->application,
       .connect_max = options->connect_max,
       .read_only = read_only});
}

}  // namespace insightd::app
