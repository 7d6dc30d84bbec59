#include "app/compat/aggregator/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <optional>
#include <utility>

#include "app/build_info.h"
#include "app/compat/aggregator/configuration.h"
#include "app/compat/aggregator/database.h"
#include "app/compat/aggregator/logging.h"
#include "app/compat/aggregator/to_settings.h"
#include "app/compat/common/environment.h"
#include "app/compat/common/own_variables.h"
#include "app/host.h"
#include "app/run/run_role.h"
#include "base/log.h"
#include "base/text.h"
#include "writer/org_allow_list.h"

extern char** environ;

namespace insightd::app::aggregator {
namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr int kPreparationFailed = 2;
constexpr int kPanicked = 2;
constexpr int kMigrationFailed = 5;

constexpr log::Logger kLog("aggregator");

// Tests of the original's callers compare every letter.
constexpr std::string_view kHelp = R"(
Aggregator service for insights results

Usage:

    {} [command]

The commands are:

    <EMPTY>             starts aggregator
    start-service       starts aggregator
    help                prints help
    print-help          prints help
    print-config        prints current configuration set by files & env variables
    print-env           prints env variables
    print-version-info  prints version info
    migration           prints information about migrations (current, latest)
    migration <version> migrates database to the specified version

)";

void PrintHelp(std::string_view name) { fmt::print(fmt::runtime(kHelp), name); }

int PrintConfiguration(Configuration& configuration) {
  go::Table table;
  configuration.AddTo(table);
  const std::string printed = table.Print();
  fmt::print("{}", printed);
  std::fflush(stdout);
  if (printed.find("(secret)") != std::string::npos) {
    fmt::print(stderr, "secrets are shown as \"(secret)\"\n");
  }
  return kGood;
}

int PrintEnvironment() {
  for (char** entry = environ; *entry != nullptr; ++entry) fmt::print("{}\n", *entry);
  return kGood;
}

std::string_view BuildOr(std::string_view text) { return text.empty() ? "*not set*" : text; }

void LogVersions() {
  kLog.Info("", fmt::format("Version: v{}", BuildVersion()), {{"type", "init"}});
  kLog.Info("", fmt::format("Build time: {}", BuildOr(BuildCommitTime())), {{"type", "init"}});
  kLog.Info("", "Branch: *not set*", {{"type", "init"}});
  kLog.Info("", fmt::format("Commit: {}", BuildOr(BuildCommitFull())), {{"type", "init"}});
  kLog.Info("", fmt::format("Utils version: v{}", BuildVersion()), {{"type", "init"}});
}

bool SslmodeInEnvironment() { return compat::ProcessVariables()("PGSSLMODE").has_value(); }

int RunMigration(const Configuration& configuration, const std::vector<std::string>& words) {
  if (words.size() > 2) {
    kLog.Error("", "migration takes one version at most");
    return kMigrationFailed;
  }
  const bool moves = words.size() == 2;
  const auto outcome = Migrate(configuration, SslmodeInEnvironment(),
                               moves ? std::optional<std::string_view>(words[1]) : std::nullopt);
  if (!outcome) {
    if (outcome.error().kind == MigrationFailure::kNoDatabase) {
      kLog.Error("", "unable to connect to the database", {{"error", outcome.error().message}});
      return kPreparationFailed;
    }
    kLog.Error("", outcome.error().message);
    return kMigrationFailed;
  }
  if (moves) {
    kLog.Info("", fmt::format("Database version is now {}", outcome->version));
  } else {
    kLog.Info("", fmt::format("Current DB version: {}", outcome->version));
    kLog.Info("", fmt::format("Maximum available version: {}", outcome->latest));
  }
  return kGood;
}

bool ApplyOwnVariables(Settings& settings) {
  const std::vector<std::string> mistakes = compat::ApplyOwnVariables(settings);
  for (const std::string& mistake : mistakes) kLog.Error("", mistake);
  return mistakes.empty();
}

void TellFailure(const StartFailure& failure) {
  if (failure.row == "bus") {
    kLog.Error("", "Failed to connect to broker", {{"error", failure.message}});
    kLog.Error("",
               "kafka: client has run out of available brokers to talk to (Is your cluster "
               "reachable?)");
    kLog.Error("", "waiting for consumer to start", {{"error", failure.message}});
    return;
  }
  kLog.Fatal("", failure.row.empty() ? "the service cannot go on" : "the service cannot start",
             {{"error", failure.message}});
}

int StartService(const Configuration& configuration, const Loading& loading) {
  LogVersions();
  for (const std::string& key : loading.unknown) {
    kLog.Warn("", fmt::format("{} means nothing here", key));
  }
  const Result<Databases> databases = DatabasesOf(configuration, SslmodeInEnvironment());
  const Result<void> prepared = databases ? Prepare(*databases) : Fail(databases.error());
  if (!prepared) {
    kLog.Error("", "unable to check DB migration version", {{"error", prepared.error().message()}});
    kLog.Error("",
               fmt::format("database preparation exited with error code {}", kPreparationFailed));
    return kPreparationFailed;
  }
  Result<Meant> meant = ToSettings(configuration, *databases);
  if (!meant) {
    kLog.Fatal("", "the service cannot start", {{"error", meant.error().message()}});
    return kFailed;
  }
  for (const std::string& notice : meant->notices) kLog.Warn("", notice);
  if (!ApplyOwnVariables(meant->settings)) return kFailed;
  if (const auto allowed = writer::OrgAllowList::Read(meant->settings.writer.org_allowlist_file);
      !allowed) {
    kLog.Fatal("", "the list of allowed organizations cannot be used",
               {{"error", allowed.error().message()}});
    return kFailed;
  }
  const ExitCode exit = RunRole(meant->role, meant->settings, TellFailure);
  return exit == ExitCode::kGood ? kGood : kFailed;
}

int RunCommand(std::string_view name, std::string_view command, Configuration& configuration,
               const Loading& loading, const std::vector<std::string>& words) {
  if (command.empty() || command == "start-service") return StartService(configuration, loading);
  if (command == "help" || command == "print-help") {
    PrintHelp(name);
    return kGood;
  }
  if (command == "print-config") return PrintConfiguration(configuration);
  if (command == "print-env") return PrintEnvironment();
  if (command == "print-version-info") {
    LogVersions();
    return kGood;
  }
  if (command == "migration" || command == "migrations" || command == "migrate") {
    return RunMigration(configuration, words);
  }
  fmt::print("\nCommand '{}' not found\n", command);
  PrintHelp(name);
  return kGood;
}

}  // namespace

int Run(std::string_view name, const std::vector<std::string>& words) {
  Configuration configuration;
  // Holds the secrets until the process ends.
  const Result<Loading> loading = Load(configuration, compat::ProcessVariables(), name);
  if (!loading) {
    fmt::print(stderr, "panic: {}\n", loading.error().message());
    return kPanicked;
  }
  for (const std::string& line : loading->said) fmt::print("{}\n", line);
  std::fflush(stdout);
  SetUpLogging(configuration);
  std::string command(words.empty() ? std::string_view() : Stripped(words.front()));
  std::ranges::transform(command, command.begin(), [](unsigned char c) { return std::tolower(c); });
  return RunCommand(name, command, configuration, *loading, words);
}

}  // namespace insightd::app::aggregator
