#include "store/postgres/migrations/plan.h"

#include <fmt/format.h>

#include "store/postgres/migrations/rights.h"

namespace insightd::store::pg {
namespace {

// The server names neither who lacks a right nor how to get it.
Error NamedRight(Connection& connection, const Error& error) {
  constexpr std::string_view kLacksRight = "42501";
  if (connection.sqlstate() != kLacksRight) return error;
  const auto named = CheckRightsToLook(connection);
  return named ? error : named.error();
}

}  // namespace

Result<Versions> ReadSchemaVersions(Connection& connection) {
  Versions versions;
  for (const Storage storage : kStorages) {
    const std::string table = fmt::format("{}.{}", SchemaOf(storage), VersionTableOf(storage));
    const Result<Rows> there =
        connection.Run("SELECT to_regclass($1) IS NOT NULL", Params().Text(table));
    if (!there) return Fail(NamedRight(connection, there.error()));
    if (!there->BoolAt(0, 0)) continue;
    const Result<Rows> rows =
        connection.Run(fmt::format("SELECT count(*), coalesce(max(version), 0) FROM {}", table));
    if (!rows) return Fail(NamedRight(connection, rows.error()));
    if (rows->IntAt(0, 0) != 1) {
      return Fail(
          Code::kInvalid,
          fmt::format("{}: {}: migration info table contain {} rows; leave one row, with the "
                      "version of the tables that are there",
                      connection.name(), table, rows->IntAt(0, 0)));
    }
    VersionOf(versions, storage) = static_cast<std::int32_t>(rows->IntAt(0, 1));
  }
  return versions;
}

std::string NewerText(std::string_view database, Storage storage, std::int32_t found) {
  const std::int32_t latest = LatestOf(storage);
  return fmt::format(
      "{} has version {} of the storage `{}`, this program knows versions up to {}: "
      "use a newer insightd, or bring the database down to {} with the program that "
      "brought it to {}",
      database, found, NameOf(storage), latest, latest, found);
}

Result<std::vector<Move>> PlanMoves(const Versions& versions, const MigrationRequest& request,
                                    std::string_view database) {
  if (request.to) {
    if (!request.storage) {
      return Fail(Code::kInvalid, "a target version needs a storage: each has versions of its own");
    }
    if (*request.to < 0 || *request.to > LatestOf(*request.storage)) {
      return Fail(Code::kInvalid,
                  fmt::format("invalid target version (available version range is 0-{})",
                              LatestOf(*request.storage)));
    }
  }
  std::vector<Move> moves;
  for (const Storage storage : kStorages) {
    if (request.storage ? *request.storage != storage : !request.storages.Has(storage)) continue;
    const std::optional<std::int32_t>& found = VersionOf(versions, storage);
    const std::int32_t from = found.value_or(0);
    if (from > LatestOf(storage) || from < 0) {
      return Fail(Code::kInvalid, NewerText(database, storage, from));
    }
    const std::int32_t to = request.to.value_or(LatestOf(storage));
    if (to < from && !request.down) {
      return Fail(Code::kInvalid,
                  fmt::format("the storage `{}` has version {}, to go down to {} drops tables, "
                              "columns and what is in them: say so with --down",
                              NameOf(storage), from, to));
    }
    if (to != from || !found) moves.push_back({storage, from, to, !found.has_value()});
  }
  return moves;
}

}  // namespace insightd::store::pg
