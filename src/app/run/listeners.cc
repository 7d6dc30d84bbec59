#include "app/run/listeners.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/run/inherited_sockets.h"
#include "base/log.h"
#include "base/metric_names.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

// Their contexts, null where there is no certificate.
struct Tls {
  std::shared_ptr<http::TlsContext> of_public;
  std::shared_ptr<http::TlsContext> of_aggregator;
};

Result<Tls> TlsOf(const http::HttpSettings& settings) {
  auto of_public = settings.Tls();
  if (!of_public) return Fail(std::move(of_public).error());
  auto of_aggregator = settings.AggregatorTls();
  if (!of_aggregator) return Fail(std::move(of_aggregator).error());
  return Tls{*std::move(of_public), *std::move(of_aggregator)};
}

// The sockets that systemd has handed over, by the names that our socket units give them.
int Inherited(std::string_view name) {
  static const InheritedSockets sockets = InheritedSockets::FromEnvironment();
  return sockets.Find(name);
}

http::ListenerOptions OptionsOf(Host& host, Listener which, const Tls& tls) {
  const http::HttpSettings& settings = host.settings.http;
  switch (which) {
    case Listener::kPublic:
      return {.setting = "http.address",
              .address = settings.address,
              .inherited = Inherited("public"),
              .router = &host.public_router,
              .tls = tls.of_public,
              .connections_max = settings.connections_max,
              .requests_max = settings.requests_max};
    case Listener::kMetrics:
      return {.setting = "http.metrics_address",
              .address = settings.metrics_address,
              .inherited = Inherited("metrics"),
              .router = &host.metrics_router,
              .tls = nullptr};
    case Listener::kAggregator:
      return {.setting = "http.aggregator_address",
              .address = settings.aggregator_address,
              .inherited = Inherited("aggregator"),
              .router = &host.aggregator_router,
              .tls = tls.of_aggregator,
              .connections_max = settings.connections_max,
              .requests_max = settings.requests_max};
  }
  __builtin_unreachable();
}

}  // namespace

// Counts answers by listener and class of status. Handles are made once.
struct Listeners::Seen {
  struct ByListener {
    std::string listener;
    std::array<metrics::Counter, 6> requests;
    metrics::Histogram seconds;
  };
  std::vector<ByListener> series;
  bool logs_requests = false;

  void Add(metrics::Registry& registry, const std::string& listener) {
    ByListener& added = series.emplace_back();
    added.listener = listener;
    for (std::size_t status_class = 1; status_class <= 5; ++status_class) {
      added.requests[status_class] = registry.MakeCounter(
          metrics::kHttpRequests,
          {{"listener", listener}, {"status", fmt::format("{}xx", status_class)}});
    }
    added.seconds = registry.MakeHistogram(metrics::kHttpSeconds, {{"listener", listener}});
  }

  void Note(const http::Exchange& exchange) const {
    if (logs_requests && !exchange.route.empty() && exchange.request != nullptr) {
      kLog.Info("", fmt::format("Request received - URI: {}, Method: {}", exchange.request->target,
                                http::MethodName(exchange.request->method)));
    }
    for (const ByListener& by : series) {
      if (by.listener != exchange.listener) continue;
      by.requests[static_cast<std::size_t>(exchange.status / 100) % 6].Add();
      by.seconds.Observe(static_cast<double>(exchange.duration.count()) / 1e6);
    }
  }
};

Listeners::Listeners(Host& host, std::span<const Listener> which, int threads)
    : seen_(std::make_unique<Seen>()) {
  seen_->logs_requests = host.settings.logs_requests;
  for (const Listener listener : which) {
    seen_->Add(host.registry, OptionsOf(host, listener, {}).setting);
  }
  http::ServerOptions options = host.settings.http.ServerOptionsFrom();
  options.threads = threads;
  // Figures and probes wait for nothing.
  const bool any_waits = std::any_of(which.begin(), which.end(),
                                     [](Listener one) { return one != Listener::kMetrics; });
  if (!any_waits) options.waiting_threads = 0;
  server_ = http::Server::Create(
      options, [seen = seen_.get()](const http::Exchange& exchange) { seen->Note(exchange); });
}

Listeners::~Listeners() = default;

tl::expected<std::unique_ptr<Listeners>, StartFailure> Listeners::Open(
    Host& host, std::span<const Listener> which, int threads) {
  const Result<Tls> tls = TlsOf(host.settings.http);
  if (!tls) return tl::unexpected(StartFailure{ExitCode::kUsage, tls.error().message()});
  std::unique_ptr<Listeners> opened(new Listeners(host, which, threads));
  for (const Listener listener : which) {
    const http::ListenerOptions options = OptionsOf(host, listener, *tls);
    const Result<std::uint16_t> port = opened->server_->Listen(options);
    if (!port) {
      const bool misspelt = port.error().code() == Code::kInvalid;
      return tl::unexpected(
          StartFailure{misspelt ? ExitCode::kUsage : ExitCode::kUnusable, port.error().message()});
    }
    kLog.Info("", "listening",
              {{"setting", options.setting},
               {"address", options.inherited >= 0 ? "handed over" : options.address},
               {"port", *port}});
  }
  opened->server_->Run();
  return opened;
}

void Listeners::Stop(milliseconds limit) { server_->Stop(limit); }

std::size_t Listeners::connections() const { return server_->connections(); }

}  // namespace insightd::app
