#include "faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/result.h"

namespace insightd::simulation {
namespace {

constexpr std::uint64_t kFaultsMax = 22;
// How often a fault lets its place pass at most: a call writes to a file some ten times.
constexpr std::uint64_t kWritesMax = 12;
constexpr std::uint64_t kStepsLastingMin = 3;
constexpr std::uint64_t kStepsLastingMax = 40;
constexpr std::uint64_t kSeedOfFaults = 0x9e3779b97f4a7c15;

// Every fourth fault by its kind, so that those of a single place are not rare.
std::size_t DrawPoint(Random& random) {
  if (random.Below(4) > 0) return random.Below(AllPoints().size());
  const auto& points = PointsOf(static_cast<Kind>(random.Below(kKinds)));
  return points[random.Below(points.size())];
}

// Many from the beginning on, since some places are rare, and since new files are made only then.
int DrawStep(Random& random, std::size_t point, int steps) {
  if (random.Below(IsOfNewFiles(AllPoints()[point]) ? 2 : 4) == 0) return 0;
  return static_cast<int>(random.Below(static_cast<std::uint64_t>(steps)));
}

// Together with what has to happen for it to find its place.
void AddFault(Plan& plan, std::size_t point, Random& random, int steps) {
  const Fault fault{point, DrawStep(random, point, steps), random.Next()};
  plan.push_back(fault);
  if (const auto cause = CauseOf(AllPoints()[point], fault.value)) {
    const auto later = static_cast<std::uint64_t>(steps - fault.step);
    plan.push_back({*cause, fault.step + static_cast<int>(random.Below(later)), random.Next()});
  }
}

Plan InOrder(Plan plan) {
  std::stable_sort(plan.begin(), plan.end(),
                   [](const Fault& a, const Fault& b) { return a.step < b.step; });
  return plan;
}

}  // namespace

Plan DrawPlan(std::uint64_t seed, int steps) {
  const auto random = MakeSeededRandom(seed ^ kSeedOfFaults);
  Plan plan;
  for (std::uint64_t left = 1 + random->Below(kFaultsMax); left > 0; --left) {
    AddFault(plan, DrawPoint(*random), *random, steps);
  }
  return InOrder(std::move(plan));
}

Plan DrawPlanFor(std::size_t point, std::uint64_t seed, int steps) {
  const auto random = MakeSeededRandom(seed ^ kSeedOfFaults);
  Plan plan;
  AddFault(plan, point, *random, steps);
  return InOrder(std::move(plan));
}

bool BeginsNew(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const Fault& fault) {
    return fault.step == 0 && IsOfNewFiles(AllPoints()[fault.point]);
  });
}

bool Forgets(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const Fault& fault) {
    const std::string& place = AllPoints()[fault.point].place;
    return place.starts_with("store.ForgetUploads: ") || place.starts_with("store.ForgetChanges: ");
  });
}

std::string ToText(const Fault& fault) {
  return fmt::format("{}, from step {} on", ToText(AllPoints()[fault.point]), fault.step);
}

Faults::Faults(const Plan& plan, Struck struck)
    : struck_(std::move(struck)), coverage_(AllPoints().size()) {
  for (const Fault& fault : plan) {
    // Most strike at the first write, since some calls write little.
    const bool passes = IsAtWrite(AllPoints()[fault.point].kind) && fault.value % 3 == 0;
    entries_.push_back({.fault = fault, .lets_pass = passes ? fault.value / 3 % kWritesMax : 0});
  }
}

void Faults::BeginStep(int step) {
  step_ = step;
  healed_ = false;
  for (Entry& entry : entries_) {
    if (entry.fault.step == step) entry.stage = Stage::kWaiting;
  }
}

bool Faults::Fires(Kind kind, std::string_view place) {
  std::uint64_t value = 0;
  return Fires(kind, place, value);
}

bool Faults::Fires(Kind kind, std::string_view place, std::uint64_t& value) {
  if (healed_) return false;
  const std::optional<std::size_t> point = FindPoint(kind, place);
  if (!point) fmt::print(stderr, "points.cc does not know {} at {}\n", NameOf(kind), place);
  INSIGHTD_ASSERT(point);
  for (Entry& entry : entries_) {
    if (entry.stage != Stage::kWaiting || entry.fault.point != *point) continue;
    if (entry.lets_pass > 0) {
      --entry.lets_pass;
      return false;
    }
    entry.stage = Stage::kStruck;
    value = entry.fault.value;
    ++coverage_[*point];
    if (struck_) struck_(entry.fault);
    return true;
  }
  return false;
}

bool Faults::Lasts(Kind kind, std::string_view place) {
  int& until = lasts_until_[static_cast<std::size_t>(kind)];
  std::uint64_t value = 0;
  if (Fires(kind, place, value)) {
    const std::uint64_t lasting = kStepsLastingMin + value % kStepsLastingMax;
    until = std::max(until, step_ + static_cast<int>(lasting));
    return true;
  }
  if (!IsGoingOn(kind)) return false;
  ++coverage_[FindPoint(kind, place).value()];
  return true;
}

bool Faults::IsGoingOn(Kind kind) const {
  return step_ < lasts_until_[static_cast<std::size_t>(kind)];
}

void Faults::Heal() {
  healed_ = true;
  lasts_until_.fill(0);
  for (Entry& entry : entries_) {
    if (entry.stage == Stage::kWaiting) entry.stage = Stage::kOver;
  }
}

Plan Faults::unmet() const {
  Plan plan;
  for (const Entry& entry : entries_) {
    if (entry.stage != Stage::kStruck) plan.push_back(entry.fault);
  }
  return plan;
}

}  // namespace insightd::simulation
