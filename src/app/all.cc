#include "app/all.h"

#include <fmt/core.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "app/build_info.h"
#include "app/host.h"
#include "app/roles.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");
// Requests under way get so long to end.
constexpr milliseconds kServerStopLimit{10'000};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// In a terminal it says that the terminal is gone, which ends the process; else it asks for the
// rules to be loaded again.
bool HangupIsARequest() { return ::isatty(STDIN_FILENO) == 0; }

sigset_t HeldSignals() {
  sigset_t signals = StopSignals();
  if (HangupIsARequest()) sigaddset(&signals, SIGHUP);
  return signals;
}

std::string InstanceName() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return fmt::format("{}/{}", name.data(), ::getpid());
}

// Counts answers by listener and class of status. Handles are made once.
class HttpMetrics {
 public:
  explicit HttpMetrics(metrics::Registry& registry) {
    for (const std::string_view listener : kListeners) {
      ByListener& series = series_[series_used_++];
      series.listener = listener;
      for (int status_class = 1; status_class <= 5; ++status_class) {
        series.requests[static_cast<std::size_t>(status_class)] = registry.MakeCounter(
            metrics::kHttpRequests,
            {{"listener", std::string(listener)}, {"status", fmt::format("{}xx", status_class)}});
      }
      series.seconds =
          registry.MakeHistogram(metrics::kHttpSeconds, {{"listener", std::string(listener)}});
    }
  }

  void Note(const http::Exchange& exchange) const {
    for (const ByListener& series : series_) {
      if (series.listener != exchange.listener) continue;
      series.requests[static_cast<std::size_t>(exchange.status / 100) % 6].Add();
      series.seconds.Observe(static_cast<double>(exchange.duration.count()) / 1e6);
    }
  }

  static constexpr std::array<std::string_view, 3> kListeners = {
      "http.address", "http.metrics_address", "http.aggregator_address"};

 private:
  struct ByListener {
    std::string_view listener;
    std::array<metrics::Counter, 6> requests;
    metrics::Histogram seconds;
  };
  std::array<ByListener, kListeners.size()> series_;
  std::size_t series_used_ = 0;
};

tl::expected<std::unique_ptr<http::Server>, StartFailure> StartServer(Host& host,
                                                                      const HttpMetrics& seen) {
  const http::HttpSettings& settings = host.settings.http;
  const Result<std::shared_ptr<http::TlsContext>> tls = settings.Tls();
  if (!tls) return tl::unexpected(StartFailure{ExitCode::kUsage, tls.error().message()});
  std::unique_ptr<http::Server> server =
      http::Server::Create(settings.ServerOptionsFrom(),
                           [&seen](const http::Exchange& exchange) { seen.Note(exchange); });
  const std::array<http::ListenerOptions, 3> listeners = {{
      {.setting = std::string(HttpMetrics::kListeners[0]),
       .address = settings.address,
       .router = &host.public_router,
       .tls = *tls,
       .connections_max = settings.connections_max},
      {.setting = std::string(HttpMetrics::kListeners[1]),
       .address = settings.metrics_address,
       .router = &host.metrics_router,
       .tls = nullptr},
      {.setting = std::string(HttpMetrics::kListeners[2]),
       .address = settings.aggregator_address,
       .router = &host.aggregator_router,
       .tls = nullptr},
  }};
  for (const http::ListenerOptions& listener : listeners) {
    const Result<std::uint16_t> port = server->Listen(listener);
    if (!port) {
      const bool misspelt = port.error().code() == Code::kInvalid;
      return tl::unexpected(
          StartFailure{misspelt ? ExitCode::kUsage : ExitCode::kUnusable, port.error().message()});
    }
    kLog.Info("", "listening",
              {{"setting", listener.setting}, {"address", listener.address}, {"port", *port}});
  }
  server->Run();
  return server;
}

// Gives the system back what a burst has left in the heap, now and then.
void AwaitStop(const std::function<void()>& reload_rules) {
  constexpr timespec kTrimInterval{10, 0};
  const sigset_t signals = HeldSignals();
  int signal = SIGHUP;
  while (signal < 0 || signal == SIGHUP) {
    signal = sigtimedwait(&signals, nullptr, &kTrimInterval);
    if (signal < 0) malloc_trim(0);
    if (signal == SIGHUP && reload_rules) reload_rules();
  }
  kLog.Info(log::event::kProcessStopping, "stopping", {{"signal", strsignal(signal)}});
  // Whoever asks twice does not want to wait.
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

ExitCode GiveUp(const StartFailure& failure) {
  fmt::print(stderr, "insightd: {}{}", failure.message,
             failure.message.ends_with('\n') ? "" : "\n");
  return failure.exit;
}

// From here on no thread gets the signals but the one that waits for them.
void HoldSignals() {
  const sigset_t signals = HeldSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

ExitCode RunRole(std::string_view name, const std::string& config) {
  HoldSignals();
  // What one thread gives back another can use: 20 MiB less with large archives, at no cost, since
  // archives and rules have their memory from elsewhere.
  mallopt(M_ARENA_MAX, 1);
  const Clock& clock = SystemClock();
  const microseconds begun = clock.Steady();
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;

  log::Options options{.instance = InstanceName(), .version = std::string(BuildVersion())};
  log::ParseLevel(settings.log.level, options.level_min);
  log::Configure(std::move(options));

  Host host(settings, clock, SystemRandom());
  const HttpMetrics http_metrics(host.registry);
  std::vector<std::unique_ptr<Running>> running;  // stopped from the back
  const auto stop_all = [&running] {
    while (!running.empty()) running.pop_back();
  };
  for (const RoleRow* row : StartOrder(Roles(), name)) {
    if (row->start == nullptr) continue;
    auto started = row->start(host);
    if (!started) {
      stop_all();
      return GiveUp(started.error());
    }
    running.push_back(*std::move(started));
  }
  auto server = StartServer(host, http_metrics);
  if (!server) {
    stop_all();
    return GiveUp(server.error());
  }
  host.registry.OnText([&server, open = host.registry.MakeGauge(metrics::kHttpConnections)] {
    open.Set(static_cast<double>((*server)->connections()));
  });
  kLog.Info(log::event::kProcessStarted, "ready",
            {{"role", name},
             {"data_dir", settings.data_dir},
             {"duration_ms", static_cast<double>((clock.Steady() - begun).count()) / 1e3}});

  AwaitStop(host.reload_rules);
  (*server)->Stop(kServerStopLimit);
  stop_all();
  server->reset();
  if (const std::optional<StartFailure> failure = host.failure()) return GiveUp(*failure);
  return ExitCode::kGood;
}

}  // namespace insightd::app
