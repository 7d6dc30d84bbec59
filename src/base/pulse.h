// Whether the threads that do a process' work get on: each tells which step it begins, and whoever
// answers probes asks for those that have been in one step for too long.
//
// * A thread that waits for work is alive, and so is one whose step fails again and again while a
//   server is away: each try is a step of its own.
// * A step that may rightly take long (an archive that streams in slowly) has to be begun again as
//   it gets on.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace insightd {

class Beat;

// Thread-safe; outlives its beats.
class Pulse {
 public:
  // Over what any step can take whose waiting is bounded: a statement, an answer, an evaluation.
  static constexpr seconds kStepMax{300};

  struct Hung {
    std::string thread;
    std::string step;
    seconds lasts{};
  };

  explicit Pulse(const Clock& clock, microseconds step_max = kStepMax)
      : clock_(clock), step_max_(step_max) {}
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // The threads whose step has lasted longer than allowed; never waits for them.
  std::vector<Hung> FindHung() const;
  microseconds step_max() const { return step_max_; }

 private:
  friend class Beat;

  const Clock& clock_;
  const microseconds step_max_;
  mutable std::mutex mutex_;
  std::vector<const Beat*> beats_;
};

// "judge: evaluate has lasted 312 s, more than the 300 s of a step", a line each; empty for none.
std::string HungText(const Pulse& pulse);

// Of one thread, which alone calls it; idle at first.
class Beat {
 public:
  // Without a pulse nobody watches.
  Beat(Pulse* pulse, std::string thread);
  ~Beat();
  Beat(const Beat&) = delete;
  Beat& operator=(const Beat&) = delete;

  // What comes until the next call is this step. `step` is a literal.
  void Begin(std::string_view step);
  // The step that was begun gets on.
  void GoOn();
  // Waits for work, without a limit.
  void Idle();

 private:
  friend class Pulse;

  Pulse* const pulse_;
  const std::string thread_;
  // Of the pulse's mutex:
  std::string_view step_;  // empty: idle
  microseconds since_{};   // steady
};

}  // namespace insightd
