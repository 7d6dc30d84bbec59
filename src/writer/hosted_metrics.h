// The writer's metrics under the names that dashboards of the hosted service ask for; results and
// workloads count together where one process stores both. Handles only: copied freely, thread-safe.
#pragma once

#include "base/metric_names.h"
#include "base/metrics.h"

namespace insightd::writer {

struct HostedMetrics {
  explicit HostedMetrics(metrics::Registry& registry)
      : consumed(registry.MakeCounter(metrics::kConsumedMessages)),
        errors(registry.MakeCounter(metrics::kConsumingErrors)),
        empty(registry.MakeCounter(metrics::kEmptyResults)),
        written(registry.MakeCounter(metrics::kWrittenReports)),
        produced(registry.MakeCounter(metrics::kProducedMessages)),
        success_seconds(registry.MakeHistogram(metrics::kSuccessSeconds)),
        failure_seconds(registry.MakeHistogram(metrics::kFailureSeconds)),
        checked_lag_minutes(registry.MakeHistogram(metrics::kCheckedLagMinutes)) {}

  metrics::Counter consumed;
  metrics::Counter errors;
  metrics::Counter empty;
  metrics::Counter written;
  metrics::Counter produced;
  metrics::Histogram success_seconds;
  metrics::Histogram failure_seconds;
  metrics::Histogram checked_lag_minutes;
};

}  // namespace insightd::writer
