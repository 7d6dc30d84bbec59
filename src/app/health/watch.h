// Looks after one dependency in a thread of its own, since a look may take as long as the other
// side does not answer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/health/health.h"
#include "app/roles.h"
#include "base/result.h"

namespace insightd::app {

// Between two looks.
inline constexpr milliseconds kWatchInterval{2'000};

// Tells `health` what `check` says, at once and every kWatchInterval, and logs when that changes.
// Destruction waits for a look that is under way. `health` and what `check` uses outlive it.
std::unique_ptr<Running> Watch(Health& health, std::string name,
                               std::function<Result<void>()> check);

}  // namespace insightd::app
