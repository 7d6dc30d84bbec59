#include "app/roles.h"

#include "app/parts/parts.h"

namespace insightd::app {

std::span<const RoleRow> Roles() {
  static const std::vector<RoleRow> rows = {

      {"bus", {}, StartBus},
      {"blob", {}, StartBlobs},
      {"store", {}, StartStore},
      {"rules", {}, StartRules},
      {"identity", {}, StartIdentity},
      {"health", {"bus", "blob", "store"}, StartHealth},
      {"page", {}, StartPage},
      {"ingress", {"bus", "blob", "identity"}, StartIngress},
      {"pipeline", {"bus", "blob", "rules"}, StartPipeline},
      {"writer", {"bus", "store"}, StartWriter},
      {"all", {"health", "page", "ingress", "pipeline", "writer"}, nullptr},
  };
  return rows;
}

}  // namespace insightd::app
