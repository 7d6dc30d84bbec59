#include "store/embedded/embedded_store.h"

#include <fmt/format.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/sqlite.h"
#include "store/embedded/duties.h"
#include "store/embedded/feedback.h"
#include "store/embedded/letters.h"
#include "store/embedded/lookups.h"
#include "store/embedded/past.h"
#include "store/embedded/put.h"
#include "store/embedded/reports.h"
#include "store/embedded/schema.h"
#include "store/embedded/uploads.h"
#include "store/embedded/workloads.h"

namespace insightd::store {
namespace {

// A result changes a little in many places: with larger pages much more would be written than
// changes (8 kB: 98 kB for a result of 15 kB, 4 kB: 59).
constexpr std::int32_t kPageBytes = 4096;
// The rarer the log is copied back, the more often a page that changed again is copied once.
constexpr std::int32_t kCheckpointPages = 4000;

// Connections for reading, made when they are first needed.
class Readers {
 public:
  explicit Readers(const EmbeddedStoreOptions& options) : options_(options) {}

  // Given back when it goes.
  class Lease {
   public:
    Lease(Readers& readers, std::unique_ptr<sqlite::Database> database)
        : readers_(&readers), database_(std::move(database)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (database_) readers_->GiveBack(std::move(database_));
    }
    sqlite::Database& operator*() const { return *database_; }

   private:
    Readers* readers_;
    std::unique_ptr<sqlite::Database> database_;
  };

  Result<Lease> Take() {
    {
      std::unique_lock lock(mutex_);
      free_.wait(lock, [this] { return !idle_.empty() || taken_ < options_.readers_max; });
      ++taken_;
      if (!idle_.empty()) {
        auto database = std::move(idle_.back());
        idle_.pop_back();
        return Lease(*this, std::move(database));
      }
    }
    auto database = sqlite::Database::Open(
        options_.path,
        {.read_only = true, .page_bytes = kPageBytes, .cache_kib = options_.reader_cache_kib});
    if (!database) {
      const std::lock_guard lock(mutex_);
      --taken_;
      free_.notify_one();
      return Fail(std::move(database).error());
    }
    return Lease(*this, *std::move(database));
  }

 private:
  void GiveBack(std::unique_ptr<sqlite::Database> database) {
    const std::lock_guard lock(mutex_);
    --taken_;
    idle_.push_back(std::move(database));
    free_.notify_one();
  }

  const EmbeddedStoreOptions& options_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<sqlite::Database>> idle_;
  std::size_t taken_ = 0;
};

class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(EmbeddedStoreOptions options, std::unique_ptr<sqlite::Database> writer)
      : options_(std::move(options)),
        clock_(options_.clock != nullptr ? *options_.clock : SystemClock()),
        writer_(std::move(writer)),
        readers_(options_) {}

  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty) override { return duties_.Take(duty); }

  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    return Write([&](auto& db) { return PutResults(db, results, clock_.Now()); });
  }

  Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> workloads) override {
    return Write([&](auto& db) { return WriteWorkloads(db, workloads); });
  }
  Result<std::vector<StoredWorkloads>> Workloads(std::int64_t org_id,
                                                 std::string_view cluster) override {
    return Read([&](auto& db) { return ReadWorkloads(db, org_id, cluster); });
  }
  Result<std::string> WorkloadsText(std::int64_t org_id, std::string_view cluster,
                                    std::string_view namespace_id) override {
    return Read([&](auto& db) { return ReadWorkloadsText(db, org_id, cluster, namespace_id); });
  }

  Result<Upload> FindUpload(std::string_view request_id) override {
    return Read([&](auto& db) { return ReadUpload(db, request_id); });
  }
  Result<std::size_t> ForgetUploads(const Keep& keep, std::size_t rows_max) override {
    return Write([&](auto& db) { return RemoveUploads(db, keep, rows_max); });
  }

  Result<ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                               std::string_view user_id) override {
    return Read([&](auto& db) { return ReadReport(db, org_id, cluster, user_id); });
  }
  void ReportLater(std::int64_t org_id, std::string_view cluster, std::string_view user_id,
                   std::function<void(Result<ClusterReport>)> done) override {
    done(Read([&](auto& db) { return ReadShownReport(db, org_id, cluster, user_id); }));
  }
  Result<ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) override {
    return Read([&](auto& db) { return ReadMeta(db, org_id, cluster); });
  }
  Result<std::string> ReportText(std::int64_t org_id, std::string_view cluster) override {
    return Read([&](auto& db) { return ReadReportText(db, org_id, cluster); });
  }
  Result<std::int64_t> OrganizationOf(std::string_view cluster) override {
    return Read([&](auto& db) { return ReadOrganization(db, cluster); });
  }
  Result<TextList> ClustersSince(std::int64_t org_id, Time since) override {
    return Read([&](auto& db) { return ReadClustersSince(db, org_id, since); });
  }
  void FewClustersSince(std::int64_t org_id, Time since,
                        std::function<void(Result<std::optional<TextList>>)> done) override {
    done(Read([&](auto& db) { return ReadFewClustersSince(db, org_id, since); }));
  }
  Result<void> Fleet(std::int64_t org_id, std::string_view after,
                     const std::function<bool(const FleetCluster&)>& visit) override {
    return Read([&](auto& db) { return VisitFleet(db, org_id, after, visit); });
  }
  Result<std::vector<RuleCount>> RuleCounts(std::int64_t org_id) override {
    return Read([&](auto& db) { return ReadRuleCounts(db, org_id); });
  }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                std::string_view key) override {
    return Read([&](auto& db) { return ReadClustersHitBy(db, org_id, rule, key); });
  }

  Result<void> PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                       std::int32_t vote, std::string_view message) override {
    return Write(
        [&](auto& db) { return WriteVote(db, org_id, hit, user_id, vote, message, clock_.Now()); });
  }
  Result<std::int32_t> FindVote(const HitName& hit, std::string_view user_id) override {
    return Read([&](auto& db) { return ReadVote(db, hit, user_id); });
  }
  Result<void> PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) override {
    return Write([&](auto& db) { return WriteToggle(db, org_id, hit, disabled, clock_.Now()); });
  }
  Result<std::vector<Toggle>> Toggles(std::int64_t org_id) override {
    return Read([&](auto& db) { return ReadToggles(db, org_id); });
  }
  Result<std::vector<Toggle>> TogglesOn(std::int64_t org_id,
                                        std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return ReadTogglesOn(db, org_id, clusters); });
  }
  Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t org_id,
                                                        std::string_view component,
                                                        std::string_view key) override {
    return Read([&](auto& db) { return ReadSilenced(db, org_id, component, key); });
  }
  Result<void> PutDisableFeedback(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                                  std::string_view message) override {
    return Write([&](auto& db) {
      return WriteDisableFeedback(db, org_id, hit, user_id, message, clock_.Now());
    });
  }
  Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view user_id) override {
    return Read([&](auto& db) { return ReadDisableFeedback(db, user_id); });
  }
  Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key,
                                  std::string_view justification) override {
    return Write([&](auto& db) {
      return WriteAcknowledgement(db, org_id, rule, key, justification, clock_.Now());
    });
  }
  Result<bool> UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                     std::string_view key,
                                     std::string_view justification) override {
    return Write([&](auto& db) {
      return ChangeAcknowledgement(db, org_id, rule, key, justification, clock_.Now());
    });
  }
  Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                   std::string_view key) override {
    return Write([&](auto& db) { return RemoveAcknowledgement(db, org_id, rule, key); });
  }
  Result<Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                              std::string_view key) override {
    return Read([&](auto& db) { return ReadAcknowledgement(db, org_id, rule, key); });
  }
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t org_id) override {
    return Read([&](auto& db) { return ReadAcknowledgements(db, org_id); });
  }
  Result<void> PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                         std::int64_t rating) override {
    return Write(
        [&](auto& db) { return WriteRating(db, org_id, rule, key, rating, clock_.Now()); });
  }
  Result<std::int32_t> FindRating(std::int64_t org_id, std::string_view rule_id) override {
    return Read([&](auto& db) { return ReadRating(db, org_id, rule_id); });
  }

  Result<SingleHit> FindHit(std::int64_t org_id, std::string_view cluster,
                            std::string_view component, std::string_view key,
                            std::string_view user_id) override {
    return Read([&](auto& db) { return ReadHit(db, org_id, cluster, component, key, user_id); });
  }
  Result<std::vector<std::int64_t>> OrganizationsOf(
      std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return ReadOrganizationsOf(db, clusters); });
  }
  Result<void> ReportsOf(std::span<const std::string> clusters,
                         const std::function<void(const ReportOfCluster&)>& visit) override {
    return Read([&](auto& db) { return VisitReportsOf(db, clusters, visit); });
  }
  Result<void> RecommendationsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(const ClusterRecommendations&)>& visit) override {
    return Read([&](auto& db) { return VisitRecommendationsOf(db, org_id, clusters, visit); });
  }
  Result<void> HitsOf(
      std::int64_t org_id, std::span<const std::string> clusters,
      const std::function<void(std::string_view, std::string_view)>& visit) override {
    return Read([&](auto& db) { return VisitHitsOf(db, org_id, clusters, visit); });
  }
  Result<std::vector<RecommendedCluster>> RecommendedClusters(
      std::int64_t org_id, std::string_view rule_id,
      std::span<const std::string> clusters) override {
    return Read([&](auto& db) { return ReadRecommended(db, org_id, rule_id, clusters); });
  }
  Result<std::vector<std::int64_t>> Organizations() override {
    return Read([](auto& db) { return ReadOrganizations(db); });
  }
  Result<std::size_t> RemoveResultsOfOrganization(std::int64_t org_id) override {
    return Write([&](auto& db) { return RemoveResultsOf(db, org_id, clock_.Now()); });
  }
  Result<std::size_t> RemoveResultOfCluster(std::string_view cluster) override {
    return Write([&](auto& db) { return RemoveResult(db, cluster, clock_.Now()); });
  }

  Result<RecommendationPage> RecommendationsOfCluster(
      std::int64_t org_id, std::string_view cluster, const TimeRange& range,
      const std::optional<RecommendationPlace>& only,
      const std::optional<RecommendationPlace>& after, std::size_t recommendations_max) override {
    return Read([&](auto& db) {
      return ReadRecommendationsOf(db, org_id, cluster, range, only, after, recommendations_max);
    });
  }
  Result<RecommendationPage> ClustersOfRecommendation(std::int64_t org_id, std::string_view rule,
                                                      std::string_view key, const TimeRange& range,
                                                      std::string_view after_cluster,
                                                      std::size_t clusters_max) override {
    return Read([&](auto& db) {
      return ReadClustersOf(db, org_id, rule, key, range, after_cluster, clusters_max);
    });
  }
  Result<ChangePage> Changes(std::int64_t org_id, std::string_view cluster, const TimeRange& range,
                             const std::optional<ChangePlace>& after,
                             std::size_t changes_max) override {
    return Read(
        [&](auto& db) { return ReadChanges(db, org_id, cluster, range, after, changes_max); });
  }
  Result<ResultPage> PastResults(std::int64_t org_id, std::string_view cluster,
                                 const TimeRange& range, const std::optional<ResultPlace>& before,
                                 std::size_t results_max) override {
    return Read(
        [&](auto& db) { return ReadPastResults(db, org_id, cluster, range, before, results_max); });
  }
  Result<std::size_t> ForgetChanges(const Keep& keep, std::size_t rows_max) override {
    return Write([&](auto& db) { return RemoveChanges(db, keep, rows_max); });
  }

  Result<void> PutDeadLetters(std::span<const DeadLetter> letters) override {
    return Write([&](auto& db) { return WriteLetters(db, letters); });
  }
  Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override {
    return Read([&](auto& db) { return ReadLetters(db, filter); });
  }
  Result<std::int64_t> CountDeadLetters() override {
    return Read([](auto& db) { return db.Number("SELECT count(*) FROM insightd_dead_letter"); });
  }
  Result<DeadLetter> GetDeadLetter(std::int64_t id) override {
    return Read([&](auto& db) { return ReadLetter(db, id); });
  }
  Result<void> DropDeadLetter(std::int64_t id, ArchiveFate fate) override {
    return Write([&](auto& db) { return RemoveLetter(db, id, fate, clock_.Now()); });
  }
  Result<void> PutConsumerErrors(std::span<const ConsumerError> errors) override {
    return Write([&](auto& db) { return WriteConsumerErrors(db, errors, clock_.Now()); });
  }

  Result<std::vector<KeptArchive>> ReleasedArchives(Time until, std::size_t archives_max) override {
    return Read([&](auto& db) { return ReadReleased(db, until, archives_max); });
  }
  Result<std::vector<KeptArchive>> NewestArchives(std::size_t archives_max) override {
    return Read([&](auto& db) { return ReadNewest(db, archives_max); });
  }
  Result<void> ForgetArchives(std::span<const KeptArchive> archives) override {
    return Write([&](auto& db) { return RemoveArchives(db, archives); });
  }
  Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    return Read([&](auto& db) -> Result<std::vector<ArchiveUse>> {
      std::vector<ArchiveUse> uses;
      for (const std::string& key : keys) {
        const Result<ArchiveUse> use = ReadUse(db, key);
        if (!use) return Fail(use.error());
        uses.push_back(*use);
      }
      return uses;
    });
  }

  Result<SchemaVersions> Versions() override {
    return Read([](auto& db) { return ReadVersions(db); });
  }
  Result<void> Check() override {
    {
      const std::lock_guard lock(failing_mutex_);
      if (failing_) return Fail(*failing_);
    }
    const auto versions = Versions();
    if (!versions) return Fail(versions.error());
    return {};
  }

 private:
  // `work` in a transaction on the writing connection, committed when it is good.
  template <class Work>
  auto Write(const Work& work) -> decltype(work(std::declval<sqlite::Database&>())) {
    auto done = WriteOnce(work);
    const std::lock_guard lock(failing_mutex_);
    failing_.reset();
    if (!done && done.error().code() == Code::kUnavailable) failing_ = done.error();
    return done;
  }
  template <class Work>
  auto WriteOnce(const Work& work) -> decltype(work(std::declval<sqlite::Database&>())) {
    const std::lock_guard lock(write_mutex_);
    sqlite::Transaction transaction(*writer_);
    if (auto begun = transaction.BeginWrite(); !begun) return Fail(std::move(begun).error());
    auto done = work(*writer_);
    if (!done) return done;
    if (auto committed = transaction.Commit(); !committed) {
      return Fail(std::move(committed).error());
    }
    return done;
  }

  // `work` on a reading connection, with one consistent view.
  template <class Work>
  auto Read(const Work& work) -> decltype(work(std::declval<sqlite::Database&>())) {
    auto lease = readers_.Take();
    if (!lease) return Fail(std::move(lease).error());
    sqlite::Transaction transaction(**lease);
    if (auto begun = transaction.BeginRead(); !begun) return Fail(std::move(begun).error());
    return work(**lease);
  }

  const EmbeddedStoreOptions options_;
  const Clock& clock_;
  std::mutex write_mutex_;
  std::unique_ptr<sqlite::Database> writer_;
  Readers readers_;
  EmbeddedDuties duties_;
  std::mutex failing_mutex_;
  std::optional<Error> failing_;  // why the last write found the disk full or the file locked
};

}  // namespace

Result<std::unique_ptr<Store>> OpenEmbeddedStore(EmbeddedStoreOptions options) {
  auto writer = sqlite::Database::Open(options.path, {.page_bytes = kPageBytes,
                                                      .cache_kib = options.cache_kib,
                                                      .checkpoint_pages = kCheckpointPages});
  if (!writer) return Fail(std::move(writer).error());
  if (auto prepared = PrepareSchema(**writer); !prepared) {
    return Fail(std::move(prepared).error());
  }
  return std::make_unique<EmbeddedStore>(std::move(options), *std::move(writer));
}

}  // namespace insightd::store
