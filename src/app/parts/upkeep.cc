#include <set>
#include <string>

#include "app/parts/duty.h"
#include "app/parts/parts.h"
#include "app/parts/topics.h"
#include "upkeep/cleaner.h"
#include "upkeep/letter_keeper.h"
#include "upkeep/waiting.h"

namespace insightd::app {
namespace {

// Nothing where others read the announcements, of whom this process does not know how far they are.
upkeep::Cleaner::UploadsWait UploadsWait(Host& host) {
  if (host.form != Form::kEmbedded) return {};
  std::set<std::string> topics = {host.settings.ingress.announce_topic};
  for (const TopicUse& use : TopicsOf(host.settings, host.role)) {
    if (!use.groups.empty()) topics.insert(use.name);
  }
  return [&host, topics] { return upkeep::DoRecordsWait(*host.bus, topics); };
}

// Cleans beside the keeper of letters, which decides when both end.
Result<void> KeepAndClean(Host& host, std::stop_token stop) {
  const upkeep::Settings& settings = host.settings.upkeep;
  upkeep::Cleaner cleaner(host.blobs.get(), *host.store, host.clock, host.registry, settings,
                          UploadsWait(host));
  if (settings.dead_letter_topics.empty()) return cleaner.Run(std::move(stop));
  upkeep::LetterKeeper keeper(*host.bus, *host.store, settings);
  if (auto opened = keeper.Open(); !opened) return opened;

  std::stop_source end;
  const std::stop_callback pass_on(stop, [&end] { end.request_stop(); });
  Result<void> cleaned;
  std::jthread cleaning([&] {
    pthread_setname_np(pthread_self(), "clean");
    cleaned = cleaner.Run(end.get_token());
    end.request_stop();
  });
  Result<void> kept = keeper.Run(end.get_token());
  end.request_stop();
  cleaning.join();
  return kept ? cleaned : kept;
}

}  // namespace

Started StartUpkeep(Host& host) {
  const DutyWork work{
      .name = "upkeep",
      .take = [&host] { return host.store->TryTakeDuty(store::Duty::kUpkeep); },
      .run = [&host](std::stop_token stop) { return KeepAndClean(host, std::move(stop)); }};
  const upkeep::Settings& settings = host.settings.upkeep;
  if (host.bus != nullptr && !settings.dead_letter_topics.empty()) {
    host.bus->Follow(settings.group, settings.dead_letter_topics);
  }
  return InThread(host, "upkeep", [&host, work](std::stop_token stop) {
    return RunUnderDuty(work, host.health, std::move(stop));
  });
}

}  // namespace insightd::app
