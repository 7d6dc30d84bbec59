// Until when calls may still wait for the server once the process is to end: a server that takes
// connections and says nothing must not hold the end up, and a call that goes from one connection
// to the next must not get the time again for each. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace insightd::store::pg {

// After the process was told to end.
inline constexpr milliseconds kStoppingMax{15'000};

class StopDeadline {
 public:
  explicit StopDeadline(std::stop_token stop) : note_(std::move(stop), Note{until_us_}) {}
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

  // Steady; nothing while the process is not to end.
  std::optional<microseconds> until() const {
    const std::int64_t until_us = until_us_;
    return until_us == 0 ? std::nullopt : std::optional(microseconds(until_us));
  }

 private:
  struct Note {
    std::atomic<std::int64_t>& until_us;
    void operator()() const { until_us = (SystemClock().Steady() + kStoppingMax).count(); }
  };

  std::atomic<std::int64_t> until_us_{0};
  std::stop_callback<Note> note_;  // last: it may be called at once
};

}  // namespace insightd::store::pg
