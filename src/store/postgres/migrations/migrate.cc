#include "store/postgres/migrations/migrate.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "store/postgres/locks.h"
#include "store/postgres/migrations/additions.h"
#include "store/postgres/migrations/rights.h"

namespace insightd::store::pg {
namespace {

constexpr milliseconds kLockPoll{200};

microseconds Now() { return SystemClock().Steady(); }

Result<std::string> LockHolder(Connection& connection) {
  const Result<Rows> rows = connection.Run(
      "SELECT format('process %s of the server (%s%s)', a.pid, "
      "coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(' at ' || a.client_addr, '')) "
      "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
      "WHERE l.locktype = 'advisory' AND l.granted AND l.classid::int8 = $1 AND l.objid::int8 = $2 "
      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      Params().Int(kLockClass).Int(kMigrationLock));
  if (!rows) return Fail(rows.error());
  return rows->empty() ? std::string("another migration") : rows->StringAt(0, 0);
}

// The lock goes with the connection.
Result<void> TakeLock(Connection& connection, MigrationObserver& observer, milliseconds wait_max) {
  const microseconds until = Now() + wait_max;
  bool told = false;
  while (true) {
    const Result<Rows> taken = connection.Run("SELECT pg_try_advisory_lock($1::int4, $2::int4)",
                                              Params().Int(kLockClass).Int(kMigrationLock));
    if (!taken) return Fail(taken.error());
    if (taken->BoolAt(0, 0)) return {};
    const Result<std::string> holder = LockHolder(connection);
    if (!holder) return Fail(holder.error());
    if (!std::exchange(told, true)) observer.Waits(*holder);
    if (Now() >= until) {
      return Fail(
          Code::kConflict,
          fmt::format("{}: {} migrates since more than {} s: wait for it, or end it and try "
                      "again",
                      connection.name(), *holder, wait_max.count() / 1000));
    }
    std::this_thread::sleep_for(kLockPoll);
  }
}

// Somebody who uses the table is not to blame, but he is in the way.
Error InWords(Error error, const std::string& doing, const MigrationLimits& limits) {
  std::string hint;
  if (error.code() == Code::kConflict) {
    hint = fmt::format(
        "; another session used the table for more than {} s: stop the programs that "
        "write to the database, or try again when it is quiet",
        limits.table_wait_max.count() / 1000);
  }
  return Error(error.code(), fmt::format("{}: {}{}", doing, error.message(), hint));
}

Result<void> DoSteps(Connection& connection, const Move& move, MigrationObserver& observer,
                     const MigrationLimits& limits) {
  const bool up = move.to >= move.from;
  for (std::int32_t at = move.from; at != move.to; at += up ? 1 : -1) {
    const std::int32_t number = up ? at + 1 : at;
    const Step& step = StepsOf(move.storage)[static_cast<std::size_t>(number - 1)];
    const microseconds began = Now();
    observer.Begins(move.storage, number, up, step.title);
    const std::string_view sql = up ? step.up : step.down;
    if (!sql.empty()) {
      const Result<Rows> done = connection.Execute(std::string(sql));
      if (!done) {
        return Fail(
            InWords(done.error(),
                    fmt::format("{}, step {} {} ({}), nothing of which was done",
                                NameOf(move.storage), number, up ? "up" : "down", step.title),
                    limits));
      }
    }
    observer.Ended(Now() - began);
  }
  return {};
}

Result<void> MakeVersionTable(Connection& connection, Storage storage) {
  const std::string_view schema = SchemaOf(storage);
  // CREATE SCHEMA IF NOT EXISTS needs the right to make one also where it exists.
  const Result<Rows> there =
      connection.Run("SELECT to_regnamespace($1) IS NOT NULL", Params().Text(schema));
  if (!there) return Fail(there.error());
  const std::string table = fmt::format("{}.{}", schema, VersionTableOf(storage));
  const Result<Rows> made = connection.Execute(fmt::format(
      "{}CREATE TABLE {} (version integer NOT NULL); INSERT INTO {} VALUES (0)",
      there->BoolAt(0, 0) ? "" : fmt::format("CREATE SCHEMA {}; ", schema), table, table));
  if (!made) return Fail(made.error());
  return {};
}

Result<void> DoMove(Connection& connection, const Move& move, MigrationObserver& observer,
                    const MigrationLimits& limits) {
  const microseconds began = Now();
  const Result<Rows> begun = connection.Execute(
      fmt::format("BEGIN; SET LOCAL search_path = public; SET LOCAL lock_timeout = {}",
                  limits.table_wait_max.count()));
  if (!begun) return Fail(begun.error());
  if (move.first) {
    if (auto made = MakeVersionTable(connection, move.storage); !made) return made;
  }
  if (auto done = DoSteps(connection, move, observer, limits); !done) return done;
  if (move.storage == Storage::kOwn && move.to == 0) {
    for (const Addition& addition : Additions()) {
      const Result<Rows> removed = connection.Execute(std::string(addition.remove));
      if (!removed) return Fail(InWords(removed.error(), "giving the tables back", limits));
    }
  }
  Pipeline pipeline(connection);
  pipeline.Add(fmt::format("UPDATE {}.{} SET version = $1", SchemaOf(move.storage),
                           VersionTableOf(move.storage)),
               Params().Int(move.to));
  pipeline.Add("COMMIT");
  const auto committed = pipeline.Run();
  if (!committed) return Fail(committed.error());
  observer.Moved(move, Now() - began);
  return {};
}

bool AllLatest(const Versions& versions, const Storages& storages) {
  for (const Storage storage : kStorages) {
    if (storages.Has(storage) && VersionOf(versions, storage) != LatestOf(storage)) return false;
  }
  return true;
}

Result<void> Add(Connection& connection, std::span<const Addition* const> additions,
                 MigrationObserver& observer, const MigrationLimits& limits) {
  const Result<Rows> limited = connection.Execute(fmt::format(
      "SET search_path = public; SET lock_timeout = {}", limits.table_wait_max.count()));
  if (!limited) return Fail(limited.error());
  for (const Addition* addition : additions) {
    const microseconds began = Now();
    observer.Adds(addition->title);
    // An interrupted try may have left something.
    for (const std::string_view sql : {addition->remove, addition->make}) {
      const Result<Rows> done = connection.Execute(std::string(sql));
      if (!done) return Fail(InWords(done.error(), std::string(addition->title), limits));
    }
    observer.Ended(Now() - began);
  }
  return {};
}

}  // namespace

Result<std::vector<Move>> Migrate(Connection& connection, const MigrationRequest& request,
                                  MigrationObserver& observer, const MigrationLimits& limits) {
  if (auto taken = TakeLock(connection, observer, limits.migrator_wait_max); !taken) {
    return Fail(std::move(taken).error());
  }
  Result<Versions> versions = ReadSchemaVersions(connection);
  if (!versions) return Fail(versions.error());
  auto moves = PlanMoves(*versions, request, connection.name());
  if (!moves) return moves;
  for (const Move& move : *moves) VersionOf(*versions, move.storage) = move.to;
  const bool additions = AllLatest(*versions, request.storages);
  if (auto good = CheckRightsToMigrate(connection, *moves, /*additions=*/false); !good) {
    return Fail(std::move(good).error());
  }
  for (const Move& move : *moves) {
    if (auto done = DoMove(connection, move, observer, limits); !done) {
      (void)connection.Rollback();
      return Fail(std::move(done).error());
    }
  }
  if (!additions) return moves;
  const auto missing = MissingAdditions(connection, request.storages);
  if (!missing) return Fail(missing.error());
  if (missing->empty()) return moves;
  if (auto good = CheckRightsToMigrate(connection, {}, /*additions=*/true); !good) {
    return Fail(std::move(good).error());
  }
  if (auto added = Add(connection, *missing, observer, limits); !added) {
    return Fail(std::move(added).error());
  }
  return moves;
}

}  // namespace insightd::store::pg
