// The aggregator's own API, which services beside it ask: raw results by organisation and cluster,
// what people say about them, workloads; without texts. Paths, order of checks and texts of errors
// are those of the original; docs/aggregator-api.md says where an answer is better.
//
// Without `auth` it believes everybody: the organisation is the one in the path. So it belongs on
// an address of its own that only such services reach.
#pragma once

#include "api/aggregator/options.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "http/router.h"
#include "store/store.h"

namespace insightd::api {

struct AggregatorParts {
  // Of recommendations and what people say about them, and of workloads; the same where one
  // database has both. Null where it is in none: the options say so too.
  store::Store* recommendations = nullptr;
  store::Store* workloads = nullptr;
  const Clock* clock = nullptr;
  // What counts requests and is served at `metrics` below the prefix. Null: neither.
  metrics::Registry* metrics = nullptr;
};

// Adds the routes. The router is for this API (and what else speaks as it does): from now on it
// does not tell which methods a path has. The parts outlive the server that the router belongs to;
// the options have passed AggregatorOptions::Check.
void RegisterAggregator(http::Router& router, const AggregatorParts& parts,
                        const AggregatorOptions& options);

}  // namespace insightd::api
