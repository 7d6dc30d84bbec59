// Results a second into PostgreSQL: the store's own way beside a bare one, in turn, in one
// database.
//
//   results_into_postgres fill CONNINFO FOLDER CLUSTERS     tables, and so many clusters in them
//   results_into_postgres run CONNINFO FOLDER CLUSTERS BATCH SECONDS [PER_S]
//   results_into_postgres produce BROKERS TOPIC FOLDER CLUSTERS COUNT [PER_S]
//
// FOLDER holds result messages (*.json). Cluster number i has the rows of message i modulo their
// number; `produce` sends such messages to Kafka, each of a cluster of its own as long as there are
// enough. `bare` is what a program could do that decides nothing: see bare_results.h. Each takes
// clusters in a random order; PER_S: no more results a second than that. Prints lines `name value`,
// for bench/writer_postgres.py and bench/distributed.py.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bare_results.h"
#include "base/json.h"
#include "base/random.h"
#include "bus/kafka/kafka_bus.h"
#include "results/result.h"
#include "store/decide.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/postgres_store.h"

namespace insightd::store {
namespace {

constexpr std::int64_t kOrganizations = 1'000;

template <class T>
T Good(Result<T> result, std::string_view doing) {
  if (!result) {
    fmt::print(stderr, "{}: {}\n", doing, result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::vector<std::filesystem::path> PathsOf(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<ClusterResult> ReadMessages(const std::string& folder) {
  json::Parser parser;
  std::vector<ClusterResult> messages;
  for (const auto& path : PathsOf(folder)) {
    auto received = Good(results::Parse(ReadFile(path), parser), path.string());
    ClusterResult result{.report = std::move(received.report), .version = received.cluster_version};
    if (!result.version) result.version = "4.18.24";
    for (auto& hit : received.hits) {
      result.hits.push_back({std::move(hit.component), std::move(hit.key), std::move(hit.details)});
    }
    messages.push_back(std::move(result));
  }
  if (messages.empty()) {
    fmt::print(stderr, "no messages in {}\n", folder);
    std::exit(1);
  }
  return messages;
}

std::string ClusterName(std::int64_t number) {
  return fmt::format("{:08x}-0000-4000-8000-000000000000", number);
}

class Fleet {
 public:
  Fleet(std::vector<ClusterResult> messages, std::int64_t clusters)
      : messages_(std::move(messages)), clusters_(clusters) {}

  std::vector<ClusterResult> NextBatch(std::size_t size) {
    std::set<std::int64_t> numbers;
    while (numbers.size() < size) {
      numbers.insert(static_cast<std::int64_t>(random_->Below(clusters_)));
    }
    now_ += seconds(1);
    std::vector<ClusterResult> batch;
    for (const std::int64_t number : numbers) {
      ClusterResult result = messages_[number % messages_.size()];
      result.org_id = 1 + number % kOrganizations;
      result.cluster = ClusterName(number);
      result.request_id = random_->Hex(32);
      result.archive = result.request_id;
      result.pack = "ccx_rules_ocp base-1.0.0";
      result.last_checked = now_;
      result.gathered = now_;
      batch.push_back(std::move(result));
    }
    return batch;
  }

 private:
  const std::vector<ClusterResult> messages_;
  const std::int64_t clusters_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  Time now_ = std::chrono::floor<seconds>(SystemClock().Now());
};

// ---- Fill ----

class Quiet final : public pg::MigrationObserver {
  void Waits(std::string_view) override {}
  void Begins(pg::Storage, std::int32_t, bool, std::string_view) override {}
  void Ended(microseconds) override {}
  void Moved(const pg::Move&, microseconds) override {}
  void Adds(std::string_view) override {}
};

void Fill(const std::string& conninfo, const std::vector<ClusterResult>& messages,
          std::int64_t clusters) {
  auto connection = Good(pg::Connection::Open({.conninfo = conninfo, .statement_max = {}}), "fill");
  Quiet quiet;
  Good(pg::Migrate(*connection, {}, quiet), "migrate");
  Good(connection->Execute("CREATE TEMP TABLE m(n int PRIMARY KEY, report text, version text);"
                           "CREATE TEMP TABLE h(n int, rule text, key text, details text)"),
       "samples");
  for (std::size_t n = 0; n < messages.size(); ++n) {
    const auto number = static_cast<std::int64_t>(n);
    Good(connection->Run(
             "INSERT INTO m VALUES ($1, $2, $3)",
             pg::Params().Int(number).Text(messages[n].report).Text(*messages[n].version)),
         "sample");
    std::set<std::pair<std::string, std::string>> seen;
    for (const Hit& hit : messages[n].hits) {
      if (!seen.insert({hit.component, hit.key}).second) continue;
      Good(connection->Run(
               "INSERT INTO h VALUES ($1, $2, $3, $4)",
               pg::Params().Int(number).Text(hit.component).Text(hit.key).Text(hit.details)),
           "sample");
    }
  }
  const std::string from = fmt::format(
      "FROM (SELECT g, 1 + g % {} AS org, "
      "lpad(to_hex(g), 8, '0') || '-0000-4000-8000-000000000000' AS cluster, (g % {})::int AS n "
      "FROM generate_series(0, {} - 1) g) c ",
      kOrganizations, messages.size(), clusters);
  const std::string at = "timestamp '2026-01-01'";
  Good(connection->Execute(
           "INSERT INTO report SELECT org, cluster, m.report, " + at + ", " + at + ", 0, " + at +
           " " + from +
           "JOIN m USING (n) ORDER BY g; "
           "INSERT INTO report_info SELECT org, cluster, m.version " +
           from +
           "JOIN m USING (n) ORDER BY g; "
           "INSERT INTO rule_hit SELECT org, cluster, h.rule, h.key, h.details, " +
           at + " " + from +
           "JOIN h USING (n) ORDER BY g; "
           "INSERT INTO recommendation SELECT org, cluster, regexp_replace(h.rule, '\\.report$', "
           "''), h.key, h.rule || '|' || h.key, " +
           at + ", " + at + " " + from +
           "JOIN h USING (n) ORDER BY g; "
           "INSERT INTO insightd_cluster SELECT org, cluster, md5(g::text), " +
           at + ", " + at + ", " + at + ", m.version, '', 7, 100, 10, 0 " + from +
           "JOIN m USING (n) ORDER BY g"),
       "rows");
  Good(connection->Execute("VACUUM ANALYZE"), "vacuum");
}

// ---- Produce ----

void Replace(std::string& text, std::string_view member, std::string_view value) {
  const std::size_t key = text.find(fmt::format("\"{}\"", member));
  if (key == text.npos) return;
  const std::size_t begin = text.find_first_not_of(" \n\t", text.find(':', key) + 1);
  std::size_t end = text.find_first_of(",\n}", begin);
  if (text[begin] == '"') end = text.find('"', begin + 1) + 1;
  text.replace(begin, end - begin, value);
}

void Produce(const std::string& brokers, const std::string& topic, const std::string& folder,
             std::int64_t clusters, std::int64_t count, double per_s) {
  bus::KafkaBusOptions options;
  options.brokers = brokers;
  options.topics = {topic};
  options.delivery_timeout = milliseconds(60'000);
  options.queue_bytes_max = std::size_t{256} << 20;
  auto bus = Good(bus::OpenKafkaBus(std::move(options)), "bus");
  std::vector<std::string> messages;
  for (const auto& path : PathsOf(folder)) messages.push_back(ReadFile(path));
  const auto random = MakeSeededRandom(2);
  const Time now = SystemClock().Now();
  const microseconds begun = SystemClock().Steady();
  std::atomic<std::int64_t> done{0};
  for (std::int64_t i = 0; i < count; ++i) {
    if (per_s > 0) {
      const microseconds due(static_cast<std::int64_t>(static_cast<double>(i) * 1e6 / per_s));
      std::this_thread::sleep_for(begun + due - SystemClock().Steady());
    }
    // Far steps through all clusters: each comes once a round.
    const std::int64_t number = i * 7'919 % clusters;
    std::string text = messages[number % messages.size()];
    const std::string cluster = ClusterName(number);
    Replace(text, "OrgID", std::to_string(1 + number % kOrganizations));
    Replace(text, "ClusterName", fmt::format("\"{}\"", cluster));
    Replace(text, "LastChecked", fmt::format("\"{}\"", FormatTime(now + microseconds(i))));
    const std::string request_id = random->Hex(32);
    text.insert(1, fmt::format("\"RequestId\": \"{}\",", request_id));
    while (i - done > 2'000) std::this_thread::sleep_for(milliseconds(1));
    bus->producer().Produce(topic,
                            {.key = cluster,
                             .value = std::move(text),
                             .headers = {{std::string(results::kArchiveHeader), request_id}}},
                            [&done](const Result<bus::Position>& position) {
                              Good(position, "produce");
                              ++done;
                            });
  }
  Good(bus->producer().Flush(milliseconds(60'000)), "flush");
  bus->Close(milliseconds(10'000));
}

// ---- Run ----

double MemoryMib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// `per_s` 0: as many as there can be.
void RunBoth(const std::string& conninfo, Fleet fleet, std::size_t batch_size, double run_s,
             double per_s) {
  bench::BareResults bare(conninfo);
  auto store = Good(OpenPostgresStore({.conninfo = conninfo}), "store");
  const auto lease = Good(store->TryTakeDuty(Duty::kResults), "duty");
  constexpr int kRounds = 5;
  const double slice_s = run_s / (2 * kRounds);
  const double batch_s = per_s > 0 ? static_cast<double>(batch_size) / per_s : 0;
  double spent[2] = {};
  double cpu_s[2] = {};
  double results[2] = {};
  // The first round warms caches and plans.
  for (int round = 0; round <= kRounds; ++round) {
    for (const int way : {0, 1}) {
      double slice = 0;
      while (slice < slice_s) {
        const std::vector<ClusterResult> batch = fleet.NextBatch(batch_size);
        const double cpu_before_s = CpuSeconds();
        const microseconds begun = SystemClock().Steady();
        if (way == 0) {
          bare.Put(batch);
        } else {
          for (const PutOutcome outcome : Good(store->Put(batch), "put")) {
            INSIGHTD_ASSERT(outcome == PutOutcome::kStored);
          }
        }
        const double took = static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
        const double cpu = CpuSeconds() - cpu_before_s;
        slice += std::max(took, batch_s);
        if (took < batch_s) {
          std::this_thread::sleep_for(std::chrono::duration<double>(batch_s - took));
        }
        if (round == 0) continue;
        spent[way] += took;
        cpu_s[way] += cpu;
        results[way] += static_cast<double>(batch.size());
      }
    }
  }
  fmt::print("bare_per_s {:.0f}\nours_per_s {:.0f}\nshare {:.2f}\nmemory_mib {:.1f}\n",
             results[0] / spent[0], results[1] / spent[1],
             results[1] / spent[1] / (results[0] / spent[0]), MemoryMib());
  fmt::print("bare_cpu_us {:.1f}\nours_cpu_us {:.1f}\n", cpu_s[0] * 1e6 / results[0],
             cpu_s[1] * 1e6 / results[1]);
}

}  // namespace
}  // namespace insightd::store

int main(int argc, char** argv) {
  using namespace insightd::store;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "fill") {
    Fill(words[1], ReadMessages(words[2]), std::stoll(words[3]));
    return 0;
  }
  if ((words.size() == 6 || words.size() == 7) && words[0] == "run") {
    RunBoth(words[1], Fleet(ReadMessages(words[2]), std::stoll(words[3])), std::stoul(words[4]),
            std::stod(words[5]), words.size() == 7 ? std::stod(words[6]) : 0);
    return 0;
  }
  if ((words.size() == 6 || words.size() == 7) && words[0] == "produce") {
    Produce(words[1], words[2], words[3], std::stoll(words[4]), std::stoll(words[5]),
            words.size() == 7 ? std::stod(words[6]) : 0);
    return 0;
  }
  fmt::print(stderr, "see the first lines of bench/results_into_postgres.cc\n");
  return 2;
}
