// The steps of the aggregator's storages, each in its own file; see step.h.
#pragma once

#include <span>

#include "store/postgres/migrations/step.h"

namespace insightd::store::pg {

std::span<const Step> ResultsSteps();
std::span<const Step> WorkloadsSteps();

}  // namespace insightd::store::pg
