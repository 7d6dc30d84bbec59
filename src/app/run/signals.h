// The signals that tell a process to stop or to load its rules again, from its first moment on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace insightd::app {

// One a process, made before any other thread, since threads take over what is blocked.
class Signals {
 public:
  enum class Woken : std::uint8_t { kTimeout, kReload, kStop };

  // `on_stop` is called once, at the first SIGTERM or SIGINT, from another thread. From then on a
  // second one ends the process: whoever asks twice does not want to wait.
  explicit Signals(std::function<void()> on_stop);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for a signal, up to `limit`. kStop ever again once it has come.
  Woken Await(milliseconds limit);
  bool stop_requested();
  // As if SIGTERM had come. Thread-safe.
  void Stop();

 private:
  void Listen();
  void BeginToStop(const char* why);

  const std::function<void()> on_stop_;
  int source_ = -1;  // a signalfd
  int wake_ = -1;    // an eventfd, for Stop and the end
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool reload_ = false;
  bool end_ = false;
  bool asked_ = false;  // by Stop
  std::thread thread_;
};

}  // namespace insightd::app
