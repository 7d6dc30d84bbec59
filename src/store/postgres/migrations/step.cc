#include "store/postgres/migrations/step.h"

#include "store/postgres/migrations/steps_by_storage.h"
#include "store/postgres/own_schema.h"

namespace insightd::store::pg {

std::span<const Step> StepsOf(Storage storage) {
  switch (storage) {  // No default: a new storage must say its steps.
    case Storage::kResults: return ResultsSteps();
    case Storage::kWorkloads: return WorkloadsSteps();
    case Storage::kOwn: return OwnSteps();
  }
  __builtin_unreachable();
}

std::int32_t LatestOf(Storage storage) {
  return static_cast<std::int32_t>(StepsOf(storage).size());
}

std::string_view NameOf(Storage storage) {
  switch (storage) {
    case Storage::kResults: return "results";
    case Storage::kWorkloads: return "workloads";
    case Storage::kOwn: return "own";
  }
  __builtin_unreachable();
}

std::optional<Storage> StorageNamed(std::string_view name) {
  for (const Storage storage : kStorages) {
    if (NameOf(storage) == name) return storage;
  }
  return std::nullopt;
}

std::string_view SchemaOf(Storage storage) {
  return storage == Storage::kWorkloads ? "dvo" : "public";
}

std::string_view VersionTableOf(Storage storage) {
  return storage == Storage::kOwn ? "insightd_version" : "migration_info";
}

}  // namespace insightd::store::pg
