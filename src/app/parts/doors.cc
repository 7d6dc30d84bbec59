#include <algorithm>
#include <chrono>

#include "app/parts/parts.h"
#include "app/rule_reload.h"
#include "blob/embedded/embedded_blob.h"
#include "bus/embedded/embedded_bus.h"
#include "store/data_folder.h"
#include "store/embedded/embedded_store.h"

namespace insightd::app {
namespace {

constexpr milliseconds kCloseLimit{10'000};

Started HoldFolder(Result<store::DataFolder> folder) {
  if (!folder) return Unusable("data_dir", folder.error());
  return UntilStopped([held = std::make_shared<store::DataFolder>(*std::move(folder))] {});
}

}  // namespace

Started StartDataFolder(Host& host) {
  return HoldFolder(store::DataFolder::Open(host.settings.data_dir));
}

Started OpenDataFolder(Host& host) {
  return HoldFolder(store::DataFolder::OpenExisting(host.settings.data_dir));
}

Started StartBus(Host& host) {
  const Settings& settings = host.settings;
  const auto topic = [&settings](const std::string& name, std::vector<std::string> groups) {
    return bus::TopicOptions{
        .name = name, .partitions = settings.bus.partitions, .groups = std::move(groups)};
  };
  bus::EmbeddedBusOptions options;
  options.path = settings.data_dir + "/bus.db";
  options.topics = {topic(settings.pipeline.announce_topic, {settings.pipeline.group}),
                    topic(settings.pipeline.results_topic, {settings.writer.group}),
                    topic(settings.pipeline.dead_letter_topic, {settings.upkeep.group}),
                    topic(settings.writer.dead_letter_topic, {settings.upkeep.group})};
  options.queue_bytes_max = settings.bus.queue_bytes_max;
  options.record_bytes_max = settings.bus.record_bytes_max;
  options.delivery_timeout = milliseconds(settings.bus.delivery_ms_max);
  Result<std::unique_ptr<bus::Bus>> bus = bus::OpenEmbeddedBus(std::move(options));
  if (!bus) return Unusable("bus", bus.error());
  host.bus = *std::move(bus);
  return UntilStopped([&host] {
    host.bus->Close(kCloseLimit);
    host.bus.reset();
  });
}

Started StartBlobs(Host& host) {
  blob::EmbeddedBlobOptions options;
  options.folder = host.settings.data_dir + "/blob";
  options.free_bytes_min = host.settings.blob.free_bytes_min;
  Result<std::unique_ptr<blob::Store>> blobs = blob::OpenEmbeddedBlob(std::move(options));
  if (!blobs) return Unusable("blob", blobs.error());
  host.blobs = *std::move(blobs);
  return UntilStopped([&host] {
    host.blobs->Close();
    host.blobs.reset();
  });
}

Started StartStore(Host& host) {
  store::EmbeddedStoreOptions options;
  options.path = host.settings.data_dir + "/store.db";
  // Holds most of what a batch touches; the rest is the system's cache. A larger one would only
  // be full later, and until then memory would seem to grow.
  options.cache_kib = 2 * 1024;
  Result<std::unique_ptr<store::Store>> store = store::OpenEmbeddedStore(std::move(options));
  if (!store) return Unusable("store", store.error());
  host.store = *std::move(store);
  return UntilStopped([&host] { host.store.reset(); });
}

Started StartRules(Host& host) {
  auto reload = std::make_shared<RuleReload>(SourcesOf(host.settings), host.registry, host.clock);
  if (auto loaded = reload->Load(); !loaded) {
    return tl::unexpected(StartFailure{loaded.error().exit, loaded.error().text});
  }
  host.pack = reload->pack();
  host.catalogue = reload->catalogue();
  host.reload_rules = [reload] { reload->Request(); };
  const auto interval = std::chrono::duration_cast<milliseconds>(
      std::chrono::duration<double>(host.settings.rules.reload_s));
  return InThread(host, "rules", [reload, interval](std::stop_token stop) -> Result<void> {
    reload->Run(interval, std::move(stop));
    return {};
  });
}

}  // namespace insightd::app
