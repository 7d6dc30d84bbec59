// The pipeline's metrics under the names that dashboards and alerts of the hosted pipeline ask for.
// What that one observes as 0 on failure is not observed here.
//
// Handles only: copied freely, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"

namespace insightd::pipeline {

// By which the hosted pipeline tells archives apart.
enum class ArchiveKind : std::uint8_t { kOcp, kHypershift };

inline constexpr std::string_view kInfrastructureMember = "config/infrastructure.json";
inline constexpr std::string_view kRemoteConfigurationMember =
    "insights-operator/remote-configuration.json";

struct HostedMetrics {
  template <class Handle>
  using ByKind = std::array<Handle, 2>;

  explicit HostedMetrics(metrics::Registry& registry);

  metrics::Counter received;
  metrics::Counter filtered;
  metrics::Histogram downloaded_bytes;
  metrics::Histogram download_seconds;
  ByKind<metrics::Histogram> archive_bytes;
  ByKind<metrics::Counter> extracted;
  ByKind<metrics::Counter> processed;
  ByKind<metrics::Counter> published;
  ByKind<metrics::Counter> failures;
  ByKind<metrics::Histogram> process_seconds;
  ByKind<metrics::Histogram> publish_seconds;

  // The text of kRemoteConfigurationMember. Versions come from outside: of more than
  // kConfigurationsMax different ones the rest counts as "other".
  static constexpr std::size_t kConfigurationsMax = 50;
  void CountConfiguration(std::string_view text, json::Parser& parser) const;

 private:
  struct Configurations;
  std::shared_ptr<Configurations> configurations_;
};

// As histograms take it.
constexpr double Seconds(microseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}
constexpr std::size_t Index(ArchiveKind kind) { return static_cast<std::size_t>(kind); }

}  // namespace insightd::pipeline
