#include <utility>

#include "app/parts/parts.h"
#include "app/parts/topics.h"
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

Started StartEmbeddedBus(Host& host) {
  const Settings& settings = host.settings;
  bus::EmbeddedBusOptions options;
  options.path = settings.data_dir + "/bus.db";
  // What nobody here reads: the bus keeps the newest of it.
  for (TopicUse& use : TopicsOf(settings, "all")) {
    options.topics.push_back({.name = std::move(use.name),
                              .partitions = settings.bus.partitions,
                              .groups = std::move(use.groups)});
  }
  options.queue_bytes_max = settings.bus.queue_bytes_max;
  options.record_bytes_max = settings.bus.record_bytes_max;
  options.delivery_timeout = milliseconds(settings.bus.delivery_ms_max);
  options.bytes_max = settings.bus.bytes_max;
  options.read_kept = seconds(settings.bus.read_kept_s);
  options.unread_kept = seconds(settings.bus.unread_kept_s);
  Result<std::unique_ptr<bus::Bus>> bus = bus::OpenEmbeddedBus(std::move(options));
  if (!bus) return Unusable("bus", bus.error());
  host.bus = *std::move(bus);
  return WatchBus(host, kCloseLimit);
}

Started StartEmbeddedBlobs(Host& host) {
  blob::EmbeddedBlobOptions options;
  options.folder = host.settings.data_dir + "/blob";
  options.free_bytes_min = host.settings.blob.free_bytes_min;
  Result<std::unique_ptr<blob::Store>> blobs = blob::OpenEmbeddedBlob(std::move(options));
  if (!blobs) return Unusable("blob", blobs.error());
  host.blobs = *std::move(blobs);
  return WatchBlobs(host);
}

Started StartEmbeddedStore(Host& host) {
  store::EmbeddedStoreOptions options;
  options.path = host.settings.data_dir + "/store.db";
  // Holds most of what a batch touches; the rest is the system's cache. A larger one would only
  // be full later, and until then memory would seem to grow.
  options.cache_kib = 2 * 1024;
  Result<std::unique_ptr<store::Store>> store = store::OpenEmbeddedStore(std::move(options));
  if (!store) return Unusable("store", store.error());
  host.store = *std::move(store);
  return WatchStore(host);
}

}  // namespace insightd::app
