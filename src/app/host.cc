#include "app/host.h"

#include <fmt/core.h>

#include "base/log.h"

namespace insightd::app {

void Host::Fail(std::string_view role, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = StartFailure{ExitCode::kInternal, fmt::format("{}: {}", role, error.message())};
  }
  log::Logger("app").Fatal(
      "", "a role cannot go on; stopping",
      {{"role", role}, {"error_class", CodeName(error.code())}, {"error", error.message()}});
  // The same way down as when somebody asks for it.
  if (request_stop) request_stop();
}

std::optional<StartFailure> Host::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace insightd::app
