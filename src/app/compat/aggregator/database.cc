#include "app/compat/aggregator/database.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <utility>

#include "base/log.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/migrations/migrate_at_start.h"

namespace insightd::app::aggregator {
namespace {

namespace pg = store::pg;

constexpr log::Logger kLog("migration");
constexpr const char* kApplication = "insightd aggregator";
constexpr milliseconds kConnectMax{10'000};

Result<std::unique_ptr<pg::Connection>> Open(const go::PostgresTarget& target) {
  return pg::Connection::Open({.conninfo = target.conninfo,
                               .password = target.password,
                               .application = kApplication,
                               .connect_max = kConnectMax,
                               .statement_max = milliseconds(0)});
}

Result<void> CheckExact(const pg::Versions& versions, pg::Storage storage,
                        const std::string& database) {
  const auto& found = pg::VersionOf(versions, storage);
  const std::int32_t latest = pg::LatestOf(storage);
  if (!found) {
    return Fail(Code::kInvalid,
                fmt::format("{}: there is no table {}.{}: run `migration latest` first", database,
                            pg::SchemaOf(storage), pg::VersionTableOf(storage)));
  }
  if (*found == latest) return {};
  return Fail(Code::kInvalid,
              fmt::format("old DB migration version (current: {}, latest: {})", *found, latest));
}

// The storages that are configured have their latest version already; ours is made beside them. Of
// the other one nothing is asked, and nothing made.
Result<void> PrepareOne(const go::PostgresTarget& target, const pg::Storages& storages) {
  auto connection = Open(target);
  if (!connection) return Fail(std::move(connection).error());
  const Result<pg::Versions> versions = pg::ReadSchemaVersions(**connection);
  if (!versions) return Fail(versions.error());
  for (const pg::Storage storage : {pg::Storage::kResults, pg::Storage::kWorkloads}) {
    if (!storages.Has(storage)) continue;
    auto checked = CheckExact(*versions, storage, (*connection)->name());
    if (!checked) return checked;
  }
  connection->reset();
  return pg::MigrateAtStart({.conninfo = target.conninfo,
                             .password = target.password,
                             .application = kApplication,
                             .connect_max = kConnectMax,
                             .storages = storages});
}

class LoggedSteps final : public pg::MigrationObserver {
 public:
  void Waits(std::string_view who) override {
    kLog.Info("", fmt::format("the database is being migrated by {}: waiting", who));
  }
  void Begins(pg::Storage, std::int32_t number, bool up, std::string_view title) override {
    kLog.Info("",
              fmt::format("Executing migration step {} {}: {}", number, up ? "up" : "down", title));
  }
  void Ended(microseconds) override {}
  void Moved(const pg::Move&, microseconds) override {}
  void Adds(std::string_view title) override { kLog.Info("", title); }
};

// A storage whose version table is missing has version 0 from now on.
Result<void> MakeVersionTable(pg::Connection& connection, pg::Storage storage) {
  const std::string_view schema = pg::SchemaOf(storage);
  const auto there =
      connection.Run("SELECT to_regnamespace($1) IS NOT NULL", pg::Params().Text(schema));
  if (!there) return Fail(there.error());
  // The right to make a schema is asked for only where there is none.
  const std::string make_schema =
      there->BoolAt(0, 0) ? "" : fmt::format("CREATE SCHEMA IF NOT EXISTS {}; ", schema);
  const std::string table = fmt::format("{}.{}", schema, pg::VersionTableOf(storage));
  const auto exists =
      connection.Run("SELECT to_regclass($1) IS NOT NULL", pg::Params().Text(table));
  if (!exists) return Fail(exists.error());
  const std::string make_table =
      exists->BoolAt(0, 0)
          ? ""
          : fmt::format("CREATE TABLE IF NOT EXISTS {} (version INTEGER NOT NULL); ", table);
  const auto made = connection.Execute(
      fmt::format("{}{}INSERT INTO {} SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {})", make_schema,
                  make_table, table, table));
  if (!made) return Fail(made.error());
  return {};
}

Result<std::int32_t> TargetOf(std::string_view text, std::int32_t latest) {
  if (text == "latest" || text == "max") return latest;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(Code::kInvalid,
                fmt::format("unable to parse target migration version \"{}\": it is a number, "
                            "latest or max",
                            text));
  }
  if (number < 0 || number > latest) {
    return Fail(Code::kInvalid,
                fmt::format("invalid target version (available version range is 0-{})", latest));
  }
  return number;
}

tl::unexpected<MigrationError> Refuse(std::string message) {
  return tl::unexpected(MigrationError{MigrationFailure::kOther, std::move(message)});
}

tl::unexpected<MigrationError> NoDatabase(const Error& error) {
  return tl::unexpected(MigrationError{MigrationFailure::kNoDatabase, error.message()});
}

}  // namespace

Result<void> Prepare(const Databases& databases) {
  const auto& results = databases.results;
  const auto& workloads = databases.workloads;
  const bool one = results && workloads && results->conninfo == workloads->conninfo &&
                   results->password == workloads->password;
  if (one) return PrepareOne(*results, {});
  if (results) {
    if (auto done = PrepareOne(*results, {.results = true, .workloads = false}); !done) return done;
  }
  if (workloads) return PrepareOne(*workloads, {.results = false, .workloads = true});
  return {};
}

tl::expected<MigrationOutcome, MigrationError> Migrate(const Configuration& configuration,
                                                       bool environment_sslmode,
                                                       std::optional<std::string_view> target) {
  const bool results = configuration.use == kUseResults;
  if (!results && configuration.use != kUseWorkloads) {
    return Refuse("storage backend does not support database migrations");
  }
  const Storage& of_use = results ? configuration.results : configuration.workloads;
  const std::string_view section = results ? kResultsSection : kWorkloadsSection;
  if (of_use.type.empty() || of_use.type == "noop" || of_use.type == "redis") {
    return Refuse(
        fmt::format("storage backend does not support database migrations: {}.type is \"{}\", and "
                    "only sql has a schema",
                    section, of_use.type));
  }
  const auto database = DatabaseOf(of_use, section, environment_sslmode);
  if (!database) return NoDatabase(database.error());
  const pg::Storage storage = results ? pg::Storage::kResults : pg::Storage::kWorkloads;
  MigrationOutcome outcome{.version = 0, .latest = pg::LatestOf(storage)};
  // Before the target is looked at: with the database away the exit code tells that, whatever the
  // target is.
  auto connection = Open(**database);
  if (!connection) return NoDatabase(connection.error());
  std::optional<std::int32_t> to;
  if (target) {
    const Result<std::int32_t> parsed = TargetOf(*target, outcome.latest);
    if (!parsed) return Refuse(parsed.error().message());
    to = *parsed;
  }
  if (auto made = MakeVersionTable(**connection, storage); !made) {
    return Refuse(made.error().message());
  }
  if (to) {
    LoggedSteps observer;
    const auto moved =
        pg::Migrate(**connection, {.storage = storage, .to = *to, .down = true}, observer);
    if (!moved) return Refuse(moved.error().message());
  }
  const Result<pg::Versions> versions = pg::ReadSchemaVersions(**connection);
  if (!versions) return Refuse(versions.error().message());
  outcome.version = pg::VersionOf(*versions, storage).value_or(0);
  return outcome;
}

}  // namespace insightd::app::aggregator
