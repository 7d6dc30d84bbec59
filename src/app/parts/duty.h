// Work that only one process of an installation may do at a time.
//
// * The process waits until the duty is its own, works for as long as it is, and waits again when
// it
//   was lost (the connection that holds it broke) or the work failed with what may pass.
// * While it waits, `health` says so and for whom; the process is not ready then.
// * The work joins its consumer group after the duty was taken: one that waits holds no partitions.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "app/health/health.h"
#include "base/result.h"
#include "store/store.h"

namespace insightd::app {

struct DutyWork {
  std::string name;  // in `health` and in log records
  std::function<Result<std::unique_ptr<store::Lease>>()> take;
  // Until `stop` is requested, or what it cannot mend itself.
  std::function<Result<void>(std::stop_token stop)> run;
  milliseconds take_again{1'000};  // when another process has it, or after a failure
  milliseconds look_again{500};    // whether it is still held
};

// Until `stop` is requested; fails with what nobody can mend.
Result<void> RunUnderDuty(const DutyWork& work, Health& health, std::stop_token stop);

}  // namespace insightd::app
