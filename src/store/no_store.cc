#include "store/no_store.h"

namespace insightd::store {
namespace {

tl::unexpected<Error> NothingKept() { return Fail(Code::kNotFound, "nothing is kept here"); }

class LeaseOfNothing final : public Lease {
 public:
  bool held() const override { return true; }
};

class NoStore final : public Store {
 public:
  // Sink.
  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    return std::vector<PutOutcome>(results.size(), PutOutcome::kStored);
  }
  Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> workloads) override {
    return std::vector<PutOutcome>(workloads.size(), PutOutcome::kStored);
  }
  Result<void> PutConsumerErrors(std::span<const ConsumerError>) override { return {}; }

  // Store.
  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty) override {
    return std::make_unique<LeaseOfNothing>();
  }
  Result<std::vector<StoredWorkloads>> Workloads(std::int64_t, std::string_view) override {
    return {};
  }
  Result<std::string> WorkloadsText(std::int64_t, std::string_view, std::string_view) override {
    return NothingKept();
  }
  Result<Upload> FindUpload(std::string_view) override { return NothingKept(); }
  Result<std::size_t> ForgetUploads(const Keep&, std::size_t) override { return 0; }
  Result<ClusterReport> Report(std::int64_t, std::string_view, std::string_view) override {
    return ClusterReport();
  }
  Result<ReportMeta> Meta(std::int64_t, std::string_view) override { return ReportMeta(); }
  Result<std::string> ReportText(std::int64_t, std::string_view) override { return NothingKept(); }
  Result<std::int64_t> OrganizationOf(std::string_view) override { return NothingKept(); }
  Result<TextList> ClustersSince(std::int64_t, Time) override { return {}; }
  Result<void> Fleet(std::int64_t, std::string_view,
                     const std::function<bool(const FleetCluster&)>&) override {
    return {};
  }
  Result<std::vector<RuleCount>> RuleCounts(std::int64_t) override { return {}; }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t, std::string_view,
                                                std::string_view) override {
    return {};
  }
  Result<void> PutDeadLetters(std::span<const DeadLetter>) override { return {}; }
  Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter&) override { return {}; }
  Result<std::int64_t> CountDeadLetters() override { return 0; }
  Result<DeadLetter> GetDeadLetter(std::int64_t) override { return NothingKept(); }
  Result<void> DropDeadLetter(std::int64_t, ArchiveFate) override { return NothingKept(); }
  Result<std::vector<KeptArchive>> ReleasedArchives(Time, std::size_t) override { return {}; }
  Result<std::vector<KeptArchive>> NewestArchives(std::size_t) override { return {}; }
  Result<void> ForgetArchives(std::span<const KeptArchive>) override { return {}; }
  Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    return std::vector<ArchiveUse>(keys.size(), ArchiveUse::kUnknown);
  }
  Result<SchemaVersions> Versions() override { return {}; }
  Result<void> Check() override { return {}; }

  // Feedback.
  Result<void> PutVote(std::int64_t, const HitName&, std::string_view, std::int32_t,
                       std::string_view) override {
    return NothingKept();
  }
  Result<std::int32_t> FindVote(const HitName&, std::string_view) override { return NothingKept(); }
  Result<void> PutToggle(std::int64_t, const HitName&, bool) override { return {}; }
  Result<std::vector<Toggle>> Toggles(std::int64_t) override { return {}; }
  Result<std::vector<Toggle>> TogglesOn(std::int64_t, std::span<const std::string>) override {
    return {};
  }
  Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t, std::string_view,
                                                        std::string_view) override {
    return {};
  }
  Result<void> PutDisableFeedback(std::int64_t, const HitName&, std::string_view,
                                  std::string_view) override {
    return {};
  }
  Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view) override { return {}; }
  Result<void> PutAcknowledgement(std::int64_t, std::string_view, std::string_view,
                                  std::string_view) override {
    return {};
  }
  Result<bool> UpdateAcknowledgement(std::int64_t, std::string_view, std::string_view,
                                     std::string_view) override {
    return false;
  }
  Result<bool> DropAcknowledgement(std::int64_t, std::string_view, std::string_view) override {
    return false;
  }
  Result<Acknowledgement> FindAcknowledgement(std::int64_t, std::string_view,
                                              std::string_view) override {
    return NothingKept();
  }
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t) override { return {}; }
  Result<void> PutRating(std::int64_t, std::string_view, std::string_view, std::int64_t) override {
    return {};
  }
  Result<std::int32_t> FindRating(std::int64_t, std::string_view) override { return NothingKept(); }

  // Lookups.
  Result<SingleHit> FindHit(std::int64_t, std::string_view, std::string_view, std::string_view,
                            std::string_view) override {
    return NothingKept();
  }
  Result<std::vector<std::int64_t>> OrganizationsOf(std::span<const std::string>) override {
    return {};
  }
  Result<void> ReportsOf(std::span<const std::string>,
                         const std::function<void(const ReportOfCluster&)>&) override {
    return {};
  }
  Result<void> RecommendationsOf(
      std::int64_t, std::span<const std::string>,
      const std::function<void(const ClusterRecommendations&)>&) override {
    return {};
  }
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t, std::string_view, std::span<const std::string>) override {
    return {};
  }
  Result<std::vector<std::int64_t>> Organizations() override { return {}; }
  Result<std::size_t> RemoveResultsOfOrganization(std::int64_t) override { return 0; }
  Result<std::size_t> RemoveResultOfCluster(std::string_view) override { return 0; }

  // History.
  Result<RecommendationPage> RecommendationsOfCluster(std::int64_t, std::string_view,
                                                      const TimeRange&,
                                                      const std::optional<RecommendationPlace>&,
                                                      const std::optional<RecommendationPlace>&,
                                                      std::size_t) override {
    return NothingKept();
  }
  Result<RecommendationPage> ClustersOfRecommendation(std::int64_t, std::string_view,
                                                      std::string_view, const TimeRange&,
                                                      std::string_view, std::size_t) override {
    return {};
  }
  Result<ChangePage> Changes(std::int64_t, std::string_view cluster, const TimeRange&,
                             const std::optional<ChangePlace>&, std::size_t) override {
    if (!cluster.empty()) return NothingKept();
    return {};
  }
  Result<ResultPage> PastResults(std::int64_t, std::string_view, const TimeRange&,
                                 const std::optional<ResultPlace>&, std::size_t) override {
    return NothingKept();
  }
  Result<std::size_t> ForgetChanges(const Keep&, std::size_t) override { return 0; }
};

}  // namespace

std::unique_ptr<Store> MakeNoStore() { return std::make_unique<NoStore>(); }

}  // namespace insightd::store
