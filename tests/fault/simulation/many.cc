#include "many.h"

#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/result.h"

namespace insightd::simulation {
namespace {

// Every so many worlds one is run twice: it has to take the same course.
constexpr std::uint64_t kSeedsARepeat = 50;
constexpr std::uint64_t kSeedsAProgress = 1'000;
constexpr int kBytesKept = 256 << 20;

// What there is room for in what a process tells.
constexpr std::size_t kPointsMax = 768;

// What a process tells before and after each world; small enough to be written whole.
struct Told {
  pid_t process = 0;
  bool ended = false;
  std::uint64_t seed = 0;
  bool broken = false;
  std::array<std::uint32_t, kPointsMax> coverage{};
  std::uint64_t uploads = 0;
  std::uint64_t accepted = 0;
  std::uint64_t processes = 0;
  std::uint64_t refused = 0;
  std::uint64_t newest_gone = 0;
  std::uint64_t unknown_gone = 0;
};
static_assert(sizeof(Told) <= 4096);

bool IsSame(const Outcome& a, const Outcome& b) {
  return a.broken == b.broken && a.coverage == b.coverage && a.uploads == b.uploads &&
         a.accepted == b.accepted && a.processes == b.processes;
}

void RunShare(const ManyOptions& options, const PartsOfWorld& parts, unsigned share, int to) {
  // What a world gives back is for the next one, instead of new pages each time.
  mallopt(M_TRIM_THRESHOLD, kBytesKept);
  mallopt(M_MMAP_THRESHOLD, kBytesKept);
  Told told{.process = getpid()};
  for (std::uint64_t i = share; i < options.count; i += options.jobs) {
    told.seed = options.first + i;
    told.ended = false;
    if (write(to, &told, sizeof(told)) != sizeof(told)) return;
    const Plan plan = DrawPlan(told.seed, kSteps);
    const Outcome outcome = RunWorld(told.seed, plan, parts);
    told.broken = outcome.broken.has_value();
    if (!told.broken && told.seed % kSeedsARepeat == 0) {
      told.broken = !IsSame(outcome, RunWorld(told.seed, plan, parts));
    }
    std::copy(outcome.coverage.begin(), outcome.coverage.end(), told.coverage.begin());
    told.uploads = outcome.uploads;
    told.accepted = outcome.accepted;
    told.processes = outcome.processes;
    told.refused = outcome.refused;
    told.newest_gone = outcome.newest_gone;
    told.unknown_gone = outcome.unknown_gone;
    told.ended = true;
    if (write(to, &told, sizeof(told)) != sizeof(told)) return;
    if (told.broken && options.until_broken) return;
  }
}

void Add(ManyOutcome& sum, const Told& told) {
  ++sum.worlds;
  for (std::size_t i = 0; i < sum.coverage.size(); ++i) sum.coverage[i] += told.coverage[i];
  sum.uploads += told.uploads;
  sum.accepted += told.accepted;
  sum.processes += told.processes;
  sum.refused += told.refused;
  sum.newest_gone += told.newest_gone;
  sum.unknown_gone += told.unknown_gone;
}

void AddBroken(ManyOutcome& sum, std::uint64_t seed) {
  ++sum.broken;
  sum.first_broken = std::min(seed, sum.first_broken.value_or(seed));
}

}  // namespace

ManyOutcome RunMany(const ManyOptions& options, const PartsOfWorld& parts) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  INSIGHTD_ASSERT(pipe(ends) == 0);
  INSIGHTD_ASSERT(AllPoints().size() <= kPointsMax);
  std::vector<pid_t> children;
  for (unsigned share = 0; share < options.jobs; ++share) {
    const pid_t child = fork();
    INSIGHTD_ASSERT(child >= 0);
    if (child == 0) {
      close(ends[0]);
      RunShare(options, parts, share, ends[1]);
      _exit(0);
    }
    children.push_back(child);
  }
  close(ends[1]);
  ManyOutcome sum;
  sum.coverage.resize(AllPoints().size());
  std::map<pid_t, std::uint64_t> under_way;
  Told told;
  while (read(ends[0], &told, sizeof(told)) == sizeof(told)) {
    if (!told.ended) {
      under_way[told.process] = told.seed;
      continue;
    }
    under_way.erase(told.process);
    Add(sum, told);
    if (told.broken) {
      AddBroken(sum, told.seed);
      if (options.until_broken) break;
    }
    if (options.progress && sum.worlds % kSeedsAProgress == 0) {
      fmt::print(stderr, "{} of {} worlds, {} broke a promise{}\n", sum.worlds, options.count,
                 sum.broken,
                 sum.first_broken ? fmt::format(", the first is {}", *sum.first_broken) : "");
    }
  }
  close(ends[0]);
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    // One that ended by itself did so in the world that it had begun.
    if (WIFSIGNALED(status)) {
      ++sum.worlds;
      AddBroken(sum, under_way[child]);
    }
  }
  return sum;
}

}  // namespace insightd::simulation
