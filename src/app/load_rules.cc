#include "app/load_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/embedded_pack.h"

namespace insightd::app {
namespace {

Result<rules::PackFiles> ReadPack(const std::string& path) {
  return path == kBasePack ? rules::EmbeddedBasePack() : rules::ReadPackFolder(path);
}

// The built-in pack goes to the front where a pack extends it and none of that name is there.
void AddExtendedBase(LoadedRules& loaded) {
  bool is_extended = false;
  for (const rules::PackFiles& files : loaded.files) {
    const rules::PackHeader header = rules::ReadPackHeader(files);
    if (header.name == kBasePack) return;
    is_extended = is_extended || std::find(header.extends.begin(), header.extends.end(),
                                           kBasePack) != header.extends.end();
  }
  if (!is_extended) return;
  loaded.files.insert(loaded.files.begin(), rules::EmbeddedBasePack());
  loaded.asked.insert(loaded.asked.begin(), false);
}

}  // namespace

tl::expected<LoadedRules, RulesMistake> LoadRulesWithFiles(const std::vector<std::string>& packs,
                                                           const rules::LoadOptions& options) {
  LoadedRules loaded;
  for (const std::string& path : packs.empty() ? std::vector<std::string>{kBasePack} : packs) {
    Result<rules::PackFiles> files = ReadPack(path);
    if (!files) {
      return tl::unexpected(RulesMistake{
          ExitCode::kUnreadable,
          fmt::format("insightd: reading rule pack {}: {}\n", path, files.error().message())});
    }
    loaded.files.push_back(*std::move(files));
    loaded.asked.push_back(true);
  }
  AddExtendedBase(loaded);
  tl::expected<rules::PackPointer, rules::Diagnostics> pack =
      rules::LoadPacks(loaded.files, options);
  if (pack) {
    loaded.pack = *std::move(pack);
    return loaded;
  }
  std::vector<std::string> origins;
  for (std::size_t i = 0; i < loaded.files.size(); ++i) {
    if (loaded.asked[i]) origins.push_back(loaded.files[i].origin);
  }
  rules::Diagnostics& mistakes = pack.error();
  std::string summary =
      fmt::format("insightd: rule pack {}: {} mistake{}\n", fmt::join(origins, ", "),
                  mistakes.size(), mistakes.size() == 1 ? "" : "s");
  std::string text = fmt::format("{}\n{}", mistakes.ToText(), summary);
  return tl::unexpected(
      RulesMistake{ExitCode::kFindings, std::move(text), std::move(summary), std::move(mistakes)});
}

tl::expected<rules::PackPointer, RulesMistake> LoadRules(const std::vector<std::string>& packs) {
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesWithFiles(packs);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return std::move(loaded->pack);
}

}  // namespace insightd::app
