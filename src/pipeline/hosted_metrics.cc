#include "pipeline/hosted_metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/metric_names.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");
constexpr std::size_t kVersionBytesMax = 64;

HostedMetrics::ByKind<metrics::Counter> Counters(metrics::Registry& registry,
                                                 const metrics::Definition& definition) {
  return {registry.MakeCounter(definition, {{"archive", "ocp"}}),
          registry.MakeCounter(definition, {{"archive", "hypershift"}})};
}

HostedMetrics::ByKind<metrics::Histogram> Histograms(metrics::Registry& registry,
                                                     const metrics::Definition& definition) {
  return {registry.MakeHistogram(definition, {{"archive", "ocp"}}),
          registry.MakeHistogram(definition, {{"archive", "hypershift"}})};
}

}  // namespace

struct HostedMetrics::Configurations {
  explicit Configurations(metrics::Registry& of) : registry(of) {}
  metrics::Registry& registry;
  std::mutex mutex;
  std::map<std::string, metrics::Counter, std::less<>> by_version;
};

HostedMetrics::HostedMetrics(metrics::Registry& registry)
    : received(registry.MakeCounter(metrics::kCcxReceived)),
      filtered(registry.MakeCounter(metrics::kCcxFiltered)),
      downloaded_bytes(registry.MakeHistogram(metrics::kCcxDownloaded)),
      download_seconds(registry.MakeHistogram(metrics::kCcxDownloadSeconds)),
      archive_bytes(Histograms(registry, metrics::kCcxArchiveSize)),
      extracted(Counters(registry, metrics::kCcxExtracted)),
      processed(Counters(registry, metrics::kCcxProcessed)),
      published(Counters(registry, metrics::kCcxPublished)),
      failures(Counters(registry, metrics::kCcxFailures)),
      process_seconds(Histograms(registry, metrics::kCcxProcessSeconds)),
      publish_seconds(Histograms(registry, metrics::kCcxPublishSeconds)),
      configurations_(std::make_shared<Configurations>(registry)) {
  // Asked for, and nothing that could happen here.
  registry.MakeCounter(metrics::kCcxNotHandled);
  Counters(registry, metrics::kCcxTimeouts);
  registry.MakeGauge(metrics::kCcxBrokerInstances);
  registry.MakeGauge(metrics::kCcxBrokerExceptions);
  registry.MakeGauge(metrics::kCcxBrokerTracebacks);
}

void HostedMetrics::CountConfiguration(std::string_view text, json::Parser& parser) const {
  const Result<json::Document> document = parser.Parse(text);
  if (!document || !document->root().is_object()) {
    kLog.Debug("", "the remote configuration of an archive is no JSON object");
    return;
  }
  std::string version(document->root()["version"].StringOr("None"));
  const bool is_plain =
      std::all_of(version.begin(), version.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (version.size() > kVersionBytesMax || !is_plain) version = "other";
  const std::lock_guard lock(configurations_->mutex);
  auto& by_version = configurations_->by_version;
  if (by_version.size() >= kConfigurationsMax && !by_version.contains(version)) version = "other";
  const auto [at, is_new] = by_version.try_emplace(version);
  if (is_new) {
    at->second = configurations_->registry.MakeCounter(metrics::kRemoteConfiguration,
                                                       {{"version", version}});
  }
  at->second.Add();
}

}  // namespace insightd::pipeline
