// A thread of the server, as an event loop (base/event_loop.h) and for its connections.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "http/asio/names.h"

namespace insightd::http {

// Who waits in the loop's thread for something that another thread brings about.
class Sleeps {
 public:
  virtual ~Sleeps() = default;
  // Ends the sleep of this number; any other goes on. In the loop's thread.
  virtual void Resume(std::uint64_t number) = 0;
};

// A thread of the server with the connections that are its own: what happens to one of them happens
// on this thread, and no lock is needed. No connection waits for two threads to hand it over.
class Loop final : public EventLoop, public std::enable_shared_from_this<Loop> {
 public:
  Loop() : work_(asio::make_work_guard(context_)) {}

  void Start();
  // From another thread: returns when this one has ended.
  void Stop();
  // From any thread: the sleeper's Resume(number), on this one. Many that are woken at once cost
  // one call of the system.
  void Wake(std::weak_ptr<Sleeps> sleeper, std::uint64_t number);

  void Later(std::function<void()> what) override { asio::post(context_, std::move(what)); }
  void After(milliseconds delay, std::function<void()> what) override;
  std::unique_ptr<Watch> WhenReadable(int socket, std::function<void()> readable) override;

  asio::io_context& context() { return context_; }
  std::atomic<std::size_t> connections = 0;

 private:
  class Readable;
  struct Woken {
    std::weak_ptr<Sleeps> sleeper;
    std::uint64_t number;
  };
  void ResumeWoken();

  asio::io_context context_{/*concurrency_hint=*/1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::mutex mutex_;
  std::vector<Woken> woken_;  // where there are any, a ResumeWoken is on its way
  std::thread thread_;
};

}  // namespace insightd::http
