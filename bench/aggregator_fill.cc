// Fills a database for bench/api_aggregator.py through the store, as the writer would.
//
//   aggregator_fill postgres CONNINFO CLUSTERS   makes the tables too
//   aggregator_fill sqlite FOLDER CLUSTERS       the data folder of `insightd all`, made when
//   absent
//
// Organisations of 100 clusters, a report of 4 kB with seven hits for each cluster. The first hit
// is of the same rule everywhere, so that one look-up by rule finds a whole organisation; the
// others are of sixty rules.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/data_folder.h"
#include "store/embedded/embedded_store.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/postgres_store.h"

namespace insightd::store {
namespace {

// These as bench/api_aggregator.py and aggregator_bare.cc have them.
constexpr std::int64_t kOrganizationClusters = 100;
std::int64_t OrganizationOf(std::int64_t number) { return number / kOrganizationClusters + 1; }
std::string ClusterName(std::int64_t number) {
  return fmt::format("00000000-0000-4000-8000-{:012}", number);
}

constexpr std::int64_t kHits = 7;
constexpr std::int64_t kOtherRules = 60;
constexpr std::size_t kReportBytes = 4'000;
constexpr std::size_t kHitFrameBytes = 150;  // of a hit beside its text
constexpr std::size_t kBatch = 500;

template <class T>
T Good(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::string Letters(std::uint64_t seed, std::size_t bytes) {
  const auto random = MakeSeededRandom(seed);
  std::string text;
  while (text.size() < bytes) text += fmt::format("{:016x}", random->Next());
  text.resize(bytes);
  return text;
}

class Silent final : public pg::MigrationObserver {
  void Waits(std::string_view) override {}
  void Begins(pg::Storage, std::int32_t, bool, std::string_view) override {}
  void Ended(microseconds) override {}
  void Moved(const pg::Move&, microseconds) override {}
  void Adds(std::string_view) override {}
};

ClusterResult ResultOf(std::int64_t number, Time checked) {
  ClusterResult result;
  result.org_id = OrganizationOf(number);
  result.cluster = ClusterName(number);
  result.request_id = fmt::format("{:032x}", number);
  result.last_checked = checked;
  result.gathered = checked;
  result.version = "4.18.3";
  std::string hits;
  for (std::int64_t hit = 0; hit < kHits; ++hit) {
    // Nine apart, so that no two of a cluster are of one rule.
    const std::int64_t rule = hit == 0 ? 0 : (number + hit * 9) % kOtherRules + 1;
    const std::string details =
        fmt::format(R"({{"type":"rule","error_key":"KEY_{}","text":"{}"}})", rule,
                    Letters(static_cast<std::uint64_t>(number * kHits + hit),
                            kReportBytes / kHits - kHitFrameBytes));
    const std::string component = fmt::format("ccx_rules_ocp.external.rules.rule_{}.report", rule);
    const std::string key = fmt::format("KEY_{}", rule);
    hits += fmt::format(R"({}{{"component":"{}","key":"{}","details":{}}})",
                        hits.empty() ? "" : ",", component, key, details);
    result.hits.push_back({component, key, details});
  }
  result.report = fmt::format(R"({{"reports":[{}],"skips":[],"pass":[]}})", hits);
  return result;
}

void Fill(Store& store, std::int64_t clusters) {
  const auto lease = Good(store.TryTakeDuty(Duty::kResults));
  const Time checked = SystemClock().Now();
  for (std::int64_t done = 0; done < clusters;) {
    std::vector<ClusterResult> batch;
    for (; done < clusters && batch.size() < kBatch; ++done) {
      batch.push_back(ResultOf(done, checked));
    }
    Good(store.Put(batch));
  }
}

void FillPostgres(const std::string& conninfo, std::int64_t clusters) {
  const auto connection =
      Good(pg::Connection::Open({.conninfo = conninfo, .statement_max = milliseconds(0)}));
  Silent silent;
  Good(pg::Migrate(*connection, {}, silent));
  Fill(*Good(OpenPostgresStore({.conninfo = conninfo})), clusters);
  Good(connection->Execute("ANALYZE"));
}

void FillSqlite(const std::string& path, std::int64_t clusters) {
  const DataFolder folder = Good(DataFolder::Open(path));
  EmbeddedStoreOptions options;
  options.path = folder.PathOf("store.db");
  Fill(*Good(OpenEmbeddedStore(std::move(options))), clusters);
}

}  // namespace
}  // namespace insightd::store

int main(int count, char** words) {
  const std::string engine = count == 4 ? words[1] : "";
  if (engine == "postgres") {
    insightd::store::FillPostgres(words[2], std::atoll(words[3]));
  } else if (engine == "sqlite") {
    insightd::store::FillSqlite(words[2], std::atoll(words[3]));
  } else {
    fmt::print(stderr, "see the head of {}\n", __FILE__);
    return 2;
  }
  return 0;
}
