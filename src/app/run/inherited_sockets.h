// Sockets that listen already and were handed to this process, by the protocol of
// sd_listen_fds(3): for addresses that it may not take itself (ports below 1024), and for clients
// that wait while it is started again.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace insightd::app {

class InheritedSockets {
 public:
  // From LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. None when they are of another process or are
  // nonsense.
  static InheritedSockets FromEnvironment();
  // The first of that name (`FileDescriptorName=` of the socket unit), -1 when there is none.
  int Find(std::string_view name) const;
  bool empty() const { return by_name_.empty(); }

 private:
  std::map<std::string, int, std::less<>> by_name_;
};

}  // namespace insightd::app
