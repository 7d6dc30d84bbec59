#include "app/rule_reload.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"
#include "rules/pack_files.h"

namespace insightd::app {
namespace {

namespace fs = std::filesystem;

constexpr log::Logger kLog("rules");
// Of a digest, for people.
constexpr std::size_t kDigestShown = 12;
// With looking switched off, what was being written when asked is looked at again after so long.
constexpr milliseconds kAgain{1'000};

void AddFile(const std::string& path, std::string& state) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    state += fmt::format("{} -\n", path);
    return;
  }
  // The time of change too: it tells of permissions that were mended.
  state += fmt::format("{} {} {} {}.{} {}.{}\n", path, status.st_ino, status.st_size,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec);
}

// What reading the folder of a pack would read.
void AddFolder(const std::string& folder, std::string& state) {
  std::error_code error;
  std::vector<std::string> paths;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    const bool is_folder = at->is_directory(ignored);
    if (at->path().filename().string().starts_with('.')) {
      if (is_folder) at.disable_recursion_pending();
      continue;
    }
    if (!is_folder) paths.push_back(at->path().string());
    if (paths.size() > rules::kPackFilesMax) break;
  }
  std::sort(paths.begin(), paths.end());
  state += fmt::format("{}/ {}\n", folder, paths.size());
  for (const std::string& path : paths) AddFile(path, state);
}

std::string Described(const rules::Pack& all) {
  std::string text;
  for (const rules::PackInfo& pack : all.packs) {
    text += fmt::format("{}{} {} ({}, sha256 {}{})", text.empty() ? "" : ", ", pack.name,
                        pack.version, pack.origin, pack.digest.substr(0, kDigestShown),
                        pack.signer.empty() ? "" : ", signed by " + pack.signer);
  }
  return text;
}

bool IsSame(const rules::Pack& a, const rules::Pack& b) {
  return std::equal(a.packs.begin(), a.packs.end(), b.packs.begin(), b.packs.end(),
                    [](const rules::PackInfo& one, const rules::PackInfo& other) {
                      return one.digest == other.digest && one.signer == other.signer;
                    });
}

double Milliseconds(microseconds duration) { return static_cast<double>(duration.count()) / 1e3; }

}  // namespace

std::string StateOnDisk(const RuleSources& sources) {
  std::string state;
  for (const std::string& path : PacksOf(sources)) {
    std::error_code error;
    if (path == kBasePack) {
      state += "base\n";
    } else if (fs::is_directory(path, error)) {
      AddFolder(path, state);
    } else {
      AddFile(path, state);
    }
  }
  for (const std::string& path : sources.trusted_keys) AddFile(path, state);
  return state;
}

RuleReload::RuleReload(RuleSources sources, metrics::Registry& registry, const Clock& clock)
    : sources_(std::move(sources)),
      registry_(registry),
      clock_(clock),
      is_current_(registry.MakeGauge(metrics::kRulesCurrent)) {}

tl::expected<void, RulesMistake> RuleReload::Load() {
  const microseconds begun = clock_.Steady();
  looked_at_ = StateOnDisk(sources_);
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesFrom(sources_);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  const rules::Pack& all = *loaded->pack;
  pack_ = std::make_shared<rules::CurrentPack>(loaded->pack);
  catalogue_ = std::make_shared<content::CurrentCatalogue>(content::Catalogue::FromPack(all));
  // So that they are there from the beginning, at 0.
  for (const char* outcome : {"taken", "unchanged", "refused"}) {
    registry_.MakeCounter(metrics::kRulesReloads, {{"outcome", outcome}});
  }
  is_current_.Set(1);
  ShowPacks();
  kLog.Info(log::event::kRulesLoaded, "rule packs in force: " + Described(all),
            {{"packs", all.Title()}, {"duration_ms", Milliseconds(clock_.Steady() - begun)}});
  return {};
}

void RuleReload::Look() {
  std::string state = StateOnDisk(sources_);
  if (state == looked_at_) {
    pending_.reset();
    is_current_.Set(is_refused_ ? 0 : 1);
  } else if (pending_ == state) {
    LoadState(std::move(state));
  } else {
    pending_ = std::move(state);
    is_current_.Set(0);
  }
}

void RuleReload::Reload() { LoadState(StateOnDisk(sources_)); }

void RuleReload::LoadState(std::string state) {
  const microseconds begun = clock_.Steady();
  tl::expected<LoadedRules, RulesMistake> loaded = LoadRulesFrom(sources_);
  std::string after = StateOnDisk(sources_);
  if (after != state) {
    // Somebody writes while we read: what was read may be of two sets.
    pending_ = std::move(after);
    is_current_.Set(0);
    return;
  }
  pending_.reset();
  looked_at_ = std::move(state);
  is_refused_ = !loaded;
  is_current_.Set(loaded ? 1 : 0);
  if (!loaded) {
    Refuse(loaded.error());
    return;
  }
  const rules::PackPointer before = pack_->Get();
  if (IsSame(*before, *loaded->pack)) {
    kLog.Info(log::event::kRulesReloaded, "rule packs were looked at again: nothing has changed",
              {{"packs", before->Title()}, {"outcome", "skipped"}});
    Count("unchanged");
    return;
  }
  Take(loaded->pack);
  kLog.Info(
      log::event::kRulesReloaded,
      fmt::format("rule packs in force: {}; before: {}", Described(*loaded->pack), before->Title()),
      {{"packs", loaded->pack->Title()},
       {"duration_ms", Milliseconds(clock_.Steady() - begun)},
       {"outcome", "ok"}});
  Count("taken");
}

void RuleReload::Take(rules::PackPointer next) {
  // Texts first: a result of a new rule is never without them.
  catalogue_->Set(content::Catalogue::FromPack(*next));
  pack_->Set(std::move(next));
  ShowPacks();
}

void RuleReload::Refuse(const RulesMistake& mistake) {
  const std::string title = pack_->Get()->Title();
  kLog.Error(log::event::kRulesRefused,
             fmt::format("changed rule packs are refused, {} stays in force; `insightd rules "
                         "check --config FILE` shows why",
                         title),
             {{"packs", title},
              {"outcome", "rejected"},
              {"error_class", CodeName(Code::kInvalid)},
              {"error", mistake.text}});
  Count("refused");
}

void RuleReload::ShowPacks() {
  for (auto& [title, gauge] : shown_) gauge.Set(0);
  const rules::PackPointer current = pack_->Get();
  for (const rules::PackInfo& pack : current->packs) {
    metrics::Gauge& gauge = shown_[pack.Title()];
    gauge =
        registry_.MakeGauge(metrics::kRulesPack, {{"name", pack.name}, {"version", pack.version}});
    gauge.Set(1);
  }
}

void RuleReload::Count(const char* outcome) {
  registry_.MakeCounter(metrics::kRulesReloads, {{"outcome", outcome}}).Add();
}

void RuleReload::Run(milliseconds interval, std::stop_token stop) {
  const auto is_asked = [this] { return is_asked_; };
  while (!stop.stop_requested()) {
    bool asked = false;
    {
      std::unique_lock lock(mutex_);
      if (interval.count() > 0 || pending_) {
        asked_.wait_for(lock, stop, interval.count() > 0 ? interval : kAgain, is_asked);
      } else {
        asked_.wait(lock, stop, is_asked);
      }
      asked = std::exchange(is_asked_, false);
    }
    if (stop.stop_requested()) return;
    asked ? Reload() : Look();
  }
}

void RuleReload::Request() {
  const std::lock_guard lock(mutex_);
  is_asked_ = true;
  asked_.notify_all();
}

}  // namespace insightd::app
