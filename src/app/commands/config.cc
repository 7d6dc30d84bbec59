#include <fmt/core.h>

#include "app/commands/commands.h"
#include "app/settings.h"

namespace insightd::app {

ExitCode RunConfigCheck(const std::string& config) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print("{}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  fmt::print("good\n");
  return ExitCode::kGood;
}

ExitCode RunConfigPrint(const std::string& config) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  fmt::print("{}", table.Print());
  return mistakes.empty() ? ExitCode::kGood : ExitCode::kUsage;
}

ExitCode RunConfigReference() {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  fmt::print("{}", table.Reference());
  return ExitCode::kGood;
}

}  // namespace insightd::app
