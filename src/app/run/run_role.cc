#include "app/run/run_role.h"

#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "app/build_info.h"
#include "app/check_settings.h"
#include "app/health/liveness.h"
#include "app/health/service_manager.h"
#include "app/health/standby.h"
#include "app/host.h"
#include "app/parts/topics.h"
#include "app/roles.h"
#include "app/run/listeners.h"
#include "app/run/signals.h"
#include "app/run/start.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");
// Requests under way get so long to end.
constexpr milliseconds kServerStopLimit{20'000};
// Between two looks at what is to be done beside the roles.
constexpr milliseconds kTendInterval{5'000};

std::string InstanceName() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return fmt::format("{}/{}", name.data(), ::getpid());
}

void TellOnStandardError(const StartFailure& failure) {
  fmt::print(stderr, "insightd: {}{}", failure.message,
             failure.message.ends_with('\n') ? "" : "\n");
}

// One process of one role, from its settings to its end.
class Process {
 public:
  Process(std::string_view role, const Settings& settings, OnFailure on_failure)
      : role_(role),
        settings_(settings),
        on_failure_(std::move(on_failure)),
        host_(role, settings, clock_, SystemRandom()) {
    host_.request_stop = [this] { signals_.Stop(); };
  }

  ExitCode Run() {
    const microseconds begun = clock_.Steady();
    ExitCode exit = ExitCode::kGood;
    if (const std::optional<StartFailure> failure = Start(); failure) {
      exit = GiveUp(*failure);
    } else if (!signals_.stop_requested()) {
      host_.health.SetPhase(Health::Phase::kServing);
      kLog.Info(log::event::kProcessStarted, "ready",
                {{"role", role_},
                 {"data_dir", host_.form == Form::kEmbedded ? settings_.data_dir : std::string()},
                 {"duration_ms", static_cast<double>((clock_.Steady() - begun).count()) / 1e3}});
      manager_.Ready(StatusText());
      Tend();
    }
    host_.health.SetPhase(Health::Phase::kStopping);
    if (listeners_ != nullptr) listeners_->Stop(kServerStopLimit);
    while (!running_.empty()) running_.pop_back();  // from the back
    listeners_.reset();
    if (const std::optional<StartFailure> failure = host_.failure()) return GiveUp(*failure);
    return exit;
  }

 private:
  ExitCode GiveUp(const StartFailure& failure) const {
    on_failure_(failure);
    return failure.exit;
  }

  std::optional<StartFailure> Start() {
    // A data folder or a port of this machine does not come by waiting.
    const seconds limit(host_.form == Form::kEmbedded ? 0 : settings_.start_wait_s);
    const StartWait wait{.limit = limit, .pause = [this](milliseconds pause) {
                           manager_.Status(StatusText());
                           return signals_.Await(pause) != Signals::Woken::kStop;
                         }};
    if (auto failure = StartRows(host_, StartOrder(Roles(host_.form), role_), wait, running_)) {
      return failure;
    }
    if (signals_.stop_requested() || host_.listeners.empty()) return std::nullopt;
    const std::vector<Listener> which(host_.listeners.begin(), host_.listeners.end());
    auto opened = Listeners::Open(host_, which, settings_.http.threads);
    if (!opened) return opened.error();
    listeners_ = *std::move(opened);
    host_.registry.OnText(
        [open = host_.registry.MakeGauge(metrics::kHttpConnections), listeners = listeners_.get()] {
          open.Set(static_cast<double>(listeners->connections()));
        });
    return std::nullopt;
  }

  std::string StatusText() const {
    std::string text = HealthSummary(host_.health.Look());
    if (const std::int64_t lag = host_.lag_records; lag >= 0) text += fmt::format("; lag {}", lag);
    return text;
  }

  // Until somebody asks to stop.
  void Tend() {
    milliseconds interval = kTendInterval;
    if (const auto alive = manager_.watchdog_interval()) {
      interval = std::min(interval, std::chrono::duration_cast<milliseconds>(*alive));
    }
    std::string told;
    const bool shares = host_.form == Form::kDistributed;
    Standby standby(shares ? SharedTopic(settings_, role_) : "", settings_.pipeline.group);
    while (true) {
      watchdog_.Tell();
      standby.Look(host_.lag_records < 0 && host_.health.Look().ready(), clock_.Steady());
      if (std::string status = StatusText(); status != told) {
        manager_.Status(status);
        told = std::move(status);
      }
      const Signals::Woken woken = signals_.Await(interval);
      if (woken == Signals::Woken::kStop) return;
      if (woken == Signals::Woken::kReload && host_.reload_rules) host_.reload_rules();
      // Gives the system back what a burst has left in the heap.
      if (woken == Signals::Woken::kTimeout) ::malloc_trim(0);
    }
  }

  const std::string_view role_;
  const Settings& settings_;
  const OnFailure on_failure_;
  const Clock& clock_ = SystemClock();
  const ServiceManager manager_ = ServiceManager::FromEnvironment();
  Host host_;
  Watchdog watchdog_{manager_, host_.pulse};
  // Gone before the host, which it tells.
  Signals signals_{[this] {
    host_.health.SetPhase(Health::Phase::kStopping);
    host_.stopping.request_stop();
    manager_.Stopping();
  }};
  std::unique_ptr<Listeners> listeners_;
  std::vector<std::unique_ptr<Running>> running_;
};

// With one, what a thread gives back another can use: 20 MiB less with large archives, at no cost,
// since archives and rules have their memory from elsewhere. But threads that write many answers at
// once would wait for each other: lists take half of the time with more.
int ArenasOf(std::string_view role) {
  if (role == "api" || role == kAggregatorApi) return 4;
  return role == "all" || role == kAggregatorWriter ? 2 : 1;
}

}  // namespace

ExitCode RunRole(std::string_view name, const Settings& settings, OnFailure on_failure) {
  if (!on_failure) on_failure = TellOnStandardError;
  mallopt(M_ARENA_MAX, ArenasOf(name));
  if (const std::optional<StartFailure> mistake = CheckForm(settings, name)) {
    on_failure(*mistake);
    return mistake->exit;
  }
  return Process(RowFor(settings, name), settings, std::move(on_failure)).Run();
}

ExitCode RunRole(std::string_view name, const std::string& config) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;

  log::Options options{.instance = InstanceName(), .version = std::string(BuildVersion())};
  log::ParseLevel(settings.log.level, options.level_min);
  log::Configure(std::move(options));
  return RunRole(name, settings);
}

}  // namespace insightd::app
