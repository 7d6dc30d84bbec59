#include "shrink.h"

#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "world.h"

namespace insightd::simulation {

Plan Shrink(std::uint64_t seed, Plan plan, const PartsOfWorld& parts) {
  for (std::size_t i = plan.size(); i-- > 0;) {
    Plan fewer = plan;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (RunWorld(seed, fewer, parts).broken) plan = std::move(fewer);
  }
  return plan;
}

std::string PrintReplay(const Replay& replay) {
  std::string text = fmt::format("seed {}\n", replay.seed);
  for (const Fault& fault : replay.plan) {
    text += fmt::format("fault {} {} {}\n", NameOf(fault.kind), fault.step, fault.value);
  }
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
    } else if (what == "fault") {
      std::string name;
      Fault fault;
      good = static_cast<bool>(words >> name >> fault.step >> fault.value);
      for (std::size_t i = 0; i < kKinds; ++i) {
        if (NameOf(static_cast<Kind>(i)) == name) fault.kind = static_cast<Kind>(i);
      }
      good = good && fault.kind != Kind::kCount;
      replay.plan.push_back(fault);
    }
    if (!good) {
      return Fail(Code::kInvalid,
                  fmt::format("\"{}\" is neither \"seed N\" nor \"fault NAME STEP VALUE\"", line));
    }
  }
  return replay;
}

}  // namespace insightd::simulation
