// simulate: the whole system from a seed, many times.
//
//   simulate [--seeds 1000] [--first 1] [--jobs 2] [--progress] [--cover | --points]
//   simulate --seed 17 [--trace]           one world
//   simulate --file seeds/x.txt [--trace]  one that was kept: it has to meet its faults, and to
//                                          break a promise with the part that the file names
//   simulate --broken [--seeds 1000]       every broken part has to be found
//   simulate --part NAME [--seeds 1000]    this one: prints the smallest world that finds it
//
// Exit codes: 0 all promises were kept; 1 one was broken, a fault point was never reached (--cover,
// --points: with how often each was), a kept world does not meet its faults any more, or a broken
// part was not found; 2 usage.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "many.h"
#include "shrink.h"
#include "world.h"

namespace insightd::simulation {
namespace {

// Worlds for a point that all others have missed, and for how many such points at most.
constexpr std::uint64_t kSeedsAPoint = 200;
constexpr std::ptrdiff_t kMissingMax = 5;

struct Arguments {
  ManyOptions many;
  std::optional<std::uint64_t> seed;
  std::string file;
  std::string part;
  bool broken = false;
  bool cover = false;
  bool points = false;
  bool trace = false;
};

std::optional<Arguments> Parse(int count, char** words) {
  Arguments arguments;
  arguments.many.jobs = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < count; ++i) {
    const std::string_view name = words[i];
    if (name == "--broken") {
      arguments.broken = true;
    } else if (name == "--cover") {
      arguments.cover = true;
    } else if (name == "--points") {
      arguments.points = true;
    } else if (name == "--trace") {
      arguments.trace = true;
    } else if (name == "--progress") {
      arguments.many.progress = true;
    } else if (++i == count) {
      return std::nullopt;
    } else if (const std::string_view value = words[i]; name == "--file") {
      arguments.file = value;
    } else if (name == "--part") {
      arguments.part = value;
    } else {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
      if (name == "--seed") {
        arguments.seed = number;
      } else if (name == "--seeds") {
        arguments.many.count = number;
      } else if (name == "--first") {
        arguments.many.first = number;
      } else if (name == "--jobs" && number > 0) {
        arguments.many.jobs = static_cast<unsigned>(number);
      } else {
        return std::nullopt;
      }
    }
  }
  return arguments;
}

std::optional<PartsOfWorld> PartsNamed(std::string_view name) {
  for (const PartsOfWorld& parts : BrokenParts()) {
    if (parts.name == name) return parts;
  }
  return std::nullopt;
}

int RunOne(const Replay& replay, bool trace) {
  const Outcome outcome = RunWorld(replay.seed, replay.plan, GoodParts(), trace);
  if (outcome.broken) {
    fmt::print("seed {}: {}\n", replay.seed, *outcome.broken);
    return 1;
  }
  fmt::print("seed {}: kept; {} uploads, {} accepted, {} processes, {} of {} faults struck\n",
             replay.seed, outcome.uploads, outcome.accepted, outcome.processes,
             replay.plan.size() - outcome.unmet.size(), replay.plan.size());
  return 0;
}

// Whether a kept world is still about what went wrong in it: when the system changes, or the world,
// it takes another course.
bool StillMeets(const Replay& replay) {
  const Outcome outcome = RunWorld(replay.seed, replay.plan, GoodParts());
  for (const Fault& fault : outcome.unmet) {
    fmt::print("it does not meet any more: {}\n", ToText(fault));
  }
  if (replay.breaks.empty()) return outcome.unmet.empty();
  const auto parts = PartsNamed(replay.breaks);
  if (!parts) {
    fmt::print("there is no broken part {}\n", replay.breaks);
    return false;
  }
  if (RunWorld(replay.seed, replay.plan, *parts).broken) return outcome.unmet.empty();
  fmt::print("it does not find {} any more: simulate --part {} looks for another one\n",
             replay.breaks, replay.breaks);
  return false;
}

int RunFile(const Arguments& arguments) {
  std::ifstream file(arguments.file);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty()) {
    fmt::print(stderr, "{} cannot be read, or is empty\n", arguments.file);
    return 2;
  }
  const Result<Replay> replay = ParseReplay(text);
  if (!replay) {
    fmt::print(stderr, "{}: {}\n", arguments.file, replay.error().message());
    return 2;
  }
  const int status = RunOne(*replay, arguments.trace);
  return status == 0 && !StillMeets(*replay) ? 1 : status;
}

void ShowBroken(std::uint64_t seed, const char* program) {
  // Before it is run here, where it may end the process.
  fmt::print("\nseed {} broke a promise; again: {} --seed {} --trace\n", seed, program, seed);
  std::fflush(stdout);
  const Plan plan = Shrink(seed, DrawPlan(seed, kSteps), GoodParts());
  const Outcome outcome = RunWorld(seed, plan, GoodParts());
  fmt::print("with the fewest faults: {}\nas a file below seeds/ it is a test:\n{}",
             outcome.broken.value_or("it takes another course each time"),
             PrintReplay({.seed = seed, .plan = plan}));
}

// One line a kind, or a point.
void ShowCoverage(const Coverage& coverage, bool points) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    const std::vector<std::size_t>& of_kind = PointsOf(kind);
    if (!points) {
      const std::size_t least = *std::min_element(
          of_kind.begin(), of_kind.end(),
          [&](std::size_t a, std::size_t b) { return coverage[a] < coverage[b]; });
      fmt::print("  {:26} {:3} points, least reached: {:4} {}\n", NameOf(kind), of_kind.size(),
                 coverage[least], AllPoints()[least].place);
      continue;
    }
    for (const std::size_t point : of_kind) {
      fmt::print("  {:26} {:45} {:5}\n", NameOf(kind), AllPoints()[point].place, coverage[point]);
    }
  }
}

bool IsReached(std::size_t point, std::uint64_t first) {
  for (std::uint64_t seed = first; seed < first + kSeedsAPoint; ++seed) {
    const Outcome outcome = RunWorld(seed, DrawPlanFor(point, seed, kSteps), GoodParts());
    if (outcome.coverage[point] > 0) return true;
  }
  return false;
}

// Rare points may be missed by chance: for those that are missing worlds are run in which little
// else goes wrong. False when some cannot be reached that way either, or many are missing.
bool IsAllReached(const Coverage& coverage, std::uint64_t first) {
  const auto missing = std::count(coverage.begin(), coverage.end(), 0U);
  bool all = missing <= kMissingMax;
  for (std::size_t i = 0; i < coverage.size(); ++i) {
    if (coverage[i] > 0 || (missing <= kMissingMax && IsReached(i, first))) continue;
    fmt::print("no world reached {}\n", ToText(AllPoints()[i]));
    all = false;
  }
  return all;
}

int RunSeeds(const Arguments& arguments, const char* program) {
  const auto begun = std::chrono::steady_clock::now();
  const ManyOutcome outcome = RunMany(arguments.many, GoodParts());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print(
      "{} worlds in {:.1f} s on {} processes: {} uploads, {} accepted, {} starts; {} broke a "
      "promise\n",
      outcome.worlds, took.count(), arguments.many.jobs, outcome.uploads, outcome.accepted,
      outcome.processes, outcome.broken);
  fmt::print(
      "  where there is little room: {} uploads refused, {} archives removed that clusters showed, "
      "{} that belonged to nothing\n",
      outcome.refused, outcome.newest_gone, outcome.unknown_gone);
  bool good = outcome.broken == 0;
  if (outcome.worlds != arguments.many.count) {
    fmt::print("{} worlds did not come to an end\n", arguments.many.count - outcome.worlds);
    good = false;
  }
  if (arguments.cover || arguments.points) {
    ShowCoverage(outcome.coverage, arguments.points);
    good = IsAllReached(outcome.coverage, arguments.many.first) && good;
    if (outcome.refused == 0 || outcome.newest_gone == 0 || outcome.unknown_gone == 0) {
      fmt::print("little room was never felt\n");
      good = false;
    }
  }
  if (outcome.first_broken) ShowBroken(*outcome.first_broken, program);
  return good ? 0 : 1;
}

bool RunPart(const Arguments& arguments, const PartsOfWorld& parts) {
  ManyOptions options = arguments.many;
  options.until_broken = true;
  const ManyOutcome outcome = RunMany(options, parts);
  if (!outcome.first_broken) {
    fmt::print("{}: NOT FOUND in {} worlds\n", parts.name, outcome.worlds);
    return false;
  }
  const std::uint64_t seed = *outcome.first_broken;
  const Plan plan = DrawPlan(seed, kSteps);
  fmt::print("{}: found after {} worlds, seed {}: {:.200}\n", parts.name, outcome.worlds, seed,
             RunWorld(seed, plan, parts).broken.value_or("the process ended"));
  if (!arguments.part.empty()) {
    fmt::print("{}", PrintReplay({seed, Shrink(seed, plan, parts), std::string(parts.name)}));
  }
  std::fflush(stdout);
  return true;
}

int RunBroken(const Arguments& arguments) {
  bool all_found = true;
  for (const PartsOfWorld& parts : BrokenParts()) {
    all_found = RunPart(arguments, parts) && all_found;
  }
  return all_found ? 0 : 1;
}

}  // namespace
}  // namespace insightd::simulation

int main(int argc, char** argv) {
  using namespace insightd;
  using namespace insightd::simulation;
  const auto arguments = Parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr,
               "usage: {} [--seeds N] [--first N] [--jobs N] [--progress] [--cover | --points] | "
               "--seed N [--trace] | --file FILE [--trace] | --broken [--seeds N] | --part NAME "
               "[--seeds N]\n",
               argv[0]);
    return 2;
  }
  // A trace has what the system itself says, too.
  log::Configure({.instance = {},
                  .version = {},
                  .level_min = arguments->trace ? log::Level::kDebug : log::Level::kFatal});
  if (!arguments->file.empty()) return RunFile(*arguments);
  if (arguments->seed) {
    return RunOne({*arguments->seed, DrawPlan(*arguments->seed, kSteps)}, arguments->trace);
  }
  if (!arguments->part.empty()) {
    const auto parts = PartsNamed(arguments->part);
    if (!parts) fmt::print(stderr, "there is no broken part {}\n", arguments->part);
    return parts && RunPart(*arguments, *parts) ? 0 : 1;
  }
  return arguments->broken ? RunBroken(*arguments) : RunSeeds(*arguments, argv[0]);
}
