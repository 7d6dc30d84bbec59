#include "app/run/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/log_events.h"
#include "base/result.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// In a terminal it says that the terminal is gone, which ends the process; else it asks for the
// rules to be loaded again.
bool HangupIsARequest() { return ::isatty(STDIN_FILENO) == 0; }

}  // namespace

Signals::Signals(std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {
  sigset_t held = StopSignals();
  if (HangupIsARequest()) sigaddset(&held, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
  source_ = ::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  INSIGHTD_ASSERT(source_ >= 0 && wake_ >= 0);
  thread_ = std::thread([this] { Listen(); });
}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(source_);
  ::close(wake_);
}

void Signals::Listen() {
  pthread_setname_np(pthread_self(), "signals");
  pollfd sources[] = {{wake_, POLLIN, 0}, {source_, POLLIN, 0}};
  bool stopping = false;
  while (true) {
    // Once it stops, signals act as they do by default, and this thread takes them.
    ::poll(sources, stopping ? 1 : 2, -1);
    eventfd_t ignored = 0;
    ::eventfd_read(wake_, &ignored);
    const char* why = nullptr;
    signalfd_siginfo info{};
    while (!stopping && ::read(source_, &info, sizeof(info)) == sizeof(info)) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number != SIGHUP) {
        why = ::strsignal(number);
        break;
      }
      const std::lock_guard lock(mutex_);
      reload_ = true;
      changed_.notify_all();
    }
    {
      const std::lock_guard lock(mutex_);
      if (end_) return;
      if (asked_ && why == nullptr) why = "a role cannot go on";
    }
    if (why != nullptr && !stopping) {
      stopping = true;
      BeginToStop(why);
    }
  }
}

void Signals::BeginToStop(const char* why) {
  kLog.Info(log::event::kProcessStopping, "stopping", {{"signal", why}});
  if (on_stop_) on_stop_();
  const sigset_t signals = StopSignals();
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const std::lock_guard lock(mutex_);
  stop_ = true;
  changed_.notify_all();
}

Signals::Woken Signals::Await(milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return stop_ || reload_; });
  if (stop_) return Woken::kStop;
  if (std::exchange(reload_, false)) return Woken::kReload;
  return Woken::kTimeout;
}

bool Signals::stop_requested() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Signals::Stop() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  ::eventfd_write(wake_, 1);
}

}  // namespace insightd::app
