// Whether this process should go on, by the pulse of its threads: what /livez says, and what keeps
// the service manager from ending it.
//
// What is away outside is no reason to end a process: that is for health.h.
#pragma once

#include "app/health/service_manager.h"
#include "base/pulse.h"
#include "http/message.h"

namespace insightd::app {

// 200 "ok", or 503 with the threads that hang, and in which step.
http::Response Liveness(const Pulse& pulse);

// One thread at a time.
class Watchdog {
 public:
  // Both outlive it.
  Watchdog(const ServiceManager& manager, const Pulse& pulse) : manager_(manager), pulse_(pulse) {}

  // Tells the manager that the process is alive, unless a thread hangs: that is logged, once.
  void Tell();

 private:
  const ServiceManager& manager_;
  const Pulse& pulse_;
  bool hung_ = false;
};

}  // namespace insightd::app
