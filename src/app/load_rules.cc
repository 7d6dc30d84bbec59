#include "app/load_rules.h"

#include <fmt/core.h>

#include "rules/embedded_pack.h"

namespace insightd::app {

tl::expected<LoadedRules, RulesMistake> LoadRulesWithFiles(const std::string& folder) {
  Result<rules::PackFiles> files = folder.empty()
                                       ? Result<rules::PackFiles>(rules::EmbeddedBasePack())
                                       : rules::ReadPackFolder(folder);
  if (!files) {
    return tl::unexpected(RulesMistake{
        ExitCode::kUnreadable,
        fmt::format("insightd: reading rule pack {}: {}\n", folder, files.error().message())});
  }
  tl::expected<rules::PackPointer, rules::Diagnostics> pack = rules::LoadPack(*files);
  if (!pack) {
    const rules::Diagnostics& mistakes = pack.error();
    return tl::unexpected(
        RulesMistake{ExitCode::kFindings,
                     fmt::format("{}\ninsightd: rule pack {}: {} mistake{}\n", mistakes.ToText(),
                                 files->origin, mistakes.size(), mistakes.size() == 1 ? "" : "s")});
  }
  return LoadedRules{*std::move(files), *std::move(pack)};
}

tl::expected<rules::PackPointer, RulesMistake> LoadRules(const std::string& folder) {
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesWithFiles(folder);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return std::move(loaded->pack);
}

}  // namespace insightd::app
