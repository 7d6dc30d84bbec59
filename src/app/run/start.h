// Starts rows one behind the other, and goes on trying while what they need is away.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/host.h"
#include "app/roles.h"

namespace insightd::app {

struct StartWait {
  milliseconds limit{0};  // over all rows; 0: a failure is final at once
  milliseconds pause_min{200};
  milliseconds pause_max{5'000};
  // Waits; false: nobody wants the start any more.
  std::function<bool(milliseconds)> pause;
};

// What was started, in that order, is in `running`, also after a failure. A row whose
// failure may pass is started again until `wait.limit` has passed; meanwhile `host.health` says
// what is away. Nothing when the start was given up by `wait.pause`, with `running` as far as it
// got.
std::optional<StartFailure> StartRows(Host& host, std::span<const RoleRow* const> rows,
                                      const StartWait& wait,
                                      std::vector<std::unique_ptr<Running>>& running);

}  // namespace insightd::app
