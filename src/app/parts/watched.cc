#include <utility>

#include "app/health/lag_metrics.h"
#include "app/health/watch.h"
#include "app/parts/parts.h"
#include "base/metric_names.h"

namespace insightd::app {
namespace {

class Door final : public Running {
 public:
  Door(std::unique_ptr<Running> watch, std::function<void()> close)
      : watch_(std::move(watch)), close_(std::move(close)) {}
  ~Door() override {
    watch_.reset();
    close_();
  }

 private:
  std::unique_ptr<Running> watch_;
  std::function<void()> close_;
};

}  // namespace

std::unique_ptr<Running> WatchedDoor(Host& host, std::string name,
                                     std::function<Result<void>()> check,
                                     std::function<void()> close) {
  return std::make_unique<Door>(Watch(host.health, std::move(name), std::move(check)),
                                std::move(close));
}

std::unique_ptr<Running> WatchBus(Host& host, milliseconds close_limit) {
  const auto check = [&host, lag = std::make_shared<LagMetrics>(host.registry),
                      held = host.registry.MakeGauge(metrics::kBusBytes),
                      room = host.registry.MakeGauge(metrics::kBusRoomBytes)]() -> Result<void> {
    if (const auto bytes = host.bus->Bytes()) {
      held.Set(static_cast<double>(bytes->held));
      room.Set(static_cast<double>(bytes->max));
    }
    const std::vector<bus::PartitionLag> lags = host.bus->Lag();
    lag->Set(lags, host.clock.Now());
    std::int64_t records = lags.empty() ? -1 : 0;
    for (const bus::PartitionLag& partition : lags) records += partition.records;
    host.lag_records = records;
    return host.bus->Check();
  };
  return WatchedDoor(host, "bus", check, [&host, close_limit] {
    host.bus->Close(close_limit);
    host.bus.reset();
  });
}

std::unique_ptr<Running> WatchBlobs(Host& host) {
  const auto check = [&host,
                      held = host.registry.MakeGauge(metrics::kBlobBytes)]() -> Result<void> {
    const std::int64_t bytes = host.blobs->BytesHeld();
    if (bytes >= 0) held.Set(static_cast<double>(bytes));
    return host.blobs->Check();
  };
  return WatchedDoor(host, "blob", check, [&host] {
    host.blobs->Close();
    host.blobs.reset();
  });
}

std::unique_ptr<Running> WatchStore(Host& host) {
  const auto check = [&host,
                      kept = host.registry.MakeGauge(metrics::kDeadLettersKept)]() -> Result<void> {
    if (auto checked = host.store->Check(); !checked) return checked;
    // Of many processes one tells: the sum would be wrong, and counting costs.
    if (host.role == "api") return {};
    const Result<std::int64_t> letters = host.store->CountDeadLetters();
    if (!letters) return Fail(letters.error());
    kept.Set(static_cast<double>(*letters));
    return {};
  };
  return WatchedDoor(host, "store", check, [&host] { host.store.reset(); });
}

}  // namespace insightd::app
