#include "app/rules/workbench.h"

#include <fmt/core.h>

namespace insightd::app {

tl::expected<Workbench, RulesMistake> OpenWorkbench(const CommandLine& line) {
  Workbench bench;
  settings::Table table;
  bench.settings.AddTo(table);
  std::string mistakes;
  for (const std::string& mistake : LoadSettings(line.config, table, /*default_if_allowed=*/true)) {
    mistakes += fmt::format("insightd: {}\n", mistake);
  }
  if (!mistakes.empty()) return tl::unexpected(RulesMistake{ExitCode::kUsage, mistakes});
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesWithFiles(line.rules.packs);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  bench.rules = *std::move(loaded);
  return bench;
}

}  // namespace insightd::app
