// What is asked of many clusters at once, or of one hit: reads of the original aggregator.
//
// A part of the store (store.h). Clusters are texts that are compared as they are given; one that
// no row has is simply not in the answer. Each call sees one state of the database and makes a
// bounded number of round trips, whatever the number of clusters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::store {

// One hit with what is said about it; `details` as in ReportHit.
struct SingleHit {
  std::string details = {};
  // Of the toggle of this cluster and component that changed last, whatever its key and
  // organisation.
  bool has_toggle = false;
  bool disabled = false;
  std::optional<Time> disabled_at = {};
  // What the given user said about this component on this cluster last.
  std::int32_t user_vote = 0;  // -1, 0, 1
  std::string disable_feedback = {};
};

// Views are valid during the visit.
struct ReportOfCluster {
  std::string_view cluster = {};
  std::int64_t org_id = 0;
  std::string_view report = {};  // the stored `Report` object, JSON text
};

struct ClusterRecommendations {
  std::string_view cluster = {};
  // Else there is none in this organisation, only hits that one has left behind.
  bool has_result = false;
  std::optional<Time> last_checked = {};            // unknown in some rows that others wrote
  std::string_view version = {};                    // empty: unknown
  std::span<const std::string_view> rule_ids = {};  // rule without `.report`, `|`, key; ascending
};

struct RecommendedCluster {
  std::string cluster = {};
  std::optional<Time> stored = {};  // unknown in some rows that others wrote
  std::optional<Time> impacted_since = {};
  std::string version = {};  // empty: unknown
};

class Lookups {
 public:
  virtual ~Lookups() = default;

  // kNotFound without that hit.
  virtual Result<SingleHit> FindHit(std::int64_t org_id, std::string_view cluster,
                                    std::string_view component, std::string_view key,
                                    std::string_view user_id) = 0;
  // Whether there is a result of the cluster, in whatever organisation, is OrganizationOf of the
  // store. These are the organisations that the clusters have, each once, in ascending order.
  virtual Result<std::vector<std::int64_t>> OrganizationsOf(
      std::span<const std::string> clusters) = 0;
  // Each cluster that is there once, in any order.
  virtual Result<void> ReportsOf(std::span<const std::string> clusters,
                                 const std::function<void(const ReportOfCluster&)>& visit) = 0;
  // Clusters that have a result or a hit in the organisation, in ascending order.
  virtual Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) = 0;
  // The hits of these alone, in ascending order of clusters. Views are valid during the visit.
  virtual Result<void> HitsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(std::string_view cluster, std::string_view rule_id)>& visit) {
    return RecommendationsOf(org_id, clusters, [&visit](const ClusterRecommendations& one) {
      for (const std::string_view rule_id : one.rule_ids) visit(one.cluster, rule_id);
    });
  }
  // Of the organisation, hit by `rule_id` (rule without `.report`, `|`, key), in ascending order;
  // of `clusters` only, where there are any.
  virtual Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id, std::span<const std::string> clusters) = 0;

  // Organisations with a result, in ascending order.
  virtual Result<std::vector<std::int64_t>> Organizations() = 0;
  // Their results go, and the votes on them; all other rows of the aggregator stay. How many there
  // were.
  virtual Result<std::size_t> RemoveResultsOfOrganization(std::int64_t org_id) = 0;
  virtual Result<std::size_t> RemoveResultOfCluster(std::string_view cluster) = 0;
};

}  // namespace insightd::store
