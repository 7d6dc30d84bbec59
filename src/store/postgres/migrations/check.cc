#include "store/postgres/migrations/check.h"

#include <fmt/format.h>

#include <string>

#include "base/log.h"
#include "store/postgres/migrations/additions.h"
#include "store/postgres/migrations/plan.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

Result<void> CheckVersion(const Connection& connection, Storage storage,
                          const std::optional<std::int32_t>& found) {
  const std::int32_t latest = LatestOf(storage);
  if (found == latest) return {};
  if (found && *found > latest) {
    return Fail(Code::kInvalid, NewerText(connection.name(), storage, *found));
  }
  const std::string has =
      found ? fmt::format("has version {} of the storage `{}`", *found, NameOf(storage))
            : fmt::format("has no tables of the storage `{}`", NameOf(storage));
  return Fail(Code::kInvalid, fmt::format("{} {}, this program needs version {}: run `insightd "
                                          "migrate` with the same store.postgres",
                                          connection.name(), has, latest));
}

}  // namespace

Result<void> CheckSchema(Connection& connection, Use use, const Storages& storages) {
  if (auto good = CheckRightsToUse(connection, use, storages); !good) return good;
  const Result<Versions> versions = ReadSchemaVersions(connection);
  if (!versions) return Fail(versions.error());
  for (const Storage storage : kStorages) {
    if (!storages.Has(storage)) continue;
    if (auto good = CheckVersion(connection, storage, VersionOf(*versions, storage)); !good) {
      return good;
    }
  }
  const auto missing = MissingAdditions(connection, storages);
  if (!missing) return Fail(missing.error());
  for (const Addition* addition : *missing) {
    kLog.Warn("", fmt::format("{}: not done: {}; `insightd migrate` does it, without it some reads "
                              "or writes are slow",
                              connection.name(), addition->title));
  }
  return {};
}

}  // namespace insightd::store::pg
