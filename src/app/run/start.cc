#include "app/run/start.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/log.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

// Nothing: `wait.pause` gave up.
std::optional<tl::expected<std::unique_ptr<Running>, StartFailure>> StartRow(Host& host,
                                                                             const RoleRow& row,
                                                                             const StartWait& wait,
                                                                             microseconds begun) {
  milliseconds pause = wait.pause_min;
  microseconds tell_again{0};
  while (true) {
    auto started = row.start(host);
    if (started) host.health.ForgetIfAway(row.name);
    if (started || !started.error().may_pass || wait.limit <= milliseconds(0)) {
      return started;
    }
    const microseconds now = host.clock.Steady();
    const auto waited = std::chrono::duration_cast<seconds>(now - begun);
    if (now - begun >= wait.limit) {
      started.error().message += fmt::format(" (waited for {} s: start_wait_s)", waited.count());
      return started;
    }
    host.health.Away(row.name, started.error().message);
    if (now >= tell_again) {
      // At growing intervals: each as long as has been waited.
      tell_again = now + std::max<microseconds>(now - begun, seconds(1));
      kLog.Warn("", "the start waits for what it needs",
                {{"dependency", row.name},
                 {"error", started.error().message},
                 {"duration_ms", static_cast<double>((now - begun).count()) / 1e3}});
    }
    const auto left = std::chrono::duration_cast<milliseconds>(wait.limit - (now - begun));
    if (!wait.pause(std::min(pause, std::max(left, milliseconds(1))))) return std::nullopt;
    pause = std::min(pause * 2, wait.pause_max);
  }
}

}  // namespace

std::optional<StartFailure> StartRows(Host& host, std::span<const RoleRow* const> rows,
                                      const StartWait& wait,
                                      std::vector<std::unique_ptr<Running>>& running) {
  const microseconds begun = host.clock.Steady();
  for (const RoleRow* row : rows) {
    if (row->start == nullptr) continue;
    auto started = StartRow(host, *row, wait, begun);
    if (!started) return std::nullopt;
    if (!*started) {
      StartFailure failure = std::move(*started).error();
      failure.row = row->name;
      return failure;
    }
    running.push_back(**std::move(started));
  }
  return std::nullopt;
}

}  // namespace insightd::app
