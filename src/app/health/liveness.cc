#include "app/health/liveness.h"

#include <string>
#include <utility>

#include "base/log.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

}  // namespace

http::Response Liveness(const Pulse& pulse) {
  std::string hung = HungText(pulse);
  if (hung.empty()) return http::TextResponse(200, "ok\n");
  return http::TextResponse(503, std::move(hung));
}

void Watchdog::Tell() {
  const std::string hung = HungText(pulse_);
  if (hung.empty()) {
    manager_.Alive();
  } else if (!hung_) {
    kLog.Error("", "a thread hangs: /livez fails and the service manager's watchdog is not told",
               {{"error", hung}});
  }
  hung_ = !hung.empty();
}

}  // namespace insightd::app
