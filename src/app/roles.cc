#include "app/roles.h"

#include <algorithm>
#include <array>

#include "app/parts/parts.h"

namespace insightd::app {
namespace {

constexpr std::array<std::string_view, 4> kDistributedRoles = {"ingress", "pipeline", "writer",
                                                               "api"};

// Started under other names (compat/), by no command.
constexpr std::array<std::string_view, 8> kStandIns = {kWriterIntoRedis,
                                                       kAggregatorWriterIntoRedis,
                                                       kAggregatorApi,
                                                       kAggregatorWriter,
                                                       kAggregatorWriterOfNothing,
                                                       kArchiveCopies,
                                                       kCopiesJudged,
                                                       kReportCopies};

bool Holds(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

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
      {"store if set", {}, StartPostgresStoreIfSet},
      {"stored messages", {"bus", "store"}, StartWriter},
      {"read messages", {"bus", "store if set"}, StartWriter},
      {"redis", {}, StartRedis, MissingForRedis},
      {"messages into redis", {"redis", "bus"}, StartWriter},
      {"other store if set", {}, StartOtherPostgresStoreIfSet},
      {"aggregator", {"other store if set"}, StartAggregator},
      {"upkeep", {"bus", "blob if set", "store"}, StartUpkeep},
      {"hosted metrics", {}, StartHostedMetrics},
      // What processes are started with.
      {"ingress", {"health", "bus", "blob", "identity"}, StartIngress},
      {"pipeline", {"health", "hosted metrics", "bus", "blob or hosts", "rules"}, StartPipeline},
      {"writer", {"health", "stored messages", "upkeep"}, nullptr},
      {"api", {"health", "page", "store", "rules", "identity"}, StartApi},
      {kArchiveCopies, {"health", "hosted metrics", "bus", "blob"}, StartArchiveCopies},
      {kCopiesJudged, {"health", "hosted metrics", "bus", "blob", "rules"}, StartCopiesJudged},
      {kReportCopies, {"health", "hosted metrics", "bus", "blob"}, StartReportCopies},
      {kAggregatorApi, {"health", "store if set", "aggregator"}, nullptr},
      {kAggregatorWriter, {"health", "stored messages", "upkeep", "aggregator"}, nullptr},
      {kAggregatorWriterOfNothing, {"health", "read messages", "aggregator"}, nullptr},
      {kWriterIntoRedis, {"health", "messages into redis"}, nullptr},
      {kAggregatorWriterIntoRedis,
       {"health", "messages into redis", "store if set", "aggregator"},
       nullptr},
  };
}

}  // namespace

std::span<const RoleRow> Roles(Form form) {
  static const std::vector<RoleRow> embedded = EmbeddedRows();
  static const std::vector<RoleRow> distributed = DistributedRows();
  return form == Form::kEmbedded ? embedded : distributed;
}

Form FormOf(std::string_view role) {
  return Holds(kDistributedRoles, role) || Holds(kStandIns, role) ? Form::kDistributed
                                                                  : Form::kEmbedded;
}

std::span<const std::string_view> DistributedRoles() { return kDistributedRoles; }

}  // namespace insightd::app
