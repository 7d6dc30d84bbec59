// Tells once of a process that has nothing to do, since others have all partitions of its topic.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace insightd::app {

// One thread at a time.
class Standby {
 public:
  // Partitions move for so long, at most.
  static constexpr seconds kAfter{30};

  // Nobody reads the topic of no name.
  Standby(std::string topic, std::string group)
      : topic_(std::move(topic)), group_(std::move(group)) {}

  // Asked now and then: `idle` while the brokers answer and the process has no partition. True when
  // that was to be told.
  bool Look(bool idle, microseconds now);

 private:
  const std::string topic_;
  const std::string group_;
  std::optional<microseconds> since_;
  bool told_ = false;
};

}  // namespace insightd::app
