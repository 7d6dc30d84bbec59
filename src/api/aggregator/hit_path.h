// The routes on one hit of one cluster: .../clusters/{cluster}/rules/{rule_id}/error_key/
// {error_key}/... begin with the same checks.
#pragma once

#include <string>

#include "api/aggregator/params.h"

namespace insightd::api::aggregator {

struct HitPath {
  std::string cluster;
  std::string rule;
  std::string key;
  std::int64_t owner = 0;  // the organisation of the cluster

  store::HitName name() const { return {.cluster = cluster, .component = rule, .key = key}; }
};

// Cluster, rule and key, in this order; then 404 for a cluster without a result.
Param<HitPath> HitPathOf(const Call& call);

}  // namespace insightd::api::aggregator
