#include "app/roles.h"

#include <algorithm>
#include <array>

#include "app/parts/parts.h"

namespace insightd::app {
namespace {

constexpr std::array<std::string_view, 4> kDistributedRoles = {"ingress", "pipeline", "writer",
                                                               "api"};

std::vector<RoleRow> EmbeddedRows() {
  return {
      {"data folder", {}, StartDataFolder},
      {"bus", {"data folder"}, StartEmbeddedBus},
      {"blob", {"data folder"}, StartEmbeddedBlobs},
      {"store", {"data folder"}, StartEmbeddedStore},
      {"rules", {}, StartRules},
      {"identity", {}, StartIdentity},
      {"health", {}, StartHealth},
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
}

std::vector<RoleRow> DistributedRows() {
  return {
      {"bus", {}, StartKafkaBus, MissingForKafka},
      {"blob", {}, StartS3Blobs, MissingForS3},
      {"blob if set", {}, StartS3BlobsIfSet, MissingForS3IfSet},
      {"blob or hosts", {}, StartS3BlobsOrHosts, MissingForArchives},
      {"store", {}, StartPostgresStore, MissingForPostgres},
      {"rules", {}, StartRules},
      {"identity", {}, StartIdentity},
      {"health", {}, StartHealth},
      {"page", {}, StartPage},
      {"stored messages", {"bus", "store"}, StartWriter},
      {"upkeep", {"bus", "blob if set", "store"}, StartUpkeep},
      // What processes are started with.
      {"ingress", {"health", "bus", "blob", "identity"}, StartIngress},
      {"pipeline", {"health", "bus", "blob or hosts", "rules"}, StartPipeline},
      {"writer", {"health", "stored messages", "upkeep"}, nullptr},
      {"api", {"health", "page", "store", "rules", "identity"}, StartApi},
  };
}

}  // namespace

std::span<const RoleRow> Roles(Form form) {
  static const std::vector<RoleRow> embedded = EmbeddedRows();
  static const std::vector<RoleRow> distributed = DistributedRows();
  return form == Form::kEmbedded ? embedded : distributed;
}

Form FormOf(std::string_view role) {
  return std::find(kDistributedRoles.begin(), kDistributedRoles.end(), role) !=
                 kDistributedRoles.end()
             ? Form::kDistributed
             : Form::kEmbedded;
}

std::span<const std::string_view> DistributedRoles() { return kDistributedRoles; }

}  // namespace insightd::app
