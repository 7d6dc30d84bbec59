#include "store/postgres/postgres_store.h"

#include <utility>

#include "store/postgres/put.h"
#include "store/postgres/sessions.h"

namespace insightd::store {
namespace {

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const PostgresStoreOptions& options)
      : clock_(options.clock != nullptr ? *options.clock : SystemClock()), sessions_(options) {}

  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty) override {
    return sessions_.TryTakeDuty(duty);
  }

  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    return sessions_.WriteFor(Duty::kResults, [&](pg::Connection& connection) {
      return pg::PutResults(connection, results, clock_.Now());
    });
  }

  Result<std::vector<PutOutcome>> PutWorkloads(std::span<const ClusterWorkloads>) override {
    return NotYet();
  }
  Result<std::vector<StoredWorkloads>> Workloads(std::int64_t, std::string_view) override {
    return NotYet();
  }
  Result<std::string> WorkloadsText(std::int64_t, std::string_view, std::string_view) override {
    return NotYet();
  }

  Result<Upload> FindUpload(std::string_view) override { return NotYet(); }
  Result<std::size_t> ForgetUploads(Time, std::size_t) override { return NotYet(); }

  Result<ClusterReport> Report(std::int64_t, std::string_view, std::string_view) override {
    return NotYet();
  }
  Result<ReportMeta> Meta(std::int64_t, std::string_view) override { return NotYet(); }
  Result<std::string> ReportText(std::int64_t, std::string_view) override { return NotYet(); }
  Result<std::int64_t> OrganizationOf(std::string_view) override { return NotYet(); }
  Result<std::vector<std::string>> ClustersSince(std::int64_t, Time) override { return NotYet(); }
  Result<void> Fleet(std::int64_t, std::string_view,
                     const std::function<bool(const FleetCluster&)>&) override {
    return NotYet();
  }
  Result<std::vector<RuleCount>> RuleCounts(std::int64_t) override { return NotYet(); }
  Result<std::vector<HitCluster>> ClustersHitBy(std::int64_t, std::string_view,
                                                std::string_view) override {
    return NotYet();
  }
  Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t) override { return NotYet(); }
  Result<std::vector<Toggle>> Toggles(std::int64_t) override { return NotYet(); }

  Result<void> PutDeadLetters(std::span<const DeadLetter>) override { return NotYet(); }
  Result<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter&) override {
    return NotYet();
  }
  Result<std::int64_t> CountDeadLetters() override { return NotYet(); }
  Result<DeadLetter> GetDeadLetter(std::int64_t) override { return NotYet(); }
  Result<void> DropDeadLetter(std::int64_t, ArchiveFate) override { return NotYet(); }
  Result<void> PutConsumerErrors(std::span<const ConsumerError>) override { return NotYet(); }

  Result<std::vector<KeptArchive>> ReleasedArchives(Time, std::size_t) override { return NotYet(); }
  Result<std::vector<KeptArchive>> NewestArchives(std::size_t) override { return NotYet(); }
  Result<void> ForgetArchives(std::span<const KeptArchive>) override { return NotYet(); }
  Result<std::vector<ArchiveUse>> UsesOf(std::span<const std::string>) override { return NotYet(); }

  Result<SchemaVersions> Versions() override { return NotYet(); }
  Result<void> Check() override {
    return sessions_.Read([](pg::Connection& connection) -> Result<void> {
      const auto answer = connection.Run("SELECT 1");
      if (!answer) return Fail(answer.error());
      return {};
    });
  }

 private:
  static tl::unexpected<Error> NotYet() { return Fail(Code::kInternal, "not in this build"); }

  const Clock& clock_;
  pg::Sessions sessions_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenPostgresStore(PostgresStoreOptions options) {
  auto store = std::make_unique<PostgresStore>(options);
  if (auto good = store->Check(); !good) return Fail(std::move(good).error());
  return store;
}

}  // namespace insightd::store
