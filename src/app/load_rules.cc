#include "app/load_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/key_file.h"
#include "rules/embedded_pack.h"
#include "rules/pack_file.h"

namespace insightd::app {
namespace {

namespace fs = std::filesystem;

// In `data_dir`, for packs that an administrator puts there.
constexpr const char* kPacksFolder = "packs";

Result<rules::PackFiles> ReadPack(const std::string& path, const rules::TrustCheck& trust,
                                  bool folders_allowed) {
  if (path == kBasePack) return rules::EmbeddedBasePack();
  std::error_code error;
  if (fs::is_directory(path, error)) {
    if (folders_allowed) return rules::ReadPackFolder(path);
    return Fail(Code::kInvalid,
                "it is a folder, and rules.signature_required is set; make a signed file of it: "
                "`insightd rules pack DIR --key KEY.pem`");
  }
  if (!fs::exists(path, error)) {
    return Fail(Code::kNotFound, "there is no such folder and no such file");
  }
  if (fs::path(path).filename() == "pack.yaml") {
    return Fail(Code::kInvalid, "a pack is the folder that its pack.yaml lies in; name that");
  }
  const Result<std::string> bytes = rules::ReadBytesOfPackFile(path);
  if (!bytes) return Fail(bytes.error());
  return rules::ReadPackFile(*bytes, path, trust);
}

Result<std::vector<rules::PublicKey>> ReadKeys(const std::vector<std::string>& paths) {
  std::vector<rules::PublicKey> keys;
  for (const std::string& path : paths) {
    Result<rules::PublicKey> key = ReadPublicKey(path);
    if (!key) return Fail(std::move(key).error().While("rules.trusted_keys"));
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<void> CheckTrust(const rules::PackSeal& seal, const std::vector<rules::PublicKey>& keys,
                        bool signature_required) {
  if (keys.empty() && !signature_required) return {};
  if (!seal.signer) {
    return Fail(Code::kInvalid,
                signature_required ? "it is not signed, and rules.signature_required is set"
                                   : "it is not signed, and rules.trusted_keys names who may sign");
  }
  if (std::find(keys.begin(), keys.end(), *seal.signer) != keys.end()) return {};
  return Fail(Code::kInvalid, fmt::format("it is signed by {}, which is none of rules.trusted_keys",
                                          seal.signer->Fingerprint()));
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

tl::expected<LoadedRules, RulesMistake> LoadAll(const std::vector<std::string>& packs,
                                                const rules::TrustCheck& trust,
                                                bool folders_allowed,
                                                const rules::LoadOptions& options) {
  LoadedRules loaded;
  for (const std::string& path : packs) {
    Result<rules::PackFiles> files = ReadPack(path, trust, folders_allowed);
    if (!files) {
      const Code code = files.error().code();
      const bool is_readable = code == Code::kCorrupt || code == Code::kInvalid;
      return tl::unexpected(RulesMistake{
          is_readable ? ExitCode::kFindings : ExitCode::kUnreadable,
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

}  // namespace

RuleSources SourcesOf(const Settings& settings) {
  return {.packs = settings.rules.packs,
          .packs_folder = (fs::path(settings.data_dir) / kPacksFolder).string(),
          .trusted_keys = settings.rules.trusted_keys,
          .signature_required = settings.rules.signature_required};
}

std::vector<std::string> PacksOf(const RuleSources& sources) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(sources.packs_folder, error);
       !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code ignored;
    if (at->is_directory(ignored) || name.ends_with(rules::kPackFileEnd)) {
      found.push_back(at->path().string());
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> packs = sources.packs;
  packs.insert(packs.end(), found.begin(), found.end());
  return packs;
}

tl::expected<LoadedRules, RulesMistake> LoadRulesFrom(const RuleSources& sources,
                                                      const rules::LoadOptions& options) {
  std::error_code error;
  if (fs::directory_iterator(sources.packs_folder, error);
      error && error != std::errc::no_such_file_or_directory) {
    return tl::unexpected(RulesMistake{
        ExitCode::kUnreadable,
        fmt::format("insightd: cannot read {}: {}\n", sources.packs_folder, error.message())});
  }
  const std::vector<std::string> packs = PacksOf(sources);
  const Result<std::vector<rules::PublicKey>> keys = ReadKeys(sources.trusted_keys);
  if (!keys) {
    return tl::unexpected(
        RulesMistake{ExitCode::kUsage, fmt::format("insightd: {}\n", keys.error().message())});
  }
  if (sources.signature_required && keys->empty()) {
    return tl::unexpected(RulesMistake{ExitCode::kUsage,
                                       "insightd: rules.signature_required is set, and "
                                       "rules.trusted_keys names nobody who may sign\n"});
  }
  if (packs.empty()) {
    return tl::unexpected(RulesMistake{
        ExitCode::kUsage,
        fmt::format("insightd: there is no rule pack: rules.packs is empty, and so is {}\n",
                    sources.packs_folder)});
  }
  return LoadAll(
      packs,
      [&](const rules::PackSeal& seal) {
        return CheckTrust(seal, *keys, sources.signature_required);
      },
      !sources.signature_required, options);
}

tl::expected<LoadedRules, RulesMistake> LoadRulesWithFiles(const std::vector<std::string>& packs,
                                                           const rules::LoadOptions& options) {
  return LoadAll(packs.empty() ? std::vector<std::string>{kBasePack} : packs, {}, true, options);
}

tl::expected<rules::PackPointer, RulesMistake> LoadRules(const std::vector<std::string>& packs) {
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesWithFiles(packs);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return std::move(loaded->pack);
}

}  // namespace insightd::app
