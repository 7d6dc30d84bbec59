// Who is told of each statement that a connection has done: for the metrics and log lines of a
// program in whose place this one is started. Nobody is by default, at no cost.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"

namespace insightd::store::pg {

// A statement that passed, with the time from its pipeline's start to its answer. Called by the
// threads that wait for answers, many at once; never with values.
using StatementObserver = std::function<void(std::string_view sql, microseconds took)>;

// Before the first connection is made, and again with nothing after the last is closed.
void SetStatementObserver(StatementObserver observer);
const StatementObserver& CurrentStatementObserver();

}  // namespace insightd::store::pg
