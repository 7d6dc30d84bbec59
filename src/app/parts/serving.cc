#include <vector>

#include "api/aggregator/aggregator.h"
#include "api/public_api.h"
#include "app/admin/letters.h"
#include "app/admin/socket.h"
#include "app/build_info.h"
#include "app/page_assets.h"
#include "app/parts/parts.h"
#include "base/metric_names.h"
#include "base/metric_namespace.h"
#include "http/static.h"
#include "writer/hosted_metrics.h"

namespace insightd::app {
namespace {

// Of two databases the one that has it.
store::Store* StoreWith(const Host& host, store::pg::Storage storage) {
  const bool in_other = host.other_store && host.settings.other_postgres.storages.Has(storage);
  return in_other ? host.other_store.get() : host.store.get();
}

}  // namespace

Started StartPage(Host& host) {
  static const std::vector<http::StaticFile> files = [] {
    std::vector<http::StaticFile> list;
    for (const PageAsset& asset : PageAssets()) {
      list.push_back({asset.path, asset.content_type, asset.bytes, asset.gzip, asset.immutable});
    }
    return list;
  }();
  host.public_router.SetFallback(http::ServeStatic(files, {"/api/"}));
  host.listeners.insert(Listener::kPublic);
  return UntilStopped(nullptr);
}

Started StartApi(Host& host) {
  const api::Build build{std::string(BuildVersion()), std::string(BuildCommit())};
  api::RegisterPublicApi(host.public_router, {*host.store, *host.catalogue, host.identity},
                         host.settings.api, build);
  api::AggregatorOptions options = host.settings.aggregator;
  options.build.version = build.version;
  options.build.commit = build.commit;
  api::RegisterAggregator(host.aggregator_router,
                          {.recommendations = host.store.get(),
                           .workloads = host.store.get(),
                           .clock = &host.clock,
                           .metrics = &host.registry},
                          options);
  host.listeners.insert({Listener::kPublic, Listener::kAggregator});
  return UntilStopped(nullptr);
}

Started StartAggregator(Host& host) {
  // The original has all its metrics in each of its roles, those that the role never counts at 0.
  const std::string& name_space = host.settings.writer.metrics_namespace;
  writer::HostedMetrics(host.registry, name_space);
  host.registry.MakeCounter(metrics::Named(name_space, metrics::kSqlQueries).definition());
  api::RegisterAggregator(host.aggregator_router,
                          {.recommendations = StoreWith(host, store::pg::Storage::kResults),
                           .workloads = StoreWith(host, store::pg::Storage::kWorkloads),
                           .clock = &host.clock,
                           .metrics = &host.registry},
                          host.settings.aggregator);
  host.listeners.insert(Listener::kAggregator);
  return UntilStopped(nullptr);
}

Started StartAdmin(Host& host) {
  auto socket = AdminSocket::Open(host.settings.data_dir, [&host](const std::string& question) {
    return AnswerLetters(question, *host.store,
                         [&host]() -> Result<bus::Bus*> { return host.bus.get(); });
  });
  if (!socket) return Unusable("data_dir", socket.error());
  return UntilStopped(
      [held = std::shared_ptr<AdminSocket>(*std::move(socket))]() mutable { held.reset(); });
}

}  // namespace insightd::app
