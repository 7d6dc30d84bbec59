// A store whose rows another program wrote without times, as the columns of the aggregator allow.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/testing/forward_store.h"

namespace insightd::store::testing {

class TimelessStore final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;

  Result<ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                               std::string_view user_id) override {
    auto report = ForwardStore::Report(org_id, cluster, user_id);
    if (!report) return report;
    Forget(report->meta);
    for (ReportHit& hit : report->hits) {
      hit.created.reset();
      hit.impacted_since.reset();
    }
    return report;
  }
  Result<ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) override {
    auto meta = ForwardStore::Meta(org_id, cluster);
    if (meta) Forget(*meta);
    return meta;
  }
  Result<void> Fleet(std::int64_t org_id, std::string_view after,
                     const std::function<bool(const FleetCluster&)>& visit) override {
    return ForwardStore::Fleet(org_id, after, [&visit](const FleetCluster& cluster) {
      FleetCluster timeless = cluster;
      Forget(timeless.meta);
      return visit(timeless);
    });
  }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                std::string_view key) override {
    auto clusters = ForwardStore::ClustersHitBy(org_id, rule, key);
    if (!clusters) return clusters;
    for (HitCluster& cluster : *clusters) {
      cluster.stored.reset();
      cluster.last_checked.reset();
      cluster.impacted_since.reset();
    }
    return clusters;
  }
  Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) override {
    return ForwardStore::RecommendationsOf(org_id, clusters,
                                           [&visit](const ClusterRecommendations& cluster) {
                                             ClusterRecommendations timeless = cluster;
                                             timeless.last_checked.reset();
                                             visit(timeless);
                                           });
  }
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id,
      std::span<const std::string> clusters) override {
    auto recommended = ForwardStore::RecommendedClusters(org_id, rule_id, clusters);
    if (!recommended) return recommended;
    for (RecommendedCluster& cluster : *recommended) {
      cluster.stored.reset();
      cluster.impacted_since.reset();
    }
    return recommended;
  }
  Result<RecommendationPage> RecommendationsOfCluster(
      std::int64_t org_id, std::string_view cluster, const TimeRange& range,
      const std::optional<RecommendationPlace>& only,
      const std::optional<RecommendationPlace>& after, std::size_t recommendations_max) override {
    auto page = ForwardStore::RecommendationsOfCluster(org_id, cluster, range, only, after,
                                                       recommendations_max);
    if (page) Forget(*page);
    return page;
  }
  Result<RecommendationPage> ClustersOfRecommendation(std::int64_t org_id, std::string_view rule,
                                                      std::string_view key, const TimeRange& range,
                                                      std::string_view after_cluster,
                                                      std::size_t clusters_max) override {
    auto page = ForwardStore::ClustersOfRecommendation(org_id, rule, key, range, after_cluster,
                                                       clusters_max);
    if (page) Forget(*page);
    return page;
  }

 private:
  static void Forget(ReportMeta& meta) {
    meta.last_checked.reset();
    meta.reported.reset();
    meta.gathered.reset();
  }
  static void Forget(RecommendationPage& page) {
    for (RecommendationHistory& history : page.recommendations) {
      for (Interval& interval : history.intervals) {
        interval.first_seen.reset();
        interval.last_seen.reset();
      }
    }
  }
};

}  // namespace insightd::store::testing
