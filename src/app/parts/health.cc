#include "app/build_info.h"
#include "app/health/liveness.h"
#include "app/health/process_metrics.h"
#include "app/parts/parts.h"
#include "app/run/listeners.h"
#include "base/metric_names.h"
#include "http/metrics_response.h"

namespace insightd::app {
namespace {

http::Response Readiness(const http::Request& request, const Health& health) {
  const Health::View view = health.Look();
  const int status = view.ready() ? 200 : 503;
  if (request.Header("Accept").find("application/json") != std::string_view::npos) {
    return http::JsonResponse(status, HealthJson(view));
  }
  return http::TextResponse(status, HealthText(view));
}

// One scrape at a time and a probe beside it.
constexpr int kThreads = 2;

}  // namespace

Started StartHealth(Host& host) {
  host.registry
      .MakeGauge(metrics::kBuildInfo,
                 {{"version", std::string(BuildVersion())}, {"commit", std::string(BuildCommit())}})
      .Set(1);
  AddProcessMetrics(host.registry);
  http::Router& router = host.metrics_router;
  router.Add(http::Method::kGet, "/livez",
             [&host](const http::Request&) { return Liveness(host.pulse); });
  router.Add(http::Method::kGet, "/readyz",
             [&host](const http::Request& request) { return Readiness(request, host.health); });
  const auto metrics = [&host](const http::Request& request) {
    return http::MetricsResponse(request, host.registry.Text());
  };
  router.Add(http::Method::kGet, "/metrics", metrics);
  if (host.settings.http.metrics_at_any_path) router.SetFallback(metrics);
  // A process that stands in for another one has no listener that the other has not.
  if (host.settings.http.metrics_address.empty()) return UntilStopped(nullptr);
  constexpr Listener kWhich[] = {Listener::kMetrics};
  auto opened = Listeners::Open(host, kWhich, kThreads);
  if (!opened) return tl::unexpected(opened.error());
  return UntilStopped(
      [held = std::shared_ptr<Listeners>(*std::move(opened))]() mutable { held.reset(); });
}

}  // namespace insightd::app
