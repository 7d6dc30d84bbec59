#include "app/parts/duty.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

void Pause(milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

// Null when `stop` was requested first.
Result<std::unique_ptr<store::Lease>> AwaitLease(const DutyWork& work, Health& health,
                                                 const std::stop_token& stop) {
  bool told = false;
  while (!stop.stop_requested()) {
    Result<std::unique_ptr<store::Lease>> lease = work.take();
    if (lease) return lease;
    const Error& error = lease.error();
    if (VerdictFor(error.code()) != Verdict::kRetry) return lease;
    health.Away(work.name, error.message());
    if (!std::exchange(told, true)) {
      kLog.Info("", "waiting to take over",
                {{"duty", work.name},
                 {"error_class", CodeName(error.code())},
                 {"error", error.message()}});
    }
    Pause(work.take_again, stop);
  }
  return nullptr;
}

// The work, ended when `stop` is requested or the lease is lost.
Result<void> RunWithLease(const DutyWork& work, const store::Lease& lease,
                          const std::stop_token& stop) {
  std::stop_source end;
  const std::stop_callback pass_on(stop, [&end] { end.request_stop(); });
  std::jthread looking([&](std::stop_token enough) {
    pthread_setname_np(pthread_self(), "duty");
    while (!enough.stop_requested() && !end.stop_requested()) {
      if (!lease.held()) {
        kLog.Warn("", "the duty was lost", {{"duty", work.name}});
        end.request_stop();
        return;
      }
      Pause(work.look_again, enough);
    }
  });
  return work.run(end.get_token());
}

}  // namespace

Result<void> RunUnderDuty(const DutyWork& work, Health& health, std::stop_token stop) {
  health.SetKind(work.name, Health::Kind::kDuty);
  while (!stop.stop_requested()) {
    Result<std::unique_ptr<store::Lease>> lease = AwaitLease(work, health, stop);
    if (!lease) return Fail(std::move(lease).error().While(work.name));
    if (*lease == nullptr) break;
    kLog.Info("", "the duty is ours", {{"duty", work.name}});
    health.Good(work.name);
    const Result<void> ran = RunWithLease(work, **lease, stop);
    if (stop.stop_requested()) return ran;
    if (!ran) {
      if (VerdictFor(ran.error().code()) != Verdict::kRetry) return ran;
      kLog.Warn("", "the work was interrupted",
                {{"duty", work.name},
                 {"error_class", CodeName(ran.error().code())},
                 {"error", ran.error().message()}});
    }
    health.Away(work.name, ran ? "was lost; being taken again" : ran.error().message());
    lease->reset();
    Pause(work.take_again, stop);
  }
  return {};
}

}  // namespace insightd::app
