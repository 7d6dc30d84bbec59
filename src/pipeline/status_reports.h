// Tells the payload tracker how uploads come along, where one is there. Thread-safe; holds nobody
// up.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "bus/best_effort.h"
#include "bus/bus.h"
#include "pipeline/settings.h"

namespace insightd::pipeline {

struct Known;

class StatusReports {
 public:
  // All outlive it.
  StatusReports(const Settings& settings, bus::Producer& producer, const Clock& clock,
                metrics::Registry& registry);

  // `status` as in results/payload_status.h; `reason` of an error. Without a request id nothing is
  // sent. Not to be called from within a callback of the producer.
  void Tell(const Known& known, std::string_view status, std::string_view reason = {});

 private:
  const std::string service_;
  const Clock& clock_;
  bus::BestEffort sender_;
};

}  // namespace insightd::pipeline
