// A store that hands every call to another one, for those that change or fail a few of them.
//
// Each call goes through BeforeRead, or BeforeWrite and AfterWrite, which a derived class may fail.
// The inner store outlives it. Thread-safe as what is derived from it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace insightd::store::testing {

class ForwardStore : public Store {
 public:
  explicit ForwardStore(Store& inner) : inner_(inner) {}

  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty) override {
    return inner_.TryTakeDuty(duty);
  }
  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    return Writing([&] { return inner_.Put(results); });
  }
  Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> workloads) override {
    return Writing([&] { return inner_.PutWorkloads(workloads); });
  }
  Result<std::vector<StoredWorkloads>> Workloads(std::int64_t org_id,
                                                 std::string_view cluster) override {
    return Reading([&] { return inner_.Workloads(org_id, cluster); });
  }
  Result<std::string> WorkloadsText(std::int64_t org_id, std::string_view cluster,
                                    std::string_view namespace_id) override {
    return Reading([&] { return inner_.WorkloadsText(org_id, cluster, namespace_id); });
  }
  Result<Upload> FindUpload(std::string_view request_id) override {
    return Reading([&] { return inner_.FindUpload(request_id); });
  }
  Result<std::size_t> ForgetUploads(const Keep& keep, std::size_t rows_max) override {
    return Writing([&] { return inner_.ForgetUploads(keep, rows_max); });
  }
  Result<ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                               std::string_view user_id) override {
    return Reading([&] { return inner_.Report(org_id, cluster, user_id); });
  }
  Result<ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) override {
    return Reading([&] { return inner_.Meta(org_id, cluster); });
  }
  Result<std::string> ReportText(std::int64_t org_id, std::string_view cluster) override {
    return Reading([&] { return inner_.ReportText(org_id, cluster); });
  }
  Result<std::int64_t> OrganizationOf(std::string_view cluster) override {
    return Reading([&] { return inner_.OrganizationOf(cluster); });
  }
  Result<TextList> ClustersSince(std::int64_t org_id, Time since) override {
    return Reading([&] { return inner_.ClustersSince(org_id, since); });
  }
  Result<void> Fleet(std::int64_t org_id, std::string_view after,
                     const std::function<bool(const FleetCluster&)>& visit) override {
    return Reading([&] { return inner_.Fleet(org_id, after, visit); });
  }
  Result<std::vector<RuleCount>> RuleCounts(std::int64_t org_id) override {
    return Reading([&] { return inner_.RuleCounts(org_id); });
  }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                std::string_view key) override {
    return Reading([&] { return inner_.ClustersHitBy(org_id, rule, key); });
  }
  Result<void> PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                       std::int32_t vote, std::string_view message) override {
    return Writing([&] { return inner_.PutVote(org_id, hit, user_id, vote, message); });
  }
  Result<std::int32_t> FindVote(const HitName& hit, std::string_view user_id) override {
    return Reading([&] { return inner_.FindVote(hit, user_id); });
  }
  Result<void> PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) override {
    return Writing([&] { return inner_.PutToggle(org_id, hit, disabled); });
  }
  Result<std::vector<Toggle>> Toggles(std::int64_t org_id) override {
    return Reading([&] { return inner_.Toggles(org_id); });
  }
  Result<std::vector<Toggle>> TogglesOn(std::int64_t org_id,
                                        std::span<const std::string> clusters) override {
    return Reading([&] { return inner_.TogglesOn(org_id, clusters); });
  }
  Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t org_id,
                                                        std::string_view component,
                                                        std::string_view key) override {
    return Reading([&] { return inner_.ClustersSilenced(org_id, component, key); });
  }
  Result<void> PutDisableFeedback(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                                  std::string_view message) override {
    return Writing([&] { return inner_.PutDisableFeedback(org_id, hit, user_id, message); });
  }
  Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view user_id) override {
    return Reading([&] { return inner_.DisableFeedbackOf(user_id); });
  }
  Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key,
                                  std::string_view justification) override {
    return Writing([&] { return inner_.PutAcknowledgement(org_id, rule, key, justification); });
  }
  Result<bool> UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                     std::string_view key,
                                     std::string_view justification) override {
    return Writing([&] { return inner_.UpdateAcknowledgement(org_id, rule, key, justification); });
  }
  Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                   std::string_view key) override {
    return Writing([&] { return inner_.DropAcknowledgement(org_id, rule, key); });
  }
  Result<Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                              std::string_view key) override {
    return Reading([&] { return inner_.FindAcknowledgement(org_id, rule, key); });
  }
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t org_id) override {
    return Reading([&] { return inner_.Acknowledgements(org_id); });
  }
  Result<void> PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                         std::int64_t rating) override {
    return Writing([&] { return inner_.PutRating(org_id, rule, key, rating); });
  }
  Result<std::int32_t> FindRating(std::int64_t org_id, std::string_view rule_id) override {
    return Reading([&] { return inner_.FindRating(org_id, rule_id); });
  }
  Result<SingleHit> FindHit(std::int64_t org_id, std::string_view cluster,
                            std::string_view component, std::string_view key,
                            std::string_view user_id) override {
    return Reading([&] { return inner_.FindHit(org_id, cluster, component, key, user_id); });
  }
  Result<std::vector<std::int64_t>> OrganizationsOf(
      std::span<const std::string> clusters) override {
    return Reading([&] { return inner_.OrganizationsOf(clusters); });
  }
  Result<void> ReportsOf(std::span<const std::string> clusters,
                         const std::function<void(const ReportOfCluster&)>& visit) override {
    return Reading([&] { return inner_.ReportsOf(clusters, visit); });
  }
  Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) override {
    return Reading([&] { return inner_.RecommendationsOf(org_id, clusters, visit); });
  }
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id,
      std::span<const std::string> clusters) override {
    return Reading([&] { return inner_.RecommendedClusters(org_id, rule_id, clusters); });
  }
  Result<std::vector<std::int64_t>> Organizations() override {
    return Reading([&] { return inner_.Organizations(); });
  }
  Result<std::size_t> RemoveResultsOfOrganization(std::int64_t org_id) override {
    return Writing([&] { return inner_.RemoveResultsOfOrganization(org_id); });
  }
  Result<std::size_t> RemoveResultOfCluster(std::string_view cluster) override {
    return Writing([&] { return inner_.RemoveResultOfCluster(cluster); });
  }
  Result<RecommendationPage> RecommendationsOfCluster(
      std::int64_t org_id, std::string_view cluster, const TimeRange& range,
      const std::optional<RecommendationPlace>& only,
      const std::optional<RecommendationPlace>& after, std::size_t recommendations_max) override {
    return Reading([&] {
      return inner_.RecommendationsOfCluster(org_id, cluster, range, only, after,
                                             recommendations_max);
    });
  }
  Result<RecommendationPage> ClustersOfRecommendation(std::int64_t org_id, std::string_view rule,
                                                      std::string_view key, const TimeRange& range,
                                                      std::string_view after_cluster,
                                                      std::size_t clusters_max) override {
    return Reading([&] {
      return inner_.ClustersOfRecommendation(org_id, rule, key, range, after_cluster, clusters_max);
    });
  }
  Result<ChangePage> Changes(std::int64_t org_id, std::string_view cluster, const TimeRange& range,
                             const std::optional<ChangePlace>& after,
                             std::size_t changes_max) override {
    return Reading([&] { return inner_.Changes(org_id, cluster, range, after, changes_max); });
  }
  Result<ResultPage> PastResults(std::int64_t org_id, std::string_view cluster,
                                 const TimeRange& range, const std::optional<ResultPlace>& before,
                                 std::size_t results_max) override {
    return Reading([&] { return inner_.PastResults(org_id, cluster, range, before, results_max); });
  }
  Result<std::size_t> ForgetChanges(const Keep& keep, std::size_t rows_max) override {
    return Writing([&] { return inner_.ForgetChanges(keep, rows_max); });
  }
  Result<void> PutDeadLetters(std::span<const DeadLetter> letters) override {
    return Writing([&] { return inner_.PutDeadLetters(letters); });
  }
  Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override {
    return Reading([&] { return inner_.ListDeadLetters(filter); });
  }
  Result<std::int64_t> CountDeadLetters() override {
    return Reading([&] { return inner_.CountDeadLetters(); });
  }
  Result<DeadLetter> GetDeadLetter(std::int64_t id) override {
    return Reading([&] { return inner_.GetDeadLetter(id); });
  }
  Result<void> DropDeadLetter(std::int64_t id, ArchiveFate fate) override {
    return Writing([&] { return inner_.DropDeadLetter(id, fate); });
  }
  Result<void> PutConsumerErrors(std::span<const ConsumerError> errors) override {
    return Writing([&] { return inner_.PutConsumerErrors(errors); });
  }
  Result<std::vector<KeptArchive>> ReleasedArchives(Time until, std::size_t archives_max) override {
    return Reading([&] { return inner_.ReleasedArchives(until, archives_max); });
  }
  Result<std::vector<KeptArchive>> NewestArchives(std::size_t archives_max) override {
    return Reading([&] { return inner_.NewestArchives(archives_max); });
  }
  Result<void> ForgetArchives(std::span<const KeptArchive> archives) override {
    return Writing([&] { return inner_.ForgetArchives(archives); });
  }
  Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    return Reading([&] { return inner_.UsesOf(keys); });
  }
  Result<SchemaVersions> Versions() override {
    return Reading([&] { return inner_.Versions(); });
  }
  Result<void> Check() override {
    return Reading([&] { return inner_.Check(); });
  }

 protected:
  // Good: the call goes on.
  virtual Result<void> BeforeRead() { return {}; }
  virtual Result<void> BeforeWrite() { return {}; }
  // What becomes of a call that was good.
  virtual Result<void> AfterWrite() { return {}; }

 private:
  template <class Call>
  auto Reading(const Call& call) -> decltype(call()) {
    if (auto before = BeforeRead(); !before) return Fail(std::move(before).error());
    return call();
  }
  template <class Call>
  auto Writing(const Call& call) -> decltype(call()) {
    if (auto before = BeforeWrite(); !before) return Fail(std::move(before).error());
    auto done = call();
    if (!done) return done;
    if (auto after = AfterWrite(); !after) return Fail(std::move(after).error());
    return done;
  }

  Store& inner_;
};

}  // namespace insightd::store::testing
