#include "shrink.h"

#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "world.h"

namespace insightd::simulation {

Plan Shrink(std::uint64_t seed, Plan plan, const PartsOfWorld& parts) {
  // Again while it helps: a fault may be needed only beside another one.
  for (std::size_t before = plan.size() + 1; plan.size() < before;) {
    before = plan.size();
    for (std::size_t i = plan.size(); i-- > 0;) {
      Plan fewer = plan;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (RunWorld(seed, fewer, parts).broken) plan = std::move(fewer);
    }
  }
  return plan;
}

std::string PrintReplay(const Replay& replay) {
  std::string text = fmt::format("seed {}\n", replay.seed);
  for (const Fault& fault : replay.plan) {
    const Point& point = AllPoints()[fault.point];
    text += fmt::format("fault {} {} {} {}\n", NameOf(point.kind), fault.step, fault.value,
                        point.place);
  }
  if (!replay.breaks.empty()) text += fmt::format("breaks {}\n", replay.breaks);
  return text;
}

Result<Replay> ParseReplay(const std::string& text) {
  Replay replay;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string what;
    if (!(words >> what)) continue;
    bool good = false;
    if (what == "seed") {
      good = static_cast<bool>(words >> replay.seed);
    } else if (what == "breaks") {
      good = static_cast<bool>(words >> replay.breaks);
    } else if (what == "fault") {
      std::string kind_name;
      std::string place;
      Fault fault;
      words >> kind_name >> fault.step >> fault.value >> std::ws;
      std::getline(words, place);
      const auto kind = KindOf(kind_name);
      const auto point = kind ? FindPoint(*kind, place) : std::nullopt;
      good = point.has_value();
      fault.point = point.value_or(0);
      replay.plan.push_back(fault);
    }
    if (!good) {
      return Fail(Code::kInvalid,
                  fmt::format("\"{}\" is neither \"seed N\" nor \"fault KIND STEP VALUE PLACE\" of "
                              "a known point nor \"breaks PART\"",
                              line));
    }
  }
  return replay;
}

}  // namespace insightd::simulation
