// pack.yaml of each pack, and from there all the rest.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "rules/functions/functions.h"
#include "rules/load/loading.h"
#include "rules/signature.h"

namespace insightd::rules {
namespace {

constexpr const char* kPackFile = "pack.yaml";
constexpr const char* kGatheringFile = "gathering.yaml";
constexpr const char* kOverridesFile = "overrides.yaml";
constexpr std::size_t kNameBytesMax = 100;

void LoadTable(const Fields& fields, std::string_view name,
               std::map<std::string, int, std::less<>>& table) {
  const yaml::Node* node = fields.Map(name);
  if (node == nullptr) return;
  for (const yaml::Member& member : node->members) {
    if (member.value.kind == yaml::Kind::kInt && member.value.integer >= 1 &&
        member.value.integer <= 4) {
      table[member.name] = static_cast<int>(member.value.integer);
    } else {
      fields.Report(member.value.offset,
                    fmt::format("{} of \"{}\" has to be a number from 1 to 4", name, member.name));
    }
  }
}

// What the judge reads for itself, whatever the pack names.
std::uint32_t AddOwnInput(Pack& pack, std::vector<std::string> paths, ParseAs as) {
  const auto index = static_cast<std::uint32_t>(pack.inputs.size());
  for (std::uint32_t i = 0; i < paths.size(); ++i) {
    const Result<void> added =
        pack.patterns.Add(paths[i], static_cast<std::uint32_t>(pack.pattern_targets.size()));
    INSIGHTD_ASSERT(added.has_value());
    pack.pattern_targets.push_back({index, i});
  }
  Input input;
  input.paths = std::move(paths);
  input.as = as;
  pack.inputs.push_back(std::move(input));
  return index;
}

// The files that a field of pack.yaml names, in its order, none twice.
std::vector<std::string> FilesOf(Loading& loading, const Fields& fields, std::string_view name) {
  std::vector<std::string> paths;
  for (const yaml::Node* pattern : fields.Texts(name, true)) {
    for (std::string& path : loading.Expand(fields, *pattern)) {
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        paths.push_back(std::move(path));
      }
    }
  }
  return paths;
}

bool IsPlainName(std::string_view text) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return text.size() <= kNameBytesMax && is_plain(text.front()) &&
         std::all_of(text.begin(), text.end(), [&is_plain](char c) {
           return is_plain(c) || std::string_view("._-+").find(c) != std::string_view::npos;
         });
}

// "my-rules" of "./my-rules/".
std::string LastPartOf(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

// One pack of a set, while it is loaded.
class PackLoader {
 public:
  PackLoader(const PackFiles& files, LoadingSet& set, std::uint32_t index, std::string label)
      : loading_(files, set, index, std::move(label)) {}

  // pack.yaml itself, and the overrides: all packs do this before any loads its rules.
  void LoadHead() {
    PackInfo& info = loading_.info();
    info.origin = loading_.files().origin;
    info.signer = loading_.files().signer;
    info.digest = DigestOf(loading_.files());
    info.scope = std::make_unique<cel::Environment>();
    AddFunctions(*info.scope);
    const Pack& pack = loading_.pack();
    info.scope->AddAlias("now", cel::Type::Timestamp(), pack.now_slot);
    info.scope->AddAlias("ocp", cel::Type::Map(cel::Type::String(), cel::Type::String()),
                         pack.ocp_slot);
    loading_.scope() = {{"now", {.what = "time of gathering"}},
                        {"ocp", {.what = "versions of the cluster"}}};
    if (loading_.files().Find(kPackFile) == nullptr) {
      loading_.diagnostics().AddFile(
          fmt::format("{}/{}", info.origin, kPackFile),
          "no such file; a rule pack has one, with its name, version and files");
      return;
    }
    const LoadedFile* file = loading_.Read(kPackFile);
    if (file == nullptr) return;
    if (file->root.kind != yaml::Kind::kMap) {
      loading_.diagnostics().Add(*file->source, file->source->PlaceOf(file->root.offset),
                                 "pack.yaml has to be a mapping with name, version, component, …");
      return;
    }
    fields_.emplace(*file->source, file->root, "pack.yaml", loading_.diagnostics());
    fields_->Allow({"name", "version", "component", "extends", "inputs", "globals", "rules",
                    "overrides", "impacts", "resolution_risks", "gathering"});
    LoadIdentity();
    LoadExtends();
    LoadTable(*fields_, "impacts", info.impacts);
    LoadTable(*fields_, "resolution_risks", info.resolution_risks);
    LoadOverridesOfPack();
  }

  void LoadBody() {
    if (!fields_) return;
    TakeOverNames();
    if (loading_.info().extends.empty() && fields_->Find("inputs") == nullptr) {
      // Nothing else can be judged then: all that a rule names would seem not to be there. A wrong
      // `extends` has been told already.
      if (fields_->Find("extends") == nullptr) {
        fields_->Report(fields_->node().offset,
                        "the pack has no inputs: write `extends: base` to use those of the "
                        "built-in pack, or `inputs: inputs.yaml` to name its own");
      }
      return;
    }
    LoadEach("inputs", LoadInputs);
    LoadEach("globals", LoadGlobals);
    if (!has_overrides_) fields_->Require("rules");
    LoadEach("rules", LoadRules);
    std::string gathering = fields_->Text("gathering");
    if (gathering.empty() && loading_.files().Find(kGatheringFile) != nullptr) {
      gathering = kGatheringFile;
    }
    if (gathering.empty()) return;
    if (const LoadedFile* one = loading_.Read(gathering)) {
      loading_.info().gathering = yaml::ToJson(one->root);
    }
  }

 private:
  void LoadEach(std::string_view name, void (*load)(Loading&, const LoadedFile&)) {
    for (const std::string& path : FilesOf(loading_, *fields_, name)) {
      if (const LoadedFile* one = loading_.Read(path)) load(loading_, *one);
    }
  }

  void LoadIdentity() {
    PackInfo& info = loading_.info();
    info.name = fields_->RequireText("name");
    info.version = fields_->RequireText("version");
    // They become names of files, of metrics, of members of results.
    for (const auto& [field, text] :
         {std::pair("name", &info.name), std::pair("version", &info.version)}) {
      if (text->empty() || IsPlainName(*text)) continue;
      Report(field,
             fmt::format("{} \"{}\" has to be letters, digits, `.`, `_`, `-` and `+`, a letter "
                         "or digit first",
                         field, *text));
    }
    if (fields_->Find("component") == nullptr && fields_->Find("rules") == nullptr) {
      // No rule of it is ever named by it; results name the pack so.
      info.component = info.name;
    } else {
      info.component = fields_->RequireText("component");
      if (!info.component.empty() && !IsIdentifier(info.component)) {
        Report("component",
               fmt::format("component \"{}\" has to be letters, digits and _, without a dot",
                           info.component));
      }
    }
    for (const PackInfo& other : loading_.pack().packs) {
      if (&other == &info || info.name.empty()) break;
      if (other.name == info.name) {
        Report("name", fmt::format("pack \"{}\" is there twice: {} and {}", info.name, other.origin,
                                   info.origin));
      } else if (other.component == info.component) {
        Report(fields_->Find("component") != nullptr ? "component" : "name",
               fmt::format("component \"{}\" is that of pack {} ({}); take a prefix of your own",
                           info.component, other.name, other.origin));
      }
    }
  }

  void LoadExtends() {
    std::vector<PackInfo>& packs = loading_.pack().packs;
    PackInfo& info = loading_.info();
    const auto add = [&info](const std::string& name) {
      if (std::find(info.extends.begin(), info.extends.end(), name) == info.extends.end()) {
        info.extends.push_back(name);
      }
    };
    for (const yaml::Node* node : fields_->Texts("extends", true)) {
      // `base` is always at hand for whoever names it.
      std::vector<std::string_view> earlier = {"base"};
      const PackInfo* found = nullptr;
      for (std::uint32_t i = 0; i < loading_.index(); ++i) {
        earlier.push_back(packs[i].name);
        if (packs[i].name == node->text) found = &packs[i];
      }
      if (found == nullptr) {
        fields_->Report(
            node->offset,
            fmt::format("extends: no pack \"{}\" is loaded before this one; name it first{}",
                        node->text, Suggestion(node->text, earlier)));
        continue;
      }
      for (const std::string& name : found->extends) add(name);
      add(found->name);
      info.impacts.insert(found->impacts.begin(), found->impacts.end());
      info.resolution_risks.insert(found->resolution_risks.begin(), found->resolution_risks.end());
    }
  }

  void LoadOverridesOfPack() {
    const yaml::Node* overrides = fields_->Find("overrides");
    has_overrides_ = overrides != nullptr || loading_.files().Find(kOverridesFile) != nullptr;
    if (overrides != nullptr && overrides->kind == yaml::Kind::kList) {
      LoadOverrides(loading_, fields_->source(), *overrides);
      return;
    }
    if (!has_overrides_) return;
    const std::string path = overrides == nullptr ? kOverridesFile : fields_->Text("overrides");
    if (path.empty()) return;
    if (const LoadedFile* one = loading_.Read(path)) {
      LoadOverrides(loading_, *one->source, one->root);
    }
  }

  // What the packs have that this one extends.
  void TakeOverNames() {
    Pack& pack = loading_.pack();
    PackInfo& info = loading_.info();
    for (std::uint32_t i = 0; i < loading_.index(); ++i) {
      const std::string& name = pack.packs[i].name;
      if (std::find(info.extends.begin(), info.extends.end(), name) == info.extends.end()) continue;
      for (const auto& [text, its] : loading_.set().scopes[i]) {
        if (its.place.empty()) continue;
        const auto [known, is_new] = loading_.scope().try_emplace(text, its);
        if (is_new) {
          const cel::Variable* variable = pack.packs[i].scope->FindVariable(text);
          info.scope->AddAlias(text, variable->type, variable->slot);
        } else if (known->second.what != its.what || known->second.meaning != its.meaning) {
          Report(
              "extends",
              fmt::format("\"{}\" is one thing in {} and another in {}; only one of the two packs "
                          "can be extended",
                          text, known->second.place, its.place));
        }
      }
    }
  }

  void Report(std::string_view field, std::string message) {
    const yaml::Node* node = fields_->Find(field);
    fields_->Report(node != nullptr ? node->offset : fields_->node().offset, std::move(message));
  }

  Loading loading_;
  std::optional<Fields> fields_;  // of pack.yaml, once it is one
  bool has_overrides_ = false;
};

void AddOwnInputs(Pack& pack) {
  pack.version_input =
      AddOwnInput(pack, {std::begin(kVersionPaths), std::end(kVersionPaths)}, ParseAs::kJson);
  pack.cluster_id_input = AddOwnInput(pack, {std::string(kClusterIdPath)}, ParseAs::kText);
  pack.gathers_input = AddOwnInput(pack, {std::string(kGathersPath)}, ParseAs::kJson);
}

}  // namespace

PackHeader ReadPackHeader(const PackFiles& files) {
  PackHeader header;
  const PackFile* file = files.Find(kPackFile);
  if (file == nullptr) return header;
  const SourceText source(kPackFile, file->text);
  const yaml::Parsed parsed = yaml::Parse(source);
  if (parsed.root.kind != yaml::Kind::kMap) return header;
  Diagnostics unheard;
  const Fields fields(source, parsed.root, kPackFile, unheard);
  header.name = fields.Text("name");
  header.version = fields.Text("version");
  for (const yaml::Node* node : fields.Texts("extends", true)) {
    header.extends.push_back(node->text);
  }
  return header;
}

tl::expected<PackPointer, Diagnostics> LoadPacks(const std::vector<PackFiles>& packs,
                                                 const LoadOptions& options) {
  auto pack = std::make_shared<Pack>();
  AddFunctions(pack->environment);
  pack->now_slot = pack->environment.AddVariable("now", cel::Type::Timestamp());
  pack->ocp_slot = pack->environment.AddVariable(
      "ocp", cel::Type::Map(cel::Type::String(), cel::Type::String()));
  pack->packs.resize(packs.size());

  LoadingSet set{.pack = *pack, .apply_overrides = options.apply_overrides};
  set.scopes.resize(packs.size());
  std::vector<std::unique_ptr<PackLoader>> loaders;
  for (const PackFiles& files : packs) {
    std::string label;
    if (packs.size() > 1) label = ReadPackHeader(files).name;
    if (packs.size() > 1 && label.empty()) label = LastPartOf(files.origin);
    loaders.push_back(std::make_unique<PackLoader>(
        files, set, static_cast<std::uint32_t>(loaders.size()), std::move(label)));
  }
  for (const auto& loader : loaders) loader->LoadHead();
  for (const auto& loader : loaders) loader->LoadBody();
  set.overrides.ReportUnmatched(*pack, set.diagnostics);
  AddOwnInputs(*pack);

  if (!set.diagnostics.empty()) {
    set.diagnostics.Sort();
    return tl::unexpected(std::move(set.diagnostics));
  }
  return PackPointer(std::move(pack));
}

tl::expected<PackPointer, Diagnostics> LoadPack(const PackFiles& files) {
  return LoadPacks({files});
}

}  // namespace insightd::rules
