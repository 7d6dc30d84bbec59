// The writer's metrics under the names that dashboards of the hosted service ask for; results and
// workloads count together where one process stores both. Handles only: copied freely, thread-safe.
#pragma once

#include <string_view>

#include "base/metric_names.h"
#include "base/metric_namespace.h"
#include "base/metrics.h"

namespace insightd::writer {

struct HostedMetrics {
  // `name_space`: see metrics::Named; empty for the bare names.
  HostedMetrics(metrics::Registry& registry, std::string_view name_space) {
    const auto counter = [&](const metrics::Definition& definition) {
      return registry.MakeCounter(metrics::Named(name_space, definition).definition());
    };
    const auto histogram = [&](const metrics::Definition& definition) {
      return registry.MakeHistogram(metrics::Named(name_space, definition).definition());
    };
    consumed = counter(metrics::kConsumedMessages);
    errors = counter(metrics::kConsumingErrors);
    empty = counter(metrics::kEmptyResults);
    written = counter(metrics::kWrittenReports);
    produced = counter(metrics::kProducedMessages);
    success_seconds = histogram(metrics::kSuccessSeconds);
    failure_seconds = histogram(metrics::kFailureSeconds);
    checked_lag_minutes = histogram(metrics::kCheckedLagMinutes);
  }

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
