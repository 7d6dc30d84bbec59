// An event loop for tests, on a thread of its own.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"

namespace insightd::testing {

class PollLoop final : public EventLoop {
 public:
  PollLoop() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), thread_([this] { Run(); }) {}
  ~PollLoop() {
    Do([this] { ends_ = true; });
    thread_.join();
    ::close(wake_);
  }

  // From another thread: returns when `what` is done in the loop's.
  void Do(std::function<void()> what) {
    std::promise<void> done;
    {
      const std::lock_guard lock(mutex_);
      given_.push_back([&] {
        what();
        done.set_value();
      });
    }
    (void)::eventfd_write(wake_, 1);
    done.get_future().wait();
  }
  // Watches that are there, seen from the loop's thread.
  std::size_t watches() const { return watched_.size(); }

  void Later(std::function<void()> what) override { later_.push_back(std::move(what)); }
  void After(milliseconds delay, std::function<void()> what) override {
    timers_.emplace_back(std::chrono::steady_clock::now() + delay, std::move(what));
  }
  std::unique_ptr<Watch> WhenReadable(int socket, std::function<void()> readable) override {
    auto one = std::make_shared<Watched>(Watched{socket, std::move(readable)});
    watched_.push_back(one);
    return std::make_unique<Handle>(*this, std::move(one));
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Watched {
    int socket;
    std::function<void()> readable;
  };
  class Handle final : public Watch {
   public:
    Handle(PollLoop& loop, std::shared_ptr<Watched> one) : loop_(loop), one_(std::move(one)) {}
    ~Handle() override {
      auto& all = loop_.watched_;
      all.erase(std::remove(all.begin(), all.end(), one_), all.end());
    }

   private:
    PollLoop& loop_;
    std::shared_ptr<Watched> one_;
  };

  void Run() {
    BeginThread();
    while (!ends_) Turn();
    EndThread();
  }
  void Turn() {
    const auto watched = watched_;
    std::vector<pollfd> polls = {{wake_, POLLIN, 0}};
    for (const auto& one : watched) polls.push_back({one->socket, POLLIN, 0});
    ::poll(polls.data(), polls.size(), later_.empty() ? 5 : 0);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const bool lives = std::count(watched_.begin(), watched_.end(), watched[i]) > 0;
      if (polls[i + 1].revents != 0 && lives) watched[i]->readable();
    }
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_, &ignored);
    std::vector<std::function<void()>> ready;
    {
      const std::lock_guard lock(mutex_);
      ready.swap(given_);
    }
    for (const auto& what : ready) what();
    for (const auto& what : std::exchange(later_, {})) what();
    const Time now = std::chrono::steady_clock::now();
    auto timers = std::exchange(timers_, {});
    for (auto& [at, what] : timers) {
      if (at <= now) {
        what();
      } else {
        timers_.emplace_back(at, std::move(what));
      }
    }
  }

  const int wake_;
  bool ends_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> given_;  // from other threads
  std::vector<std::function<void()>> later_;
  std::list<std::pair<Time, std::function<void()>>> timers_;
  std::vector<std::shared_ptr<Watched>> watched_;
  std::thread thread_;
};

}  // namespace insightd::testing
