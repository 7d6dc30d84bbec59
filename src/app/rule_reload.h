// The rule packs of a running process, and their change while it runs.
//
// Loads the packs that the settings name, and again when they have changed: what differs from what
// was last loaded, and has then lain still from one look to the next, is loaded whole. So a set
// that is half written is not taken. A set with a mistake is refused whole: what was in force
// stays, and log and metrics say so. Archives in work are finished with the rules they began with.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "app/load_rules.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "content/catalogue.h"
#include "rules/current_pack.h"

namespace insightd::app {

// Names, sizes and times of everything that the sources mean now.
std::string StateOnDisk(const RuleSources& sources);

// Look, Reload and Run by one thread; Request by any.
class RuleReload {
 public:
  // Both outlive it.
  RuleReload(RuleSources sources, metrics::Registry& registry, const Clock& clock);

  // The first load, which has to succeed: then pack() and catalogue() are there.
  tl::expected<void, RulesMistake> Load();
  const std::shared_ptr<rules::CurrentPack>& pack() const { return pack_; }
  const std::shared_ptr<content::CurrentCatalogue>& catalogue() const { return catalogue_; }

  // Looks once for a change; loads what lay still since the look before.
  void Look();
  // Loads now, changed or not.
  void Reload();

  // Looks every `interval` until stopped; 0: only when asked.
  void Run(milliseconds interval, std::stop_token stop);
  // Makes Run load at once.
  void Request();

 private:
  void LoadState(std::string state);
  void Refuse(const RulesMistake& mistake);
  void Take(rules::PackPointer next);
  void ShowPacks();
  // Last of all: who sees the count sees everything else too.
  void Count(const char* outcome);

  const RuleSources sources_;
  metrics::Registry& registry_;
  const Clock& clock_;
  std::shared_ptr<rules::CurrentPack> pack_;
  std::shared_ptr<content::CurrentCatalogue> catalogue_;

  std::string looked_at_;               // the state that was last loaded or refused
  std::optional<std::string> pending_;  // another one, seen once
  bool is_refused_ = false;             // `looked_at_` has a mistake

  metrics::Gauge is_current_;
  std::map<std::string, metrics::Gauge> shown_;  // by name and version

  std::mutex mutex_;
  std::condition_variable_any asked_;
  bool is_asked_ = false;
};

}  // namespace insightd::app
