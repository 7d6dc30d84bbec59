// What the process needs from outside and whether it is there: told by those who watch it, asked by
// probes.
//
// * Look answers from what was told last and waits for nothing, so that a probe is quick while a
//   server is away.
// * A dependency that was asked and does not answer within kAnswerLimit counts as away.
// * /livez never looks here: a process is not ended because something else is down.
// * Of the duties that only one process of an installation has at a time, a process needs one to be
//   ready: of two writers each may have some.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace insightd::app {

class Health {
 public:
  enum class Phase : std::uint8_t { kStarting, kServing, kStopping };
  enum class Kind : std::uint8_t {
    kNeeded,  // without it the process is not ready
    kBeside,  // told, but the process does most of its work without it
    kDuty     // needed is one of these
  };

  // How long a dependency may take to answer a look.
  static constexpr seconds kAnswerLimit{5};

  struct Line {
    std::string name;
    Kind kind = Kind::kNeeded;
    bool good = false;
    std::string reason;  // of one that is not good
    Time since{};        // in this state
  };
  struct View {
    Phase phase = Phase::kStarting;
    std::vector<Line> lines;  // by name
    bool ready() const;
  };

  explicit Health(const Clock& clock) : clock_(clock) {}

  void SetPhase(Phase phase);
  // Else it is needed.
  void SetKind(std::string_view name, Kind kind);
  void Good(std::string_view name);
  // `reason` for people, with the setting that leads there.
  void Away(std::string_view name, std::string_view reason);
  // Asked just now; Good or Away come with the answer.
  void Asked(std::string_view name);
  // Nobody watches it any more.
  void Forget(std::string_view name);
  // It was told by who no longer waits for it; if it is good, somebody else tells by now.
  void ForgetIfAway(std::string_view name);

  View Look() const;

 private:
  struct State {
    bool good = false;
    std::string reason;
    Time since{};
    microseconds asked = microseconds(-1);  // steady; -1: no question is open
  };
  State& Find(std::string_view name);

  const Clock& clock_;
  mutable std::mutex mutex_;
  Phase phase_ = Phase::kStarting;
  std::map<std::string, State, std::less<>> states_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

// "bus: ok", "store: away since 2026-08-01T10:00:00Z: …" or "results: waits since …: …" (of a
// duty), a line each; with a first line `process: starting` or `process: stopping` where it is not
// serving.
std::string HealthText(const Health::View& view);
// {"ready":false,"phase":"serving","checks":[{"name":"bus","ok":true,"since":"…"}]}; `reason` where
// not ok.
std::string HealthJson(const Health::View& view);
// For a status line: "ready", or what is away.
std::string HealthSummary(const Health::View& view);

}  // namespace insightd::app
