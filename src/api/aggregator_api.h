// The aggregator's own API, which services beside it ask: raw results by organisation and cluster,
// without texts.
//
// It believes everybody, as the original does behind its proxy: the organisation is the one in the
// path. So it belongs on an address of its own that only such services reach.
#pragma once

#include "api/settings.h"
#include "base/clock.h"
#include "http/router.h"
#include "store/store.h"

namespace insightd::api {

// Adds the paths below /api/v1/. `store` and `clock` outlive the server that the router belongs to.
void RegisterAggregatorApi(http::Router& router, store::Store& store, const Clock& clock,
                           const Settings& settings, const Build& build);

}  // namespace insightd::api
