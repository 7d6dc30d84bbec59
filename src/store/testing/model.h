// The store as it would be if it were nothing but maps in memory: what its answers are compared
// with. Written from the contract and the behaviour of the aggregator, without an eye on speed; one
// thread.
//
// Reads that are answered by a visitor are answered by values here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace insightd::store::testing {

class Model final : public Feedback, public Lookups {
 public:
  explicit Model(const Clock& clock) : clock_(clock) {}

  std::vector<PutOutcome> Put(std::span<const ClusterResult> results);
  Result<UploadEnd> EndOf(const std::string& request_id) const;

  Result<ClusterReport> Report(std::int64_t org_id, const std::string& cluster,
                               const std::string& user_id) const;
  Result<std::string> ReportText(std::int64_t org_id, const std::string& cluster) const;
  Result<std::int64_t> OrganizationOf(const std::string& cluster) const;
  std::vector<std::string> ClustersSince(std::int64_t org_id, Time since) const;
  struct FleetEntry {
    ReportMeta meta;
    std::vector<std::tuple<std::string, std::string, bool>> hits;  // rule, key, disabled
  };
  std::vector<FleetEntry> Fleet(std::int64_t org_id) const;
  std::vector<RuleCount> RuleCounts(std::int64_t org_id) const;
  std::vector<HitCluster> ClustersHitBy(std::int64_t org_id, const std::string& rule,
                                        const std::string& key) const;
  // Archives that nobody needs.
  std::vector<std::string> Released() const;

  Result<void> PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                       std::int32_t vote, std::string_view message) override;
  Result<std::int32_t> FindVote(const HitName& hit, std::string_view user_id) override;
  Result<void> PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) override;
  Result<std::vector<Toggle>> Toggles(std::int64_t org_id) override;
  Result<std::vector<Toggle>> TogglesOn(std::int64_t org_id,
                                        std::span<const std::string> clusters) override;
  Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t org_id,
                                                        std::string_view component,
                                                        std::string_view key) override;
  Result<void> PutDisableFeedback(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                                  std::string_view message) override;
  Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view user_id) override;
  Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key,
                                  std::string_view justification) override;
  Result<bool> UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                     std::string_view key, std::string_view justification) override;
  Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                   std::string_view key) override;
  Result<Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                              std::string_view key) override;
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t org_id) override;
  Result<void> PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                         std::int64_t rating) override;
  Result<std::int32_t> FindRating(std::int64_t org_id, std::string_view rule_id) override;

  Result<SingleHit> FindHit(std::int64_t org_id, std::string_view cluster,
                            std::string_view component, std::string_view key,
                            std::string_view user_id) override;
  Result<std::vector<std::int64_t>> OrganizationsOf(std::span<const std::string> clusters) override;
  Result<void> ReportsOf(std::span<const std::string> clusters,
                         const std::function<void(const ReportOfCluster&)>& visit) override;
  Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) override;
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id,
      std::span<const std::string> clusters) override;
  Result<std::vector<std::int64_t>> Organizations() override;
  Result<std::size_t> RemoveResultsOfOrganization(std::int64_t org_id) override;
  Result<std::size_t> RemoveResultOfCluster(std::string_view cluster) override;

 private:
  using Key = std::tuple<std::string, std::string>;                  // rule, key
  using HitKey = std::tuple<std::string, std::string, std::string>;  // cluster, component, key
  using UserKey = std::tuple<std::string, std::string, std::string, std::string>;  // … and user

  struct HitRow {
    std::string details;
    Time created{};
  };
  struct RecommendationRow {
    Time stored{};
    Time since{};
  };
  struct ToggleRow {
    std::int64_t org_id;
    bool disabled;
    std::optional<Time> disabled_at;
    Time updated{};
  };
  struct WordRow {
    std::int64_t org_id;
    std::int32_t vote;  // of votes
    std::string message;
    Time added{};
    Time updated{};
  };
  struct UploadRow {
    std::string cluster;
    PutOutcome outcome;
  };

  PutOutcome PutOne(const ClusterResult& result);
  void Note(const ClusterResult& result, PutOutcome outcome);
  void Move(const std::string& cluster, std::int64_t from, std::int64_t to);
  std::string VersionOf(const std::string& cluster, std::int64_t org_id) const;
  ReportMeta MetaOf(const ClusterResult& result) const;
  const ClusterResult* Find(std::int64_t org_id, const std::string& cluster) const;
  const ToggleRow* FindDisabled(std::int64_t org_id, const HitKey& hit) const;
  void Remove(const std::string& cluster);

  const Clock& clock_;
  std::map<std::string, ClusterResult> results_;                          // by cluster
  std::map<std::string, Time> reported_;                                  // by cluster
  std::map<std::string, std::pair<std::int64_t, std::string>> versions_;  // by cluster
  std::map<std::pair<std::int64_t, HitKey>, HitRow> hits_;
  std::map<std::pair<std::int64_t, HitKey>, RecommendationRow> recommendations_;  // by rule
  std::map<std::string, UploadRow> uploads_;                                      // by request id
  std::vector<std::string> released_;
  std::map<HitKey, ToggleRow> toggles_;
  std::map<UserKey, WordRow> votes_;
  std::map<UserKey, WordRow> feedback_;
  std::map<std::pair<std::int64_t, Key>, Acknowledgement> acknowledgements_;
  std::map<std::pair<std::int64_t, Key>, std::int32_t> ratings_;
};

}  // namespace insightd::store::testing
