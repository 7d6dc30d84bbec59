#include "app/health/lag_metrics.h"

#include <algorithm>
#include <chrono>

#include "base/metric_names.h"

namespace insightd::app {

void LagMetrics::Set(const std::vector<bus::PartitionLag>& lags, Time now) {
  for (auto& [partition, gauges] : known_) {
    gauges.records.Set(0);
    gauges.seconds.Set(0);
  }
  for (const bus::PartitionLag& lag : lags) {
    const auto [found, is_new] = known_.try_emplace({lag.group, lag.topic, lag.partition});
    Gauges& gauges = found->second;
    if (is_new) {
      const std::string partition = std::to_string(lag.partition);
      gauges.records = registry_.MakeGauge(
          metrics::kLagRecords,
          {{"group", lag.group}, {"topic", lag.topic}, {"partition", partition}});
      gauges.seconds = registry_.MakeGauge(
          metrics::kLagSeconds,
          {{"group", lag.group}, {"topic", lag.topic}, {"partition", partition}});
    }
    gauges.records.Set(static_cast<double>(std::max<std::int64_t>(lag.records, 0)));
    if (lag.oldest != Time{}) {
      gauges.seconds.Set(std::max(0.0, std::chrono::duration<double>(now - lag.oldest).count()));
    }
  }
}

}  // namespace insightd::app
