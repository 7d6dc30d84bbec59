// Records that nobody waits for: status for a tracker that watches from outside.
//
// They never hold up nor endanger the work beside them: at most `in_flight_max` are on their way,
// what comes above is dropped, and what cannot be delivered is not sent again. Each end is counted:
// sent, dropped, failed. Thread-safe. May go before the last callback has come.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "bus/bus.h"

namespace insightd::bus {

inline constexpr std::size_t kBestEffortInFlightMax = 1'000;

class BestEffort {
 public:
  // An empty `topic`: nothing is ever sent. The producer outlives it.
  BestEffort(Producer& producer, std::string topic, metrics::Registry& registry,
             std::size_t in_flight_max = kBestEffortInFlightMax);

  bool is_on() const { return !topic_.empty(); }
  // Without a key. Does nothing when it is not on.
  void Send(std::string value);

 private:
  struct State {
    std::atomic<std::size_t> in_flight{0};
    metrics::Counter sent;
    metrics::Counter dropped;
    metrics::Counter failed;
  };
  Producer& producer_;
  const std::string topic_;
  const std::size_t in_flight_max_;
  std::shared_ptr<State> state_;  // shared with callbacks
};

}  // namespace insightd::bus
