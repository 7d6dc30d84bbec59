#include "fleet/generate.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "archive/pack.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "fleet/cluster_facts.h"
#include "fleet/patch.h"
#include "fleet/rule_defects.h"
#include "fleet/template.h"
#include "fleet/world.h"

namespace insightd::fleet {
namespace {

using std::chrono::hours;

constexpr const char* kInforming[] = {"cluster_status_overview|CLUSTER_STATUS_OVERVIEW",
                                      "machine_pool_info|MACHINE_POOL_INFO",
                                      "version_info|CLUSTER_VERSION_INFO"};
constexpr const char* kReleaseEnded = "ocp_version_end_of_life|OCP4X_BEYOND_EOL";
constexpr std::string_view kGathers = "insights-operator/gathers.json";
constexpr std::int64_t kNodesMin = 3;
constexpr std::int64_t kNodesMax = 500;
constexpr std::int64_t kPodsMax = 8000;
// How long gathering takes: the files' times lie within.
constexpr std::int64_t kGatheringSeconds = 12;

// Seeds that are near each other give numbers that are not.
std::uint64_t MixedSeed(std::uint64_t seed, std::uint64_t number) {
  return MakeSeededRandom(seed * 0x9e3779b97f4a7c15 + number)->Next();
}

std::int64_t Between(Random& random, std::int64_t least, std::int64_t most) {
  return least +
         static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(most - least + 1)));
}

template <class Items>
std::string Listed(const Items& items) {
  std::string listed;
  for (const auto& item : items) {
    if (!listed.empty()) listed += ", ";
    listed += item;
  }
  return listed;
}

// The minor version of "4.18.11"; 0 when it is none.
std::int64_t MinorOf(std::string_view version) {
  std::int64_t minor = 0;
  if (!version.starts_with("4.")) return 0;
  const char* const end = version.data() + version.size();
  const auto [stop, error] = std::from_chars(version.data() + 2, end, minor);
  return error == std::errc() && stop != end && *stop == '.' && stop + 1 != end ? minor : 0;
}

// The files of one archive while they are made.
class Making {
 public:
  Making(const World& world, const RuleDefects& rule_defects, const Cluster& cluster,
         const Fact& facts, Time gathered_at)
      : world_(world),
        rule_defects_(rule_defects),
        cluster_(cluster),
        random_(MakeSeededRandom(MixedSeed(cluster.seed, 1))),
        filler_(facts, *random_, gathered_at, cluster.installed),
        gathered_at_(gathered_at) {}

  Result<std::vector<MadeFile>> Run() {
    for (const FileTemplate& file : world_.files) {
      if (file.fill > 0) continue;
      if (auto added = Add(file); !added) return Fail(added.error());
    }
    for (const std::string& name : cluster_.defects) {
      const Defect* const defect = world_.FindDefect(name);
      if (defect == nullptr) continue;
      if (auto laid = Lay(*defect); !laid) {
        return Fail(Error(laid.error()).While("defect " + name));
      }
    }
    for (const std::string& name : cluster_.defects) {
      const RuleDefects::Defect* const defect = rule_defects_.Find(name);
      if (defect == nullptr) continue;
      rule_defects_.Lay(*defect, gathered_at_, files_);
      IndexNames();
    }
    if (auto filled = FillUp(); !filled) return Fail(filled.error());
    AddGathers();
    Date();
    return std::move(files_);
  }

 private:
  Result<void> Add(const FileTemplate& file) {
    if (file.when != nullptr) {
      const auto holds = filler_.Holds(*file.when);
      if (!holds) return Fail(holds.error());
      if (!*holds) return {};
    }
    if (file.each == nullptr) return AddOne(file);
    const auto items = filler_.Items(*file.each);
    if (!items) return Fail(items.error());
    for (const Fact& item : *items) {
      filler_.Push(file.as, &item);
      auto added = AddOne(file);
      filler_.Pop();
      if (!added) return added;
    }
    return {};
  }

  Result<void> AddOne(const FileTemplate& file) {
    MadeFile made;
    Result<void> done = filler_.Text(file.file, made.name);
    if (done && file.json != nullptr) done = filler_.Json(*file.json, made.bytes);
    if (done && file.text != nullptr) done = filler_.Text(file.text->text, made.bytes);
    if (done && file.lines != nullptr) done = Lines(*file.lines, made.bytes);
    if (!done) return Fail(Error(done.error()).While(file.file));
    Put(std::move(made));
    return {};
  }

  void Put(MadeFile made) {
    bytes_ += made.bytes.size();
    const auto [at, is_new] = by_name_.emplace(made.name, files_.size());
    if (is_new) {
      files_.push_back(std::move(made));
    } else {
      files_[at->second] = std::move(made);
    }
  }

  // `count` times one of `of`, then each of `then`.
  Result<void> Lines(const rules::yaml::Node& lines, std::string& out) {
    const auto count = filler_.Items(*lines.Find("count"));
    if (!count) return Fail(count.error());
    const std::vector<rules::yaml::Node>& of = lines.Find("of")->items;
    for (std::size_t i = 0; i < count->size(); ++i) {
      if (auto done = filler_.Text(of[random_->Below(of.size())].text, out); !done) return done;
      out += '\n';
    }
    const rules::yaml::Node* const then = lines.Find("then");
    if (then == nullptr) return {};
    for (const rules::yaml::Node& next : then->items) {
      std::vector<Fact> items(1);
      if (const rules::yaml::Node* const each = next.Find("each")) {
        auto named = filler_.Items(*each);
        if (!named) return Fail(named.error());
        items = std::move(*named);
      }
      for (const Fact& item : items) {
        filler_.Push("it", &item);
        auto done = filler_.Text(next.Find("line")->text, out);
        filler_.Pop();
        if (!done) return done;
        out += '\n';
      }
    }
    return {};
  }

  Result<void> Lay(const Defect& defect) {
    for (const FileTemplate& patch : defect.patches) {
      std::string name;
      std::string text;
      Result<void> done = filler_.Text(patch.file, name);
      if (done) done = filler_.Json(*patch.json, text);
      if (!done) return done;
      const auto at = by_name_.find(name);
      if (at == by_name_.end()) {
        return Fail(Code::kInternal, fmt::format("there is no {} to lay it over", name));
      }
      std::string& bytes = files_[at->second].bytes;
      const auto base = json::Parse(bytes);
      const auto laid = json::Parse(text);
      if (!base || !laid) return Fail(base ? laid.error() : base.error());
      std::string patched;
      done = AppendPatched(base->root(), laid->root(), patched);
      if (!done) return done;
      bytes = std::move(patched);
    }
    for (const FileTemplate& added : defect.added) {
      if (auto done = Add(added); !done) return done;
    }
    for (const std::string& removed : defect.removed) {
      std::erase_if(files_, [&](const MadeFile& file) { return file.name == removed; });
      IndexNames();
    }
    return {};
  }

  void IndexNames() {
    by_name_.clear();
    for (std::size_t i = 0; i < files_.size(); ++i) by_name_.emplace(files_[i].name, i);
  }

  Result<void> FillUp() {
    while (bytes_ < cluster_.fill_bytes) {
      for (const FileTemplate& file : world_.files) {
        for (std::int64_t i = 0; i < file.fill && bytes_ < cluster_.fill_bytes; ++i) {
          if (auto added = Add(file); !added) return added;
        }
      }
    }
    return {};
  }

  // What the operator says about the gathering itself; recorded last and so first in the archive.
  void AddGathers() {
    if (const auto own = by_name_.find(kGathers); own != by_name_.end()) {  // of a rule's test
      std::rotate(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(own->second),
                  files_.begin() + static_cast<std::ptrdiff_t>(own->second) + 1);
      return;
    }
    std::map<std::string_view, std::int64_t> records;
    for (const MadeFile& file : files_) {
      for (const auto& [prefix, name] : world_.gatherers) {
        if (!file.name.starts_with(prefix)) continue;
        ++records[name];
        break;
      }
    }
    MadeFile made{.name = std::string(kGathers), .bytes = {}, .modified_s = 0};
    json::JsonWriter writer(made.bytes);
    writer.BeginObject().Key("status_reports").BeginArray();
    for (const auto& [name, count] : records) {
      writer.BeginObject().Key("name").String(name);
      writer.Key("duration_in_ms").Int(Between(*random_, 4, 900));
      writer.Key("records_count").Int(count);
      writer.Key("errors").Null().Key("warnings").Null().Key("panic").Null().EndObject();
    }
    writer.EndArray();
    writer.Key("memory_alloc_bytes").Int(Between(*random_, 60'000'000, 190'000'000));
    writer.Key("uptime_seconds").Double(static_cast<double>(Between(*random_, 4000, 900'000)));
    writer.Key("is_global_obfuscation_enabled").Bool(false).EndObject();
    files_.insert(files_.begin(), std::move(made));
  }

  // The newest first, within the seconds before gathering ended.
  void Date() {
    const std::int64_t now_s = std::chrono::floor<seconds>(gathered_at_).time_since_epoch().count();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      files_[i].modified_s = now_s - static_cast<std::int64_t>(i) * kGatheringSeconds /
                                         static_cast<std::int64_t>(files_.size());
    }
  }

  const World& world_;
  const RuleDefects& rule_defects_;
  const Cluster& cluster_;
  std::unique_ptr<Random> random_;
  Filler filler_;
  Time gathered_at_;
  std::vector<MadeFile> files_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

struct Generator::Impl {
  World world;
  RuleDefects rule_defects;

  const SizeClass* DrawSize(const std::string& name, Random& random) const {
    auto left = static_cast<std::int64_t>(random.Below(100));
    for (const SizeClass& size : world.sizes) {
      if (name == "mix" ? left < size.share : name == size.name) return &size;
      left -= size.share;
    }
    return nullptr;
  }

  std::string DrawPlatform(Random& random) const {
    auto left = static_cast<std::int64_t>(random.Below(100));
    for (const rules::yaml::Node* const platform : world.platforms) {
      left -= platform->Find("share")->integer;
      if (left < 0) return platform->Find("name")->text;
    }
    return world.platforms.front()->Find("name")->text;
  }

  // A release that is maintained, or no longer; of none the nearest.
  std::string DrawVersion(bool ended, Time now, Random& random) const {
    std::vector<const Release*> fitting;
    for (const Release& release : world.releases) {
      const bool fits =
          ended ? release.until < now
                : release.from + hours(24 * 30) < now && now < release.until - hours(24);
      if (fits) fitting.push_back(&release);
    }
    if (fitting.empty()) {
      fitting.push_back(ended ? &world.releases.front() : &world.releases.back());
    }
    const Release& release = *fitting[random.Below(fitting.size())];
    return fmt::format("4.{}.{}", release.minor, Between(random, 2, release.newest_patch));
  }

  bool IsEnded(const std::string& version, Time now) const {
    const std::int64_t minor = MinorOf(version);
    return std::any_of(world.releases.begin(), world.releases.end(), [&](const Release& release) {
      return release.minor == minor && release.until < now;
    });
  }

  Result<bool> CanHave(const Cluster& cluster, const Defect& defect, Time now) const {
    if (defect.when == nullptr) return true;
    const auto facts = FactsOf(world, cluster, now);
    if (!facts) return Fail(facts.error());
    const auto random = MakeSeededRandom(0);
    return Filler(*facts, *random, now, cluster.installed).Holds(*defect.when);
  }

  // About `average` of them, by weight, none twice and no two of a group.
  Result<void> DrawDefects(double average, Time now, Random& random, Cluster& cluster,
                           std::set<std::string>& groups) const {
    // Half of the fleet stays healthy; the others have twice as many.
    if (average <= 0 || random.Below(2) == 0) return {};
    const double wanted = 2 * average;
    auto count = static_cast<std::int64_t>(wanted);
    if (random.Unit() < wanted - static_cast<double>(count)) ++count;
    std::int64_t total = 0;
    for (const Defect& defect : world.defects) total += defect.weight;
    for (std::int64_t tries = 0; count > 0 && tries < 20 * count; ++tries) {
      auto left = static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(total)));
      const Defect* drawn = nullptr;
      for (const Defect& defect : world.defects) {
        left -= defect.weight;
        if (left < 0) {
          drawn = &defect;
          break;
        }
      }
      const auto can = CanHave(cluster, *drawn, now);
      if (!can) return Fail(can.error());
      if (!*can || !groups.insert(drawn->group.empty() ? drawn->name : drawn->group).second) {
        continue;
      }
      cluster.defects.push_back(drawn->name);
      --count;
    }
    return {};
  }
};

Generator::Generator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generator::~Generator() = default;

Result<std::unique_ptr<Generator>> Generator::Create(rules::PackPointer pack) {
  auto world = LoadWorld();
  if (!world) return Fail(world.error());
  auto impl = std::make_unique<Impl>(Impl{std::move(*world), RuleDefects(std::move(pack))});
  return std::unique_ptr<Generator>(new Generator(std::move(impl)));
}

Result<Cluster> Generator::Draw(std::uint64_t seed, std::uint64_t number,
                                const ClusterOptions& options, Time now) const {
  const World& world = impl_->world;
  Cluster cluster;
  cluster.seed = MixedSeed(seed, number);
  const auto random = MakeSeededRandom(MixedSeed(cluster.seed, 2));
  const SizeClass* const size = impl_->DrawSize(options.size, *random);
  if (size == nullptr) {
    return Fail(Code::kInvalid, fmt::format("no size is called {}; there are {}, mix", options.size,
                                            Listed(SizeNames())));
  }
  cluster.size = size->name;
  const std::string platform = impl_->DrawPlatform(*random);
  cluster.platform = options.platform.empty() ? platform : options.platform;
  const std::vector<std::string> platforms = PlatformNames();
  if (std::find(platforms.begin(), platforms.end(), cluster.platform) == platforms.end()) {
    return Fail(Code::kInvalid, fmt::format("no platform is called {}; there are {}",
                                            options.platform, Listed(platforms)));
  }
  cluster.nodes = Between(*random, size->nodes_min, size->nodes_max);
  if (options.nodes != 0) cluster.nodes = options.nodes;
  cluster.pods = Between(*random, size->pods_min, size->pods_max);
  if (options.pods != 0) cluster.pods = options.pods;
  if (cluster.nodes < kNodesMin || cluster.nodes > kNodesMax || cluster.pods < 1 ||
      cluster.pods > kPodsMax) {
    return Fail(Code::kInvalid,
                fmt::format("a cluster has {} to {} nodes and 1 to {} pods, not {} and {}",
                            kNodesMin, kNodesMax, kPodsMax, cluster.nodes, cluster.pods));
  }
  cluster.fill_bytes = static_cast<std::uint64_t>(
                           Between(*random, size->fill_mb_min * 1000, size->fill_mb_max * 1000)) *
                       1000;
  std::string id = random->Hex(32);
  id[12] = '4';
  id[16] = '8';
  for (const std::size_t at : {20UL, 16UL, 12UL, 8UL}) id.insert(at, 1, '-');
  cluster.id = id;
  cluster.name =
      fmt::format("{}-{}-{}", world.teams[random->Below(world.teams.size())],
                  world.purposes[random->Below(world.purposes.size())], Between(*random, 1, 40));
  cluster.installed = std::chrono::floor<seconds>(now) - hours(24) * Between(*random, 100, 420) -
                      seconds(Between(*random, 0, 86'399));

  std::set<std::string> groups;
  for (const std::string& name : options.defects) {
    const Defect* const defect = world.FindDefect(name);
    if (defect == nullptr && impl_->rule_defects.Find(name) != nullptr) {
      cluster.defects.push_back(name);
      continue;
    }
    if (defect == nullptr) {
      return Fail(Code::kInvalid,
                  fmt::format("no defect is called {}; there are {}, and the keys of rules", name,
                              Listed(DefectNames())));
    }
    const auto can = impl_->CanHave(cluster, *defect, now);
    if (!can) return Fail(can.error());
    if (!*can) {
      return Fail(Code::kInvalid,
                  fmt::format("a cluster of {} nodes on {} cannot have the defect {}",
                              cluster.nodes, cluster.platform, name));
    }
    groups.insert(defect->group.empty() ? defect->name : defect->group);
    cluster.defects.push_back(name);
  }
  if (!options.version.empty()) groups.insert("release_ended");
  if (auto drawn = impl_->DrawDefects(options.random_defects, now, *random, cluster, groups);
      !drawn) {
    return Fail(drawn.error());
  }
  bool ended = false;
  for (const std::string& name : cluster.defects) {
    const Defect* const defect = world.FindDefect(name);
    ended = ended || (defect != nullptr && defect->release_ended);
  }
  cluster.version = impl_->DrawVersion(ended, now, *random);
  if (!options.version.empty()) cluster.version = options.version;
  if (MinorOf(cluster.version) == 0) {
    return Fail(Code::kInvalid, fmt::format("{} is no version like 4.18.11", cluster.version));
  }
  std::set<std::string> expected(std::begin(kInforming), std::end(kInforming));
  if (impl_->IsEnded(cluster.version, now)) expected.insert(kReleaseEnded);
  for (const std::string& name : cluster.defects) {
    if (const RuleDefects::Defect* const of_rule = impl_->rule_defects.Find(name)) {
      expected.insert(of_rule->rule->Id());
      continue;
    }
    for (const std::string& hit : world.FindDefect(name)->hits) expected.insert(hit);
  }
  cluster.expected.assign(expected.begin(), expected.end());
  return cluster;
}

Result<std::vector<MadeFile>> Generator::Files(const Cluster& cluster, Time gathered_at) const {
  const auto facts = FactsOf(impl_->world, cluster, gathered_at);
  if (!facts) return Fail(facts.error());
  return Making(impl_->world, impl_->rule_defects, cluster, *facts, gathered_at).Run();
}

Result<std::string> Generator::Archive(const Cluster& cluster, Time gathered_at) const {
  const auto files = Files(cluster, gathered_at);
  if (!files) return Fail(files.error());
  std::vector<archive::PackMember> members;
  members.reserve(files->size());
  for (const MadeFile& file : *files) {
    members.push_back({.name = file.name, .bytes = file.bytes, .modified_s = file.modified_s});
  }
  return archive::Pack(members);
}

std::vector<std::string> Generator::DefectNames() const {
  std::vector<std::string> names;
  for (const Defect& defect : impl_->world.defects) names.push_back(defect.name);
  return names;
}

std::vector<std::string> Generator::RuleDefectNames() const { return impl_->rule_defects.names(); }

std::vector<std::string> Generator::SizeNames() const {
  std::vector<std::string> names;
  for (const SizeClass& size : impl_->world.sizes) names.push_back(size.name);
  return names;
}

std::vector<std::string> Generator::PlatformNames() const {
  std::vector<std::string> names;
  for (const rules::yaml::Node* const platform : impl_->world.platforms) {
    names.push_back(platform->Find("name")->text);
  }
  return names;
}

}  // namespace insightd::fleet
