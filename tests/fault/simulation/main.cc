// simulate: the whole system from a seed, many times.
//
//   simulate [--seeds 1000] [--first 1] [--jobs 2] [--progress] [--cover]
//   simulate --seed 17 [--trace]           one world
//   simulate --file seeds/x.txt [--trace]  one that was kept
//   simulate --broken [--seeds 1000]       every broken part has to be found
//
// Exit codes: 0 all promises were kept; 1 one was broken, a fault point was never reached
// (--cover), or a broken part was not found (--broken); 2 usage.
#include <fmt/format.h>

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

struct Arguments {
  ManyOptions many;
  std::optional<std::uint64_t> seed;
  std::string file;
  bool broken = false;
  bool cover = false;
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
    } else if (name == "--trace") {
      arguments.trace = true;
    } else if (name == "--progress") {
      arguments.many.progress = true;
    } else if (++i == count) {
      return std::nullopt;
    } else if (const std::string_view value = words[i]; name == "--file") {
      arguments.file = value;
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

int RunOne(const Replay& replay, bool trace) {
  const Outcome outcome = RunWorld(replay.seed, replay.plan, GoodParts(), trace);
  if (outcome.broken) {
    fmt::print("seed {}: {}\n", replay.seed, *outcome.broken);
    return 1;
  }
  fmt::print("seed {}: kept; {} uploads, {} accepted, {} processes, {} faults planned\n",
             replay.seed, outcome.uploads, outcome.accepted, outcome.processes, replay.plan.size());
  return 0;
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
  return RunOne(*replay, arguments.trace);
}

void ShowBroken(std::uint64_t seed, const char* program) {
  // Before it is run here, where it may end the process.
  fmt::print("\nseed {} broke a promise; again: {} --seed {} --trace\n", seed, program, seed);
  std::fflush(stdout);
  const Plan plan = Shrink(seed, DrawPlan(seed, kSteps), GoodParts());
  const Outcome outcome = RunWorld(seed, plan, GoodParts());
  fmt::print("with the fewest faults: {}\nas a file below seeds/ it is a test:\n{}",
             outcome.broken.value_or("it takes another course each time"),
             PrintReplay({seed, plan}));
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
  bool good = outcome.broken == 0;
  if (outcome.worlds != arguments.many.count) {
    fmt::print("{} worlds did not come to an end\n", arguments.many.count - outcome.worlds);
    good = false;
  }
  for (std::size_t i = 0; arguments.cover && i < kKinds; ++i) {
    fmt::print("  {:26} {}\n", NameOf(static_cast<Kind>(i)), outcome.coverage[i]);
    if (outcome.coverage[i] == 0) good = false;
  }
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (arguments.cover && outcome.coverage[i] == 0) {
      fmt::print("no world reached {}\n", NameOf(static_cast<Kind>(i)));
    }
  }
  if (outcome.first_broken) ShowBroken(*outcome.first_broken, program);
  return good ? 0 : 1;
}

int RunBroken(const Arguments& arguments) {
  bool all_found = true;
  for (const PartsOfWorld& parts : BrokenParts()) {
    ManyOptions options = arguments.many;
    options.until_broken = true;
    const ManyOutcome outcome = RunMany(options, parts);
    if (!outcome.first_broken) {
      fmt::print("{}: NOT FOUND in {} worlds\n", parts.name, outcome.worlds);
      all_found = false;
      continue;
    }
    const std::uint64_t seed = *outcome.first_broken;
    const Outcome again = RunWorld(seed, DrawPlan(seed, kSteps), parts);
    fmt::print("{}: found after {} worlds, seed {}: {:.200}\n", parts.name, outcome.worlds, seed,
               again.broken.value_or("the process ended"));
    std::fflush(stdout);
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
               "usage: {} [--seeds N] [--first N] [--jobs N] [--progress] [--cover] | --seed N "
               "[--trace] | --file FILE [--trace] | --broken [--seeds N]\n",
               argv[0]);
    return 2;
  }
  log::Configure({.instance = {}, .version = {}, .level_min = log::Level::kFatal});
  if (!arguments->file.empty()) return RunFile(*arguments);
  if (arguments->seed) {
    return RunOne({*arguments->seed, DrawPlan(*arguments->seed, kSteps)}, arguments->trace);
  }
  return arguments->broken ? RunBroken(*arguments) : RunSeeds(*arguments, argv[0]);
}
