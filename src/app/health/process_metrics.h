// What the system knows about this process, under the names that Prometheus' own clients use.
#pragma once

#include "base/metrics.h"

namespace insightd::app {

// Read off /proc with each look at `registry`.
void AddProcessMetrics(metrics::Registry& registry);

}  // namespace insightd::app
