// What bench/api_postgres.py needs beside the API: clusters in a database, and the bare rate.
//
//   reports_from_postgres fill CONNINFO CLUSTERS                      tables, and reports of 4 kB
//   reports_from_postgres bare CONNINFO CLUSTERS CONNECTIONS SECONDS  one prepared select
//
// `bare` is what any program that shows a report has to do at least: one select of the report's
// text by organisation and cluster, prepared once a connection, on all connections at once, by one
// thread a core that waits for all of its connections. Prints lines `name value`.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/postgres_store.h"

namespace insightd::store {
namespace {

constexpr std::int64_t kOrganizations = 1'000;
constexpr std::size_t kReportBytes = 4'000;
constexpr int kHits = 4;
constexpr int kThreads = 2;
constexpr std::size_t kBatch = 500;

[[noreturn]] void Give(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

template <class T>
T Good(Result<T> result) {
  if (!result) Give(result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Both as bench/api_postgres.py asks for them.
std::int64_t OrganizationOf(std::int64_t number) { return number % kOrganizations + 1; }
std::string ClusterName(std::int64_t number) {
  return fmt::format("00000000-0000-4000-8000-{:012}", number);
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

void Fill(const std::string& conninfo, std::int64_t clusters) {
  {
    const auto connection =
        Good(pg::Connection::Open({.conninfo = conninfo, .statement_max = milliseconds(0)}));
    Silent silent;
    Good(pg::Migrate(*connection, {}, silent));
  }
  const auto store = Good(OpenPostgresStore({.conninfo = conninfo}));
  const auto lease = Good(store->TryTakeDuty(Duty::kResults));
  const Time checked = SystemClock().Now();
  for (std::int64_t done = 0; done < clusters;) {
    std::vector<ClusterResult> batch;
    for (; done < clusters && batch.size() < kBatch; ++done) {
      ClusterResult& result = batch.emplace_back();
      result.org_id = OrganizationOf(done);
      result.cluster = ClusterName(done);
      result.request_id = fmt::format("{:032x}", done);
      result.last_checked = checked;
      result.gathered = checked;
      result.version = "4.18.3";
      std::string hits;
      for (int hit = 0; hit < kHits; ++hit) {
        const std::string details = fmt::format(
            R"({{"type":"rule","error_key":"KEY_{0}","text":"{1}"}})", hit,
            Letters(static_cast<std::uint64_t>(done * kHits + hit), kReportBytes / kHits - 200));
        result.hits.push_back({fmt::format("ccx_rules_ocp.external.rules.rule_{}.report", hit),
                               fmt::format("KEY_{}", hit), details});
        hits += fmt::format(R"({}{{"component":"{}","key":"{}","details":{}}})",
                            hits.empty() ? "" : ",", result.hits.back().component,
                            result.hits.back().key, details);
      }
      result.report = fmt::format(R"({{"reports":[{}],"skips":[],"pass":[]}})", hits);
    }
    Good(store->Put(batch));
  }
  const auto connection = Good(pg::Connection::Open({.conninfo = conninfo}));
  Good(connection->Execute("ANALYZE"));
}

struct Asker {
  PGconn* connection = nullptr;
  bool Ask(std::int64_t number) {
    const std::string org = std::to_string(OrganizationOf(number));
    const std::string cluster = ClusterName(number);
    const char* const values[] = {org.c_str(), cluster.c_str()};
    return PQsendQueryPrepared(connection, "s", 2, values, nullptr, nullptr, 1) == 1 &&
           PQflush(connection) == 0;
  }
};

void AskAll(const std::string& conninfo, std::int64_t clusters, int connections, int seed,
            const std::atomic<bool>& ends, std::atomic<std::int64_t>& answers) {
  std::vector<Asker> askers(static_cast<std::size_t>(connections));
  std::vector<pollfd> polls;
  const auto random = MakeSeededRandom(static_cast<std::uint64_t>(seed));
  const auto any = [&] {
    return static_cast<std::int64_t>(random->Below(static_cast<std::uint64_t>(clusters)));
  };
  for (Asker& asker : askers) {
    asker.connection = PQconnectdb(conninfo.c_str());
    PGresult* const prepared =
        PQprepare(asker.connection, "s",
                  "SELECT report FROM report WHERE org_id = $1 AND cluster = $2", 0, nullptr);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK) Give(PQerrorMessage(asker.connection));
    PQclear(prepared);
    polls.push_back({.fd = PQsocket(asker.connection), .events = POLLIN, .revents = 0});
    if (!asker.Ask(any())) Give(PQerrorMessage(asker.connection));
  }
  while (!ends) {
    poll(polls.data(), polls.size(), 1000);
    for (std::size_t i = 0; i < askers.size(); ++i) {
      if (polls[i].revents == 0) continue;
      PGconn* const connection = askers[i].connection;
      if (PQconsumeInput(connection) == 0) Give(PQerrorMessage(connection));
      while (PQisBusy(connection) == 0) {
        PGresult* const result = PQgetResult(connection);
        if (result == nullptr) {
          if (!askers[i].Ask(any())) Give(PQerrorMessage(connection));
          break;
        }
        if (PQntuples(result) != 1) Give("a cluster is not there");
        PQclear(result);
        ++answers;
      }
    }
  }
  for (Asker& asker : askers) PQfinish(asker.connection);
}

void Bare(const std::string& conninfo, std::int64_t clusters, int connections, double seconds) {
  std::atomic<bool> ends = false;
  std::atomic<std::int64_t> answers = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back(
        [&, t] { AskAll(conninfo, clusters, connections / kThreads, t + 1, ends, answers); });
  }
  while (answers < 1000) std::this_thread::sleep_for(milliseconds(10));
  const std::int64_t before = answers;
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("bare {:.0f}\n", static_cast<double>(answers - before) / took.count());
  ends = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace insightd::store

int main(int count, char** words) {
  const std::string verb = count > 1 ? words[1] : "";
  if (verb == "fill" && count == 4) {
    insightd::store::Fill(words[2], std::atoll(words[3]));
  } else if (verb == "bare" && count == 6) {
    insightd::store::Bare(words[2], std::atoll(words[3]), std::atoi(words[4]), std::atof(words[5]));
  } else {
    fmt::print(stderr, "see the head of {}\n", __FILE__);
    return 2;
  }
  return 0;
}
