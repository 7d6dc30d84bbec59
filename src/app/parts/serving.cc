#include <fmt/core.h>

#include <vector>

#include "api/aggregator_api.h"
#include "api/public_api.h"
#include "app/admin/letters.h"
#include "app/admin/socket.h"
#include "app/build_info.h"
#include "app/page_assets.h"
#include "app/parts/parts.h"
#include "base/metric_names.h"
#include "http/static.h"

namespace insightd::app {
namespace {

http::Response Readiness(Host& host) {
  struct Check {
    std::string_view name;
    Result<void> outcome;
  };
  const Check checks[] = {
      {"bus", host.bus->Check()}, {"blob", host.blobs->Check()}, {"store", host.store->Check()}};
  std::string text;
  bool ready = true;
  for (const Check& check : checks) {
    ready = ready && check.outcome;
    text +=
        fmt::format("{}: {}\n", check.name, check.outcome ? "ok" : check.outcome.error().message());
  }
  return http::TextResponse(ready ? 200 : 503, std::move(text));
}

}  // namespace

Started StartIdentity(Host& host) {
  auto identity = http::IdentityGate::Make(host.settings.identity);
  if (!identity) {
    return tl::unexpected(StartFailure{ExitCode::kUsage, identity.error().message()});
  }
  host.identity = *std::move(identity);
  return UntilStopped(nullptr);
}

Started StartHealth(Host& host) {
  host.registry
      .MakeGauge(metrics::kBuildInfo,
                 {{"version", std::string(BuildVersion())}, {"commit", std::string(BuildCommit())}})
      .Set(1);
  host.registry.OnText([&host, held = host.registry.MakeGauge(metrics::kBlobBytes)] {
    if (host.blobs != nullptr) held.Set(static_cast<double>(host.blobs->BytesHeld()));
  });
  host.registry.OnText([&host, kept = host.registry.MakeGauge(metrics::kDeadLettersKept)] {
    if (host.store == nullptr) return;
    if (const auto count = host.store->CountDeadLetters()) kept.Set(static_cast<double>(*count));
  });
  http::Router& router = host.metrics_router;
  router.Add(http::Method::kGet, "/livez",
             [](const http::Request&) { return http::TextResponse(200, "ok\n"); });
  router.Add(http::Method::kGet, "/readyz",
             [&host](const http::Request&) { return Readiness(host); });
  router.Add(http::Method::kGet, "/metrics", [&host](const http::Request&) {
    http::Response response;
    response.body = host.registry.Text();
    return std::move(response).With("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  });
  return UntilStopped(nullptr);
}

Started StartPage(Host& host) {
  static const std::vector<http::StaticFile> files = [] {
    std::vector<http::StaticFile> list;
    for (const PageAsset& asset : PageAssets()) {
      list.push_back({asset.path, asset.content_type, asset.bytes, asset.gzip, asset.immutable});
    }
    return list;
  }();
  host.public_router.SetFallback(http::ServeStatic(files, {"/api/"}));
  return UntilStopped(nullptr);
}

Started StartApi(Host& host) {
  const api::Build build{std::string(BuildVersion()), std::string(BuildCommit())};
  api::RegisterPublicApi(host.public_router, {*host.store, *host.catalogue, host.identity},
                         host.settings.api, build);
  api::RegisterAggregatorApi(host.aggregator_router, *host.store, host.clock, host.settings.api,
                             build);
  return UntilStopped(nullptr);
}

Started StartAdmin(Host& host) {
  auto socket = AdminSocket::Open(host.settings.data_dir, [&host](const std::string& question) {
    return AnswerLetters(question, *host.store, *host.bus);
  });
  if (!socket) return Unusable("data_dir", socket.error());
  return UntilStopped(
      [held = std::shared_ptr<AdminSocket>(*std::move(socket))]() mutable { held.reset(); });
}

}  // namespace insightd::app
