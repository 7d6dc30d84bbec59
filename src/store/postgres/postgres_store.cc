#include "store/postgres/postgres_store.h"

#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "store/postgres/feedback.h"
#include "store/postgres/letters.h"
#include "store/postgres/lists.h"
#include "store/postgres/lookups.h"
#include "store/postgres/many_clusters.h"
#include "store/postgres/migrations/check.h"
#include "store/postgres/past.h"
#include "store/postgres/put.h"
#include "store/postgres/question_queue.h"
#include "store/postgres/sessions.h"
#include "store/postgres/single_hit.h"
#include "store/postgres/uploads.h"
#include "store/postgres/workloads.h"

namespace insightd::store {
namespace {

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const PostgresStoreOptions& options)
      : clock_(options.clock != nullptr ? *options.clock : SystemClock()),
        writes_(options.writes),
        stop_(std::make_shared<pg::StopDeadline>(options.stop)),
        sessions_(options, stop_),
        questions_(options, stop_) {}

  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty) override {
    return sessions_.TryTakeDuty(duty);
  }

  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    return sessions_.WriteFor(Duty::kResults, [&](pg::Connection& connection) {
      return pg::PutResults(connection, results, clock_.Now());
    });
  }

  Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> workloads) override {
    return sessions_.WriteFor(Duty::kWorkloads, [&](pg::Connection& connection) {
      return pg::PutWorkloads(connection, workloads);
    });
  }
  Result<std::vector<StoredWorkloads>> Workloads(std::int64_t org_id,
                                                 std::string_view cluster) override {
    return Read([&](auto& db) { return pg::ReadWorkloads(db, org_id, cluster); });
  }
  Result<std::string> WorkloadsText(std::int64_t org_id, std::string_view cluster,
                                    std::string_view namespace_id) override {
    return Read([&](auto& db) { return pg::ReadWorkloadsText(db, org_id, cluster, namespace_id); });
  }

  Result<Upload> FindUpload(std::string_view request_id) override {
    return Read([&](auto& db) { return pg::ReadUpload(db, request_id); });
  }
  Result<std::size_t> ForgetUploads(const Keep& keep, std::size_t rows_max) override {
    return sessions_.WriteFor(
        Duty::kUpkeep, [&](pg::Connection& db) { return pg::RemoveUploads(db, keep, rows_max); });
  }

  Result<ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                               std::string_view user_id) override {
    return questions_.Read({.org_id = org_id,
                            .cluster = std::string(cluster),
                            .user_id = std::string(user_id),
                            .whole = true});
  }
  void ReportLater(std::int64_t org_id, std::string_view cluster, std::string_view user_id,
                   std::function<void(Result<ClusterReport>)> done) override {
    questions_.Ask(pg::ReportQuestion{{.org_id = org_id,
                                       .cluster = std::string(cluster),
                                       .user_id = std::string(user_id),
                                       .whole = false},
                                      std::move(done)});
  }
  Result<ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) override {
    return Read([&](auto& db) { return pg::ReadMeta(db, org_id, cluster); });
  }
  Result<std::string> ReportText(std::int64_t org_id, std::string_view cluster) override {
    return Read([&](auto& db) { return pg::ReadReportText(db, org_id, cluster); });
  }
  Result<std::int64_t> OrganizationOf(std::string_view cluster) override {
    return Read([&](auto& db) { return pg::ReadOrganization(db, cluster); });
  }
  Result<TextList> ClustersSince(std::int64_t org_id, Time since) override {
    return Read([&](auto& db) { return pg::ReadClustersSince(db, org_id, since); });
  }
  void FewClustersSince(std::int64_t org_id, Time since,
                        std::function<void(Result<std::optional<TextList>>)> done) override {
    questions_.Ask(pg::ClustersQuestion{{.org_id = org_id, .since = since}, std::move(done)});
  }
  Result<void> Fleet(std::int64_t org_id, std::string_view after,
                     const std::function<bool(const FleetCluster&)>& visit) override {
    // What was visited is not visited again, whatever becomes of the connection.
    bool visited = false;
    std::optional<Error> failed;
    return Read([&](pg::Connection& db) -> Result<void> {
      if (visited) return Fail(*failed);
      auto done = pg::VisitFleet(db, org_id, after, [&](const FleetCluster& cluster) {
        visited = true;
        return visit(cluster);
      });
      if (!done) failed = done.error();
      return done;
    });
  }
  Result<std::vector<RuleCount>> RuleCounts(std::int64_t org_id) override {
    return Read([&](auto& db) { return pg::ReadRuleCounts(db, org_id); });
  }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                std::string_view key) override {
    return Read([&](auto& db) { return pg::ReadClustersHitBy(db, org_id, rule, key); });
  }

  Result<void> PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                       std::int32_t vote, std::string_view message) override {
    return Write([&](auto& db) {
      return pg::WriteVote(db, org_id, hit, user_id, vote, message, clock_.Now());
    });
  }
  Result<std::int32_t> FindVote(const HitName& hit, std::string_view user_id) override {
    return Read([&](auto& db) { return pg::ReadVote(db, hit, user_id); });
  }
  Result<void> PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) override {
    return Write(
        [&](auto& db) { return pg::WriteToggle(db, org_id, hit, disabled, clock_.Now()); });
  }
  Result<std::vector<Toggle>> Toggles(std::int64_t org_id) override {
    return Read([&](auto& db) { return pg::ReadToggles(db, org_id); });
  }
  Result<std::vector<Toggle>> TogglesOn(std::int64_t org_id,
                                        std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return pg::ReadTogglesOn(db, org_id, clusters); });
  }
  Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t org_id,
                                                        std::string_view component,
                                                        std::string_view key) override {
    return Read([&](auto& db) { return pg::ReadSilenced(db, org_id, component, key); });
  }
  Result<void> PutDisableFeedback(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                                  std::string_view message) override {
    return Write([&](auto& db) {
      return pg::WriteDisableFeedback(db, org_id, hit, user_id, message, clock_.Now());
    });
  }
  Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view user_id) override {
    return Read([&](auto& db) { return pg::ReadDisableFeedback(db, user_id); });
  }
  Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key,
                                  std::string_view justification) override {
    return Write([&](auto& db) {
      return pg::WriteAcknowledgement(db, org_id, rule, key, justification, clock_.Now());
    });
  }
  Result<bool> UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                     std::string_view key,
                                     std::string_view justification) override {
    return Write([&](auto& db) {
      return pg::ChangeAcknowledgement(db, org_id, rule, key, justification, clock_.Now());
    });
  }
  Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                   std::string_view key) override {
    return Write([&](auto& db) { return pg::RemoveAcknowledgement(db, org_id, rule, key); });
  }
  Result<Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                              std::string_view key) override {
    return Read([&](auto& db) { return pg::ReadAcknowledgement(db, org_id, rule, key); });
  }
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t org_id) override {
    return Read([&](auto& db) { return pg::ReadAcknowledgements(db, org_id); });
  }
  Result<void> PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                         std::int64_t rating) override {
    return Write(
        [&](auto& db) { return pg::WriteRating(db, org_id, rule, key, rating, clock_.Now()); });
  }
  Result<std::int32_t> FindRating(std::int64_t org_id, std::string_view rule_id) override {
    return Read([&](auto& db) { return pg::ReadRating(db, org_id, rule_id); });
  }

  Result<SingleHit> FindHit(std::int64_t org_id, std::string_view cluster,
                            std::string_view component, std::string_view key,
                            std::string_view user_id) override {
    return Read(
        [&](auto& db) { return pg::ReadHit(db, org_id, cluster, component, key, user_id); });
  }
  Result<std::vector<std::int64_t>> OrganizationsOf(
      std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return pg::ReadOrganizationsOf(db, clusters); });
  }
  Result<void> ReportsOf(std::span<const std::string> clusters,
                         const std::function<void(const ReportOfCluster&)>& visit) override {
    return Read([&](auto& db) { return pg::VisitReportsOf(db, clusters, visit); });
  }
  Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) override {
    return Read([&](auto& db) { return pg::VisitRecommendationsOf(db, org_id, clusters, visit); });
  }
  Result<void> HitsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(std::string_view, std::string_view)>& visit) override {
    return Read([&](auto& db) { return pg::VisitHitsOf(db, org_id, clusters, visit); });
  }
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id,
      std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return pg::ReadRecommended(db, org_id, rule_id, clusters); });
  }
  Result<std::vector<std::int64_t>> Organizations() override {
    return Read([](auto& db) { return pg::ReadOrganizations(db); });
  }
  Result<std::size_t> RemoveResultsOfOrganization(std::int64_t org_id) override {
    return Write([&](auto& db) { return pg::RemoveResultsOf(db, org_id, clock_.Now()); });
  }
  Result<std::size_t> RemoveResultOfCluster(std::string_view cluster) override {
    return Write([&](auto& db) { return pg::RemoveResult(db, cluster, clock_.Now()); });
  }

  Result<RecommendationPage> RecommendationsOfCluster(
      std::int64_t org_id, std::string_view cluster, const TimeRange& range,
      const std::optional<RecommendationPlace>& only,
      const std::optional<RecommendationPlace>& after, std::size_t recommendations_max) override {
    return Read([&](auto& db) {
      return pg::ReadRecommendationsOf(db, org_id, cluster, range, only, after,
                                       recommendations_max);
    });
  }
  Result<RecommendationPage> ClustersOfRecommendation(std::int64_t org_id, std::string_view rule,
                                                      std::string_view key, const TimeRange& range,
                                                      std::string_view after_cluster,
                                                      std::size_t clusters_max) override {
    return Read([&](auto& db) {
      return pg::ReadClustersOf(db, org_id, rule, key, range, after_cluster, clusters_max);
    });
  }
  Result<ChangePage> Changes(std::int64_t org_id, std::string_view cluster, const TimeRange& range,
                             const std::optional<ChangePlace>& after,
                             std::size_t changes_max) override {
    return Read(
        [&](auto& db) { return pg::ReadChanges(db, org_id, cluster, range, after, changes_max); });
  }
  Result<ResultPage> PastResults(std::int64_t org_id, std::string_view cluster,
                                 const TimeRange& range, const std::optional<ResultPlace>& before,
                                 std::size_t results_max) override {
    return Read([&](auto& db) {
      return pg::ReadPastResults(db, org_id, cluster, range, before, results_max);
    });
  }
  Result<std::size_t> ForgetChanges(const Keep& keep, std::size_t rows_max) override {
    return sessions_.WriteFor(
        Duty::kUpkeep, [&](pg::Connection& db) { return pg::RemoveChanges(db, keep, rows_max); });
  }

  Result<void> PutDeadLetters(std::span<const DeadLetter> letters) override {
    return sessions_.WriteFor(Duty::kUpkeep,
                              [&](pg::Connection& db) { return pg::WriteLetters(db, letters); });
  }
  Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override {
    return Read([&](auto& db) { return pg::ReadLetters(db, filter); });
  }
  Result<std::int64_t> CountDeadLetters() override {
    return Read([](auto& db) { return pg::CountLetters(db); });
  }
  Result<DeadLetter> GetDeadLetter(std::int64_t id) override {
    return Read([&](auto& db) { return pg::ReadLetter(db, id); });
  }
  Result<void> DropDeadLetter(std::int64_t id, ArchiveFate fate) override {
    return Write([&](auto& db) { return pg::RemoveLetter(db, id, fate, clock_.Now()); });
  }
  Result<void> PutConsumerErrors(std::span<const ConsumerError> errors) override {
    return Write([&](auto& db) { return pg::WriteConsumerErrors(db, errors, clock_.Now()); });
  }

  // What may be removed is asked for where it is written: a standby may be behind.
  Result<std::vector<KeptArchive>> ReleasedArchives(Time until, std::size_t archives_max) override {
    return Write([&](auto& db) { return pg::ReadReleased(db, until, archives_max); });
  }
  Result<std::vector<KeptArchive>> NewestArchives(std::size_t archives_max) override {
    return Write([&](auto& db) { return pg::ReadNewest(db, archives_max); });
  }
  Result<void> ForgetArchives(std::span<const KeptArchive> archives) override {
    return sessions_.WriteFor(Duty::kUpkeep,
                              [&](pg::Connection& db) { return pg::RemoveArchives(db, archives); });
  }
  Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    return Write([&](auto& db) { return pg::ReadUses(db, keys); });
  }

  Result<SchemaVersions> Versions() override {
    return Read([](auto& db) { return pg::ReadVersions(db); });
  }
  Result<void> Check() override {
    if (const std::optional<Error> failing = sessions_.Failing()) return Fail(*failing);
    const auto check = [](pg::Connection& db) { return pg::CheckServer(db); };
    if (auto good = sessions_.Read(check); !good || !writes_) return good;
    return sessions_.Write(check);
  }

  // Whether the tables are those of this program.
  Result<void> CheckTables(bool writes, const pg::Storages& storages) {
    const auto check = [&](pg::Connection& connection) {
      return pg::CheckSchema(connection, writes ? pg::Use::kWrite : pg::Use::kRead, storages);
    };
    return writes ? sessions_.Write(check) : sessions_.Read(check);
  }

 private:
  template <class Work>
  auto Read(const Work& work) -> decltype(work(std::declval<pg::Connection&>())) {
    return sessions_.Read([&](pg::Connection& connection) { return work(connection); });
  }
  template <class Work>
  auto Write(const Work& work) -> decltype(work(std::declval<pg::Connection&>())) {
    return sessions_.Write([&](pg::Connection& connection) { return work(connection); });
  }

  const Clock& clock_;
  const bool writes_;
  const std::shared_ptr<const pg::StopDeadline> stop_;
  pg::Sessions sessions_;
  pg::QuestionQueue questions_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenPostgresStore(PostgresStoreOptions options) {
  auto store = std::make_unique<PostgresStore>(options);
  if (auto good = store->CheckTables(options.writes, options.storages); !good) {
    return Fail(std::move(good).error());
  }
  return store;
}

}  // namespace insightd::store
