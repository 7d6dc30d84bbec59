// The metrics of this API under the original's names, with a namespace in front where one is set.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"

namespace insightd::api::aggregator {

metrics::Counter FeedbackCounter(metrics::Registry& registry, std::string_view name_space);
// Has no namespace in the original.
metrics::Counter RatingCounter(metrics::Registry& registry);

// Of one endpoint. Thread-safe.
class EndpointMetrics {
 public:
  // `endpoint`: the pattern of the route with its prefix. Without a registry it counts nothing.
  EndpointMetrics(metrics::Registry* registry, std::string_view name_space, std::string endpoint);

  void CountRequest() const { requests_.Add(); }
  void NoteTime(microseconds duration) const;
  void CountStatus(int status);

 private:
  metrics::Registry* const registry_;
  const std::string statuses_name_;
  const std::string endpoint_;
  metrics::Counter requests_;
  metrics::Histogram seconds_;
  std::mutex mutex_;
  std::map<int, metrics::Counter> statuses_;
};

}  // namespace insightd::api::aggregator
