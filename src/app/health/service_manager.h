// Tells systemd how the service is doing, by datagrams to the socket that it names: the protocol of
// sd_notify(3), for units of Type=notify. Without such a socket nothing happens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace insightd::app {

// Thread-safe.
class ServiceManager {
 public:
  // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Call it before threads that read the
  // environment are made.
  static ServiceManager FromEnvironment();
  // `socket`: a path, or `@name` of an abstract one; empty: nobody listens.
  explicit ServiceManager(std::string socket, std::optional<microseconds> watchdog = {});

  void Ready(std::string_view status) const;
  void Status(std::string_view status) const;
  void Stopping() const;
  // The process is alive; to be called every watchdog_interval().
  void Alive() const;
  // Half of what the manager waits; none where it does not watch.
  std::optional<microseconds> watchdog_interval() const { return watchdog_; }

 private:
  void Send(const std::string& text) const;

  std::string socket_;
  std::optional<microseconds> watchdog_;
};

}  // namespace insightd::app
