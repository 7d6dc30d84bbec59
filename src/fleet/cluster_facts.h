// What the templates may know of one cluster at one time; the names are those that the data files
// use.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "fleet/facts.h"
#include "fleet/generate.h"
#include "fleet/world.h"

namespace insightd::fleet {

// The same for the same cluster but for what is counted back from `gathered_at`.
Result<Fact> FactsOf(const World& world, const Cluster& cluster, Time gathered_at);

}  // namespace insightd::fleet
