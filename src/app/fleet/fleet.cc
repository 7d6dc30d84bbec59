#include "app/fleet/fleet.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "app/fleet/format.h"
#include "app/load_rules.h"
#include "fleet/run.h"

namespace insightd::app {
namespace {

// Turns SIGINT and SIGTERM into a request to stop, as long as it lives.
class StopOnSignal {
 public:
  StopOnSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this](std::stop_token ended) {
      constexpr timespec kLook{0, 50'000'000};
      while (!ended.stop_requested()) {
        if (sigtimedwait(&signals_, nullptr, &kLook) > 0) stop_.request_stop();
      }
    });
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread thread_;
};

fleet::RunOptions OptionsOf(const FleetArguments& arguments) {
  const auto duration = [](double seconds_given) {
    return microseconds(static_cast<std::int64_t>(seconds_given * 1e6));
  };
  fleet::RunOptions options;
  options.target = {.url = arguments.url,
                    .api_url = arguments.api_url,
                    .token = arguments.token,
                    .identity = arguments.identity,
                    .ca_file = arguments.ca_file,
                    .keep_connections = arguments.keep_connections};
  options.seed = arguments.seed;
  options.clusters = arguments.clusters;
  options.cluster.size = arguments.size;
  options.cluster.version = arguments.version;
  options.cluster.platform = arguments.platform;
  options.cluster.defects = arguments.defects;
  options.cluster.random_defects = arguments.random_defects;
  options.interval = duration(arguments.interval_s);
  options.rate_per_s = arguments.rate;
  options.duration = duration(arguments.duration_s);
  options.uploads_max = static_cast<std::uint64_t>(arguments.uploads);
  options.prepare = arguments.prepare;
  options.uploads_at_once_max = static_cast<std::size_t>(arguments.connections);
  options.readable_time_max = duration(arguments.readable_s_max);
  return options;
}

}  // namespace

ExitCode RunFleet(const FleetArguments& arguments, bool as_json) {
  const StopOnSignal signals;
  const auto pack = LoadRules({});
  if (!pack) {
    fmt::print(stderr, "{}", pack.error().text);
    return pack.error().exit;
  }
  const auto generator = fleet::Generator::Create(*pack);
  if (!generator) {
    fmt::print(stderr, "insightd: {}\n", generator.error().message());
    return ExitCode::kInternal;
  }
  if (arguments.list_defects) {
    for (const std::string& name : (*generator)->DefectNames()) fmt::print("{}\n", name);
    for (const std::string& key : (*generator)->RuleDefectNames()) fmt::print("{}\n", key);
    return ExitCode::kGood;
  }

  const bool shows_progress = ::isatty(STDERR_FILENO) == 1;
  fleet::RunEvents events;
  if (shows_progress) {
    events.progress = [](const fleet::Progress& progress) {
      fmt::print(stderr, "\r\x1b[K{} made, {} uploaded, {} readable, {} failed", progress.made,
                 progress.uploads, progress.readable, progress.failed);
    };
  }
  const Result<fleet::RunResult> result =
      fleet::Run(**generator, OptionsOf(arguments), SystemClock(), signals.token(), events);
  if (shows_progress) fmt::print(stderr, "\r\x1b[K");
  if (!result) {
    fmt::print(stderr, "insightd: {}\n", result.error().message());
    return result.error().code() == Code::kInvalid ? ExitCode::kUsage : ExitCode::kInternal;
  }
  if (as_json) {
    fmt::print("{}", FormatFleetJson(*result));
  } else {
    if (arguments.table) fmt::print("{}\n", FormatClusters(*result, SystemClock().Now()));
    fmt::print("{}", FormatSummary(*result));
  }
  return result->good() ? ExitCode::kGood : ExitCode::kFindings;
}

}  // namespace insightd::app
