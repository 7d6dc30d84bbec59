// What the consumers of this process have not finished, as metrics by group, topic and partition.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "bus/bus.h"

namespace insightd::app {

// One thread at a time.
class LagMetrics {
 public:
  explicit LagMetrics(metrics::Registry& registry) : registry_(registry) {}

  // A partition that is not in `lags` any more has gone to another process, which tells of it: 0
  // here, so that sums stay right.
  void Set(const std::vector<bus::PartitionLag>& lags, Time now);

 private:
  struct Gauges {
    metrics::Gauge records;
    metrics::Gauge seconds;
  };

  metrics::Registry& registry_;
  std::map<std::tuple<std::string, std::string, std::int32_t>, Gauges> known_;
};

}  // namespace insightd::app
