#include "app/health/health.h"

#include <fmt/core.h>

#include <chrono>

#include "base/json_writer.h"

namespace insightd::app {
namespace {

std::string_view PhaseName(Health::Phase phase) {
  switch (phase) {
    case Health::Phase::kStarting: return "starting";
    case Health::Phase::kServing: return "serving";
    case Health::Phase::kStopping: return "stopping";
  }
  __builtin_unreachable();
}

}  // namespace

bool Health::View::ready() const {
  bool has_duties = false;
  bool has_one = false;
  for (const Line& line : lines) {
    if (line.kind == Kind::kNeeded && !line.good) return false;
    if (line.kind != Kind::kDuty) continue;
    has_duties = true;
    has_one = has_one || line.good;
  }
  return phase == Phase::kServing && (has_one || !has_duties);
}

void Health::SetKind(std::string_view name, Kind kind) {
  const std::lock_guard lock(mutex_);
  kinds_.insert_or_assign(std::string(name), kind);
}

void Health::SetPhase(Phase phase) {
  const std::lock_guard lock(mutex_);
  // Whoever stops does not serve again.
  if (phase_ != Phase::kStopping) phase_ = phase;
}

Health::State& Health::Find(std::string_view name) {
  const auto found = states_.find(name);
  if (found != states_.end()) return found->second;
  return states_.emplace(std::string(name), State{false, {}, clock_.Now()}).first->second;
}

void Health::Good(std::string_view name) {
  const std::lock_guard lock(mutex_);
  State& state = Find(name);
  if (!state.good) state.since = clock_.Now();
  state.good = true;
  state.reason.clear();
  state.asked = microseconds(-1);
}

void Health::Away(std::string_view name, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  State& state = Find(name);
  if (state.good) state.since = clock_.Now();
  state.good = false;
  state.reason = reason;
  state.asked = microseconds(-1);
}

void Health::Asked(std::string_view name) {
  const std::lock_guard lock(mutex_);
  Find(name).asked = clock_.Steady();
}

void Health::Forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(name);
  if (found != states_.end()) states_.erase(found);
}

void Health::ForgetIfAway(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(name);
  if (found != states_.end() && !found->second.good) states_.erase(found);
}

Health::View Health::Look() const {
  const std::lock_guard lock(mutex_);
  View view;
  view.phase = phase_;
  for (const auto& [name, state] : states_) {
    const auto kind = kinds_.find(name);
    Line line{name, kind == kinds_.end() ? Kind::kNeeded : kind->second, state.good, state.reason,
              state.since};
    const microseconds waited = clock_.Steady() - state.asked;
    if (state.good && state.asked >= microseconds(0) && waited > kAnswerLimit) {
      line.good = false;
      line.since = clock_.Now() - waited;
      line.reason =
          fmt::format("no answer for {} s", std::chrono::duration_cast<seconds>(waited).count());
    }
    view.lines.push_back(std::move(line));
  }
  return view;
}

std::string HealthText(const Health::View& view) {
  std::string text;
  if (view.phase != Health::Phase::kServing) {
    text += fmt::format("process: {}\n", PhaseName(view.phase));
  }
  for (const Health::Line& line : view.lines) {
    if (line.good) {
      text += fmt::format("{}: ok\n", line.name);
    } else {
      text += fmt::format("{}: {} since {}: {}\n", line.name,
                          line.kind == Health::Kind::kDuty ? "waits" : "away",
                          FormatTimeSeconds(line.since), line.reason);
    }
  }
  return text;
}

std::string HealthJson(const Health::View& view) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("ready").Bool(view.ready()).Key("phase").String(PhaseName(view.phase));
  w.Key("checks").BeginArray();
  for (const Health::Line& line : view.lines) {
    w.BeginObject().Key("name").String(line.name).Key("ok").Bool(line.good);
    w.Key("since").String(FormatTimeSeconds(line.since));
    if (!line.good) w.Key("reason").String(line.reason);
    w.EndObject();
  }
  w.EndArray().EndObject();
  return out;
}

std::string HealthSummary(const Health::View& view) {
  std::string text;
  if (view.phase != Health::Phase::kServing) text = PhaseName(view.phase);
  for (const Health::Line& line : view.lines) {
    if (line.good) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", line.name, line.reason);
  }
  return text.empty() ? "ready" : text;
}

}  // namespace insightd::app
