#include <fmt/core.h>

#include <set>
#include <string_view>
#include <vector>

#include "app/check_settings.h"
#include "app/commands/commands.h"
#include "app/settings.h"
#include "base/log.h"

namespace insightd::app {

ExitCode RunConfigCheck(const std::string& config, const std::string& role) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print("{}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});
  ExitCode exit = ExitCode::kGood;
  std::set<std::string> told;
  std::vector<std::string_view> roles = {role};
  if (role.empty()) roles = RolesWith(settings);
  for (const std::string_view each : roles) {
    for (const StartFailure& failure : CheckSettings(settings, each)) {
      exit = Worse(exit, failure.exit);
      if (!told.insert(failure.message).second) continue;  // several roles may need the same
      fmt::print("{}{}", failure.message, failure.message.ends_with('\n') ? "" : "\n");
    }
  }
  if (exit == ExitCode::kGood) fmt::print("good\n");
  return exit;
}

ExitCode RunConfigPrint(const std::string& config) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  fmt::print("{}", table.Print());
  return ExitCode::kGood;
}

ExitCode RunConfigReference() {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  fmt::print("{}", table.Reference());
  return ExitCode::kGood;
}

}  // namespace insightd::app
