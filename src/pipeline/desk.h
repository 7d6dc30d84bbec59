// What is in work between the thread that takes messages, the workers, and the threads of the bus
// that report deliveries.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"
#include "pipeline/handler.h"

namespace insightd::pipeline {

// One message on its way; of one owner at a time.
struct Job {
  bus::Message message;
  // What was made of it, once its other messages are durable: the result is the next to go.
  std::optional<Handled> judged = {};
  bool letter_too_large = false;  // its dead letter has to go without the value
  int tries = 0;
  Time first_failed{};              // zero: has not failed
  microseconds failing_since{};     // steady: the clock of the wall may be set meanwhile
  std::uint64_t judged_before = 0;  // so many archives were, when it failed first
  microseconds due{};               // steady: not before
};

// A message that has its end.
struct Finished {
  bus::Position position;
  Known known = {};
  std::string_view status = {};  // for the payload tracker; empty: nothing is told
  std::string reason = {};       // of an error
};

struct Failed {
  std::unique_ptr<Job> job;
  Known known;
  std::string_view stage;
  Error error;
};

// Thread-safe. Bounded by the number of messages that the intake takes into work. Callbacks of
// deliveries share its ownership, since one may come after the pipeline has gone.
class Desk {
 public:
  void AddReady(std::unique_ptr<Job> job);
  // Goes before all that are to be judged.
  void AddJudged(std::unique_ptr<Job> job);
  // Waits for a ready job; null when `stop` was requested.
  std::unique_ptr<Job> TakeReady(std::stop_token stop);
  // Null when there is none.
  std::unique_ptr<Job> TryTakeReady();
  std::size_t ready() const;

  void AddFinished(Finished finished);
  void AddFailed(Failed failed);
  std::vector<Finished> TakeFinished();
  std::vector<Failed> TakeFailed();

  // Until something was added or taken, `limit` has passed or `stop` was requested.
  void AwaitChange(milliseconds limit, std::stop_token stop);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<Job>> ready_;
  std::vector<Finished> finished_;
  std::vector<Failed> failed_;
  bool has_changed_ = false;
};

}  // namespace insightd::pipeline
