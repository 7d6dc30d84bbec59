#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands/commands.h"
#include "app/settings.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/additions.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/rights.h"

namespace insightd::app {
namespace {

namespace pg = store::pg;

ExitCode Complain(std::string_view what, ExitCode exit) {
  fmt::print(stderr, "insightd: {}\n", what);
  return exit;
}

double SecondsOf(microseconds time) { return static_cast<double>(time.count()) / 1e6; }

void PrintLine(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

class TextProgress final : public pg::MigrationObserver {
 public:
  void Waits(std::string_view who) override {
    PrintLine(fmt::format("waiting for another migration: {}", who));
  }
  void Begins(pg::Storage storage, std::int32_t number, bool up, std::string_view title) override {
    Show(fmt::format("{} {:>2} {}: {}", pg::NameOf(storage), number, up ? "up" : "down", title));
  }
  void Ended(microseconds took) override { PrintLine(fmt::format(" {:>9.3f} s", SecondsOf(took))); }
  void Moved(const pg::Move& move, microseconds took) override {
    PrintLine(fmt::format("{}: version {} -> {} in {:.3f} s", pg::NameOf(move.storage), move.from,
                          move.to, SecondsOf(took)));
  }
  void Adds(std::string_view title) override { Show(std::string(title)); }

 private:
  static void Show(const std::string& what) {
    fmt::print("  {:<76}", what);
    std::fflush(stdout);  // it may take long
  }
};

class JsonProgress final : public pg::MigrationObserver {
 public:
  void Waits(std::string_view who) override {
    std::string out;
    json::JsonWriter(out).BeginObject().Key("waits_for").String(who).EndObject();
    PrintLine(out);
  }
  void Begins(pg::Storage storage, std::int32_t number, bool up, std::string_view title) override {
    step_.clear();
    json::JsonWriter w(step_);
    w.BeginObject().Key("storage").String(pg::NameOf(storage)).Key("step").Int(number);
    w.Key("direction").String(up ? "up" : "down").Key("title").String(title).Key("seconds");
  }
  void Adds(std::string_view title) override {
    step_.clear();
    json::JsonWriter(step_).BeginObject().Key("addition").String(title).Key("seconds");
  }
  void Ended(microseconds took) override {
    PrintLine(fmt::format("{}{:.6f}}}", step_, SecondsOf(took)));
  }
  void Moved(const pg::Move& move, microseconds took) override {
    std::string out;
    json::JsonWriter w(out);
    w.BeginObject().Key("storage").String(pg::NameOf(move.storage)).Key("from").Int(move.from);
    w.Key("to").Int(move.to).Key("seconds").Double(SecondsOf(took)).EndObject();
    PrintLine(out);
  }

 private:
  std::string step_;
};

// Which versions there are; kFindings when `migrate` would have something to do.
ExitCode PrintStatus(const pg::Connection& connection, const pg::Versions& versions,
                     const std::vector<const pg::Addition*>& missing, bool as_json) {
  ExitCode exit = ExitCode::kGood;
  if (!as_json) PrintLine(connection.name());
  for (const pg::Storage storage : pg::kStorages) {
    const std::optional<std::int32_t>& version = pg::VersionOf(versions, storage);
    const std::int32_t latest = pg::LatestOf(storage);
    if (version != latest) exit = ExitCode::kFindings;
    if (as_json) {
      std::string out;
      json::JsonWriter w(out);
      w.BeginObject().Key("storage").String(pg::NameOf(storage)).Key("version");
      if (version) {
        w.Int(*version);
      } else {
        w.Null();
      }
      w.Key("latest").Int(latest).EndObject();
      PrintLine(out);
      continue;
    }
    PrintLine(fmt::format("  {:<10} version {:>4} of {:>3}  {}", pg::NameOf(storage),
                          version ? fmt::to_string(*version) : "none", latest,
                          version == latest  ? "up to date"
                          : version > latest ? "newer than this program"
                                             : "to be migrated"));
  }
  for (const pg::Addition* addition : missing) {
    exit = ExitCode::kFindings;
    if (as_json) {
      std::string out;
      json::JsonWriter(out).BeginObject().Key("missing").String(addition->title).EndObject();
      PrintLine(out);
    } else {
      PrintLine(fmt::format("  to be done: {}", addition->title));
    }
  }
  return exit;
}

// The additions belong to tables that a database of an older version may not have.
Result<std::vector<const pg::Addition*>> MissingWhenLatest(pg::Connection& connection,
                                                           const pg::Versions& versions) {
  for (const pg::Storage storage : pg::kStorages) {
    if (pg::VersionOf(versions, storage) != pg::LatestOf(storage)) {
      return std::vector<const pg::Addition*>();
    }
  }
  return pg::MissingAdditions(connection);
}

void PrintPlanned(const pg::Move& move, bool as_json) {
  const bool up = move.to >= move.from;
  for (std::int32_t at = move.from; at != move.to; at += up ? 1 : -1) {
    const std::int32_t number = up ? at + 1 : at;
    const std::string_view storage = pg::NameOf(move.storage);
    const std::string_view direction = up ? "up" : "down";
    const std::string_view title =
        pg::StepsOf(move.storage)[static_cast<std::size_t>(number - 1)].title;
    if (!as_json) {
      PrintLine(fmt::format("  {} {:>2} {}: {}", storage, number, direction, title));
      continue;
    }
    std::string out;
    json::JsonWriter w(out);
    w.BeginObject().Key("storage").String(storage).Key("step").Int(number);
    w.Key("direction").String(direction).Key("title").String(title).EndObject();
    PrintLine(out);
  }
}

ExitCode PrintPlan(pg::Connection& connection, const std::vector<pg::Move>& moves,
                   const std::vector<const pg::Addition*>& missing, bool as_json) {
  if (!as_json) PrintLine(connection.name());
  for (const pg::Move& move : moves) PrintPlanned(move, as_json);
  for (const pg::Addition* addition : missing) {
    std::string out;
    json::JsonWriter(out).BeginObject().Key("addition").String(addition->title).EndObject();
    PrintLine(as_json ? out : fmt::format("  {}", addition->title));
  }
  if (!as_json) {
    PrintLine(moves.empty() && missing.empty() ? "nothing to do"
                                               : "that is what would be done; nothing was");
  }
  if (const auto good = pg::CheckRightsToMigrate(connection, moves, !missing.empty()); !good) {
    return Complain(good.error().message(), ExitCode::kUnusable);
  }
  return ExitCode::kGood;
}

// What can be seen without the database.
std::string MistakeIn(const MigrateArguments& arguments) {
  if (arguments.to < 0) return "";
  const auto storage = pg::StorageNamed(arguments.storage);
  if (!storage) return "--to needs --storage: each storage has versions of its own";
  if (arguments.to > pg::LatestOf(*storage)) {
    return fmt::format("invalid target version (available version range is 0-{})",
                       pg::LatestOf(*storage));
  }
  return "";
}

bool GoesDown(const pg::Versions& versions, const pg::MigrationRequest& request) {
  return request.storage && request.to &&
         *request.to < pg::VersionOf(versions, *request.storage).value_or(0);
}

ExitCode Migrate(pg::Connection& connection, const MigrateArguments& arguments, bool as_json) {
  const auto unusable = [](const Error& error) {
    return Complain(error.message(), ExitCode::kUnusable);
  };
  pg::MigrationRequest request{.storage = pg::StorageNamed(arguments.storage),
                               .down = arguments.down};
  if (arguments.to >= 0) request.to = arguments.to;
  const auto versions = pg::ReadSchemaVersions(connection);
  if (!versions) return unusable(versions.error());
  const auto missing = MissingWhenLatest(connection, *versions);
  if (!missing) return unusable(missing.error());
  if (arguments.status) return PrintStatus(connection, *versions, *missing, as_json);

  const auto moves = pg::PlanMoves(*versions, request, connection.name());
  if (!moves) {
    const bool unsaid = GoesDown(*versions, request) && !arguments.down;
    return Complain(moves.error().message(), unsaid ? ExitCode::kUsage : ExitCode::kUnusable);
  }
  if (arguments.dry_run) return PrintPlan(connection, *moves, *missing, as_json);

  TextProgress text;
  JsonProgress lines;
  if (!as_json) PrintLine(connection.name());
  const auto done =
      pg::Migrate(connection, request, as_json ? static_cast<pg::MigrationObserver&>(lines) : text);
  if (!done) {
    if (!as_json) PrintLine("");
    return unusable(done.error());
  }
  if (!as_json && done->empty() && missing->empty()) PrintLine("nothing to do");
  return ExitCode::kGood;
}

}  // namespace

ExitCode RunMigrate(const CommandLine& line) {
  if (const std::string mistake = MistakeIn(line.migrate); !mistake.empty()) {
    return Complain(mistake, ExitCode::kUsage);
  }
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(line.config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  const auto options = settings.postgres.Options("insightd migrate");
  if (!options) return Complain(options.error().message(), ExitCode::kUsage);
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});
  auto connection = pg::Connection::Open({.conninfo = options->conninfo,
                                          .password = options->password,
                                          .application = options->application,
                                          .connect_max = options->connect_max,
                                          .statement_max = milliseconds(0)});
  if (!connection) {
    return Complain(connection.error().message(), connection.error().code() == Code::kInvalid
                                                      ? ExitCode::kUsage
                                                      : ExitCode::kUnusable);
  }
  return Migrate(**connection, line.migrate, line.json);
}

}  // namespace insightd::app
