// What `fleet` prints: a table of clusters, a summary for people, an object for scripts.
#pragma once

#include <string>

#include "base/clock.h"
#include "fleet/run.h"

namespace insightd::app {

// Cluster, version, hits by risk, age and worst recommendation, as the API shows them; first the
// clusters that could not be read, then those with the worst hits.
std::string FormatClusters(const fleet::RunResult& result, Time now);
std::string FormatSummary(const fleet::RunResult& result);
std::string FormatFleetJson(const fleet::RunResult& result);

}  // namespace insightd::app
