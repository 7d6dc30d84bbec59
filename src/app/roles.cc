#include "app/roles.h"

#include "app/parts/parts.h"

namespace insightd::app {

std::span<const RoleRow> Roles() {
  static const std::vector<RoleRow> rows = {
      {"data folder", {}, StartDataFolder},
      {"bus", {"data folder"}, StartBus},
      {"blob", {"data folder"}, StartBlobs},
      {"store", {"data folder"}, StartStore},
      {"rules", {}, StartRules},
      {"identity", {}, StartIdentity},
      {"health", {"bus", "blob", "store"}, StartHealth},
      {"page", {}, StartPage},
      {"admin", {"data folder", "bus", "store"}, StartAdmin},
      {"ingress", {"bus", "blob", "identity"}, StartIngress},
      {"pipeline", {"bus", "blob", "rules"}, StartPipeline},
      {"writer", {"bus", "store"}, StartWriter},
      {"api", {"store", "rules", "identity"}, StartApi},
      {"upkeep", {"bus", "blob", "store"}, StartUpkeep},
      {"all",
       {"health", "page", "ingress", "pipeline", "writer", "api", "upkeep", "admin"},
       nullptr},
  };
  return rows;
}

}  // namespace insightd::app
