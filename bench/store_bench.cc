// Results a second into the embedded store, beside the floor of the same run: the same bytes by
// one statement each into a bare SQLite table, in the same batches, synced the same.
//
// A result is 15 kB with 8 hits, of which one changes; clusters come again and again, as in a
// fleet. Counters: results a second, and on the store's side its time as a multiple of the floor.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/sqlite.h"
#include "store/embedded/embedded_store.h"

namespace insightd::store {
namespace {

constexpr std::size_t kReportBytes = 15'000;
constexpr int kHits = 8;
constexpr int kClusters = 5'000;

// On the disk, not in memory: what is measured is what is durable.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::current_path() / "store_bench.XXXXXX").string();
    INSIGHTD_ASSERT(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The results of a fleet, one round of all clusters after the other.
class Fleet {
 public:
  ClusterResult Next() {
    const int cluster = next_ % kClusters;
    const int round = next_ / kClusters;
    ++next_;
    ClusterResult result{
        .org_id = 1,
        .cluster = "00000000-0000-0000-0000-0000000" + std::to_string(10'000 + cluster),
        .request_id = random_->Hex(32),
        .last_checked = Time(seconds(next_)),
        .gathered = Time(seconds(next_)),
        .report = report_ + std::to_string(round),
        .version = "4.18.24"};
    result.archive = result.request_id;
    result.pack = "ccx_rules_ocp base-1.0.0";
    for (int i = 0; i < kHits; ++i) {
      result.hits.push_back(
          {"ccx_rules_ocp.external.rules.rule_number_" + std::to_string(i) + ".report",
           "SOME_ERROR_KEY_" + std::to_string(i),
           std::string(400, 'd') + std::to_string(i == 0 ? round : 0)});
    }
    return result;
  }
  std::vector<ClusterResult> NextBatch(std::int64_t size) {
    std::vector<ClusterResult> batch;
    for (std::int64_t i = 0; i < size; ++i) batch.push_back(Next());
    return batch;
  }

 private:
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  const std::string report_ = std::string(kReportBytes, 'r');
  int next_ = 0;
};

std::map<std::int64_t, double> floor_seconds;  // of one result, by size of the batch

void BM_Floor(benchmark::State& state) {
  const Folder folder;
  auto database = *sqlite::Database::Open(folder / "floor.db", {.page_bytes = 8192});
  INSIGHTD_ASSERT(database->Execute(
      "CREATE TABLE t(cluster TEXT PRIMARY KEY, report TEXT, details TEXT) STRICT"));
  Fleet fleet;
  double seconds_spent = 0;
  for (auto _ : state) {
    const auto batch = fleet.NextBatch(state.range(0));
    const microseconds begun = SystemClock().Steady();
    sqlite::Transaction transaction(*database);
    INSIGHTD_ASSERT(transaction.BeginWrite());
    for (const ClusterResult& result : batch) {
      std::string details;
      for (const Hit& hit : result.hits) details += hit.component + hit.key + hit.details;
      sqlite::Query query(*database, "INSERT OR REPLACE INTO t VALUES (?,?,?)");
      INSIGHTD_ASSERT(query.Text(result.cluster).Text(result.report).Text(details).Run());
    }
    INSIGHTD_ASSERT(transaction.Commit());
    const double took = static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
    state.SetIterationTime(took);
    seconds_spent += took;
  }
  const double results = static_cast<double>(state.iterations() * state.range(0));
  floor_seconds[state.range(0)] = seconds_spent / results;
  state.counters["results/s"] = results / seconds_spent;
}

void BM_Put(benchmark::State& state) {
  const Folder folder;
  auto store = *OpenEmbeddedStore({.path = folder / "store.db"});
  Fleet fleet;
  double seconds_spent = 0;
  for (auto _ : state) {
    const auto batch = fleet.NextBatch(state.range(0));
    const microseconds begun = SystemClock().Steady();
    INSIGHTD_ASSERT(store->Put(batch));
    const double took = static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
    state.SetIterationTime(took);
    seconds_spent += took;
  }
  const double results = static_cast<double>(state.iterations() * state.range(0));
  state.counters["results/s"] = results / seconds_spent;
  state.counters["x floor"] = seconds_spent / results / floor_seconds[state.range(0)];
}

void BM_Report(benchmark::State& state) {
  const Folder folder;
  auto store = *OpenEmbeddedStore({.path = folder / "store.db"});
  Fleet fleet;
  const auto batch = fleet.NextBatch(1000);
  INSIGHTD_ASSERT(store->Put(batch));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(store->Report(1, batch[next++ % batch.size()].cluster, "user"));
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_FleetOfAThousand(benchmark::State& state) {
  const Folder folder;
  auto store = *OpenEmbeddedStore({.path = folder / "store.db"});
  Fleet fleet;
  INSIGHTD_ASSERT(store->Put(fleet.NextBatch(1000)));
  for (auto _ : state) {
    std::size_t hits = 0;
    INSIGHTD_ASSERT(store->Fleet(1, "", [&hits](const FleetCluster& cluster) {
      hits += cluster.hits.size();
      return true;
    }));
    benchmark::DoNotOptimize(hits);
  }
}

BENCHMARK(BM_Floor)->Arg(1)->Arg(10)->Arg(100)->UseManualTime();
BENCHMARK(BM_Put)->Arg(1)->Arg(10)->Arg(100)->UseManualTime();
BENCHMARK(BM_Report);
BENCHMARK(BM_FleetOfAThousand)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace insightd::store

BENCHMARK_MAIN();
