// The least that any program has to do for an answer of the aggregator: one prepared select of the
// rows that the answer is made of, by the engine's own client library alone.
//
//   aggregator_bare postgres CONNINFO CLUSTERS QUERY CONNECTIONS SECONDS
//   aggregator_bare sqlite FILE CLUSTERS QUERY CONNECTIONS SECONDS
//
// QUERY: report (its text), clusters (of an organisation), list (hits of 100 clusters by rule),
// recommendations (of 100 clusters), detail (clusters of an organisation that a rule hits).
//
// PostgreSQL: prepared once a connection, all connections at once, by one thread a core that waits
// for all of its connections. SQLite: a thread a connection, no more of them than cores. Every
// column of every row is taken. Prints `rate p50_ms p99_ms cpu_us rows`; `cpu_us` is of this
// process, for one query.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"

namespace {

using Steady = std::chrono::steady_clock;

// As in aggregator_fill.cc.
constexpr std::int64_t kOrganizationClusters = 100;
std::int64_t OrganizationOf(std::int64_t number) { return number / kOrganizationClusters + 1; }
std::string ClusterName(std::int64_t number) {
  return fmt::format("00000000-0000-4000-8000-{:012}", number);
}
constexpr const char* kRule = "ccx_rules_ocp.external.rules.rule_0|KEY_0";

[[noreturn]] void Give(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

enum class Second { kCluster, kSince, kClusters, kRuleId };

struct Question {
  const char* postgres;
  const char* sqlite;  // ?2 is a list of clusters where that is the second value
  Second second;
};

const std::map<std::string, Question, std::less<>>& Questions() {
  static const std::map<std::string, Question, std::less<>> questions = {
      {"report",
       {"SELECT report FROM report WHERE org_id = $1 AND cluster = $2",
        "SELECT report FROM report WHERE org_id = ?1 AND cluster = ?2", Second::kCluster}},
      {"clusters",
       {"SELECT cluster FROM report WHERE org_id = $1 AND reported_at >= $2::timestamp "
        "ORDER BY cluster",
        "SELECT cluster FROM insightd_cluster WHERE org_id = ?1 AND reported_at >= ?2 "
        "ORDER BY cluster",
        Second::kSince}},
      {"list",
       {"SELECT rule_id, cluster_id FROM recommendation WHERE org_id = $1 "
        "AND cluster_id = ANY($2::text[])",
        "SELECT rule_id, cluster_id FROM recommendation WHERE org_id = ?1 AND cluster_id IN (?2)",
        Second::kClusters}},
      {"recommendations",
       {"SELECT r.cluster, r.last_checked_at, i.version_info, h.rule_id FROM report r "
        "LEFT JOIN recommendation h ON h.org_id = r.org_id AND h.cluster_id = r.cluster "
        "LEFT JOIN report_info i ON i.cluster_id = r.cluster "
        "WHERE r.org_id = $1 AND r.cluster = ANY($2::text[])",
        "SELECT r.cluster, r.last_checked_at, i.version_info, h.rule_id FROM insightd_cluster r "
        "LEFT JOIN recommendation h ON h.org_id = r.org_id AND h.cluster_id = r.cluster "
        "LEFT JOIN report_info i ON i.cluster_id = r.cluster "
        "WHERE r.org_id = ?1 AND r.cluster IN (?2)",
        Second::kClusters}},
      {"detail",
       {"SELECT h.cluster_id, h.created_at, h.impacted_since, i.version_info FROM recommendation h "
        "LEFT JOIN report_info i ON i.cluster_id = h.cluster_id "
        "WHERE h.org_id = $1 AND h.rule_id = $2 ORDER BY h.cluster_id",
        "SELECT h.cluster_id, h.created_at, h.impacted_since, i.version_info FROM recommendation h "
        "LEFT JOIN report_info i ON i.cluster_id = h.cluster_id "
        "WHERE h.org_id = ?1 AND h.rule_id = ?2 ORDER BY h.cluster_id",
        Second::kRuleId}},
  };
  return questions;
}

struct Task {
  Question question;
  std::string place;  // conninfo or file
  std::int64_t clusters = 0;
  int connections = 0;
};

// Of all threads.
struct Tally {
  std::atomic<bool> counts = false;
  std::atomic<bool> ends = false;
  std::atomic<std::int64_t> rows = 0;
};

// Of one thread.
struct Times {
  std::vector<float> ms;
  void Note(const Tally& tally, Steady::time_point asked) {
    if (!tally.counts.load(std::memory_order_relaxed)) return;
    ms.push_back(std::chrono::duration<float, std::milli>(Steady::now() - asked).count());
  }
};

std::int64_t FirstOf(std::int64_t number) {
  return number / kOrganizationClusters * kOrganizationClusters;
}

// ---- PostgreSQL ----

std::string SecondText(Second second, std::int64_t number) {
  switch (second) {
    case Second::kCluster: return ClusterName(number);
    case Second::kSince: return "2020-01-01 00:00:00";
    case Second::kRuleId: return kRule;
    case Second::kClusters: break;
  }
  std::string list = "{";
  for (std::int64_t i = 0; i < kOrganizationClusters; ++i) {
    if (i != 0) list += ',';
    list += ClusterName(FirstOf(number) + i);
  }
  return list + "}";
}

struct Asker {
  PGconn* connection = nullptr;
  Steady::time_point asked{};

  void Ask(const Question& question, std::int64_t number) {
    const std::string org = std::to_string(OrganizationOf(number));
    const std::string second = SecondText(question.second, number);
    const char* const values[] = {org.c_str(), second.c_str()};
    asked = Steady::now();
    if (PQsendQueryPrepared(connection, "s", 2, values, nullptr, nullptr, 1) != 1 ||
        PQflush(connection) != 0) {
      Give(PQerrorMessage(connection));
    }
  }
};

void Take(const PGresult* result, Tally& tally) {
  if (PQresultStatus(result) != PGRES_TUPLES_OK) Give(PQresultErrorMessage(result));
  const int rows = PQntuples(result);
  if (rows == 0) Give("a query finds nothing");
  tally.rows.store(rows, std::memory_order_relaxed);
}

void AskPostgres(const Task& task, int connections, int seed, Tally& tally, Times& times) {
  std::vector<Asker> askers(static_cast<std::size_t>(connections));
  std::vector<pollfd> polls;
  const auto random = insightd::MakeSeededRandom(static_cast<std::uint64_t>(seed));
  const auto any = [&] {
    return static_cast<std::int64_t>(random->Below(static_cast<std::uint64_t>(task.clusters)));
  };
  for (Asker& asker : askers) {
    asker.connection = PQconnectdb(task.place.c_str());
    PGresult* const prepared = PQprepare(asker.connection, "s", task.question.postgres, 0, nullptr);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK) Give(PQerrorMessage(asker.connection));
    PQclear(prepared);
    polls.push_back({.fd = PQsocket(asker.connection), .events = POLLIN, .revents = 0});
    asker.Ask(task.question, any());
  }
  while (!tally.ends) {
    poll(polls.data(), polls.size(), 1000);
    for (std::size_t i = 0; i < askers.size(); ++i) {
      if (polls[i].revents == 0) continue;
      PGconn* const connection = askers[i].connection;
      if (PQconsumeInput(connection) == 0) Give(PQerrorMessage(connection));
      while (PQisBusy(connection) == 0) {
        PGresult* const result = PQgetResult(connection);
        if (result == nullptr) {
          times.Note(tally, askers[i].asked);
          askers[i].Ask(task.question, any());
          break;
        }
        Take(result, tally);
        PQclear(result);
      }
    }
  }
  for (const Asker& asker : askers) PQfinish(asker.connection);
}

// ---- SQLite ----

std::string SqliteText(const Question& question) {
  std::string text = question.sqlite;
  if (question.second != Second::kClusters) return text;
  std::string list = "?2";
  for (std::int64_t i = 1; i < kOrganizationClusters; ++i) list += fmt::format(",?{}", i + 2);
  return text.replace(text.rfind("?2"), 2, list);
}

void AskSqlite(const Task& task, int seed, Tally& tally, Times& times) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_open_v2(task.place.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                      nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(database, SqliteText(task.question).c_str(), -1, &statement, nullptr) !=
          SQLITE_OK) {
    Give(sqlite3_errmsg(database));
  }
  const auto random = insightd::MakeSeededRandom(static_cast<std::uint64_t>(seed));
  while (!tally.ends) {
    const auto number =
        static_cast<std::int64_t>(random->Below(static_cast<std::uint64_t>(task.clusters)));
    const auto asked = Steady::now();
    std::vector<std::string> texts;
    sqlite3_bind_int64(statement, 1, OrganizationOf(number));
    if (task.question.second == Second::kSince) {
      sqlite3_bind_int64(statement, 2, 1);
    } else if (task.question.second == Second::kClusters) {
      for (std::int64_t i = 0; i < kOrganizationClusters; ++i) {
        texts.push_back(ClusterName(FirstOf(number) + i));
      }
    } else {
      texts.push_back(SecondText(task.question.second, number));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      sqlite3_bind_text(statement, static_cast<int>(i) + 2, texts[i].data(),
                        static_cast<int>(texts[i].size()), SQLITE_STATIC);
    }
    std::int64_t rows = 0;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement), ++rows) {
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        (void)sqlite3_column_text(statement, column);
      }
    }
    if (code != SQLITE_DONE) Give(sqlite3_errmsg(database));
    if (rows == 0) Give("a query finds nothing");
    sqlite3_reset(statement);
    times.Note(tally, asked);
    tally.rows.store(rows, std::memory_order_relaxed);
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
}

// ---- Both ----

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Run(const Task& task, bool postgres, double seconds) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int thread_count = std::min(cores, task.connections);
  Tally tally;
  std::vector<Times> times(static_cast<std::size_t>(thread_count));
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      Times& mine = times[static_cast<std::size_t>(t)];
      if (postgres) {
        const int share = task.connections / thread_count + (t < task.connections % thread_count);
        AskPostgres(task, share, t + 1, tally, mine);
      } else {
        AskSqlite(task, t + 1, tally, mine);
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // caches fill, plans settle
  const double cpu_before = CpuSeconds();
  const auto began = Steady::now();
  tally.counts = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  tally.counts = false;
  const std::chrono::duration<double> took = Steady::now() - began;
  const double cpu = CpuSeconds() - cpu_before;
  tally.ends = true;
  for (std::thread& thread : threads) thread.join();

  std::vector<float> all;
  for (const Times& one : times) all.insert(all.end(), one.ms.begin(), one.ms.end());
  if (all.empty()) Give("no query has ended");
  std::sort(all.begin(), all.end());
  const auto at = [&all](std::size_t percent) { return all[(all.size() - 1) * percent / 100]; };
  fmt::print("{:.0f} {:.3f} {:.3f} {:.1f} {}\n", static_cast<double>(all.size()) / took.count(),
             at(50), at(99), cpu / static_cast<double>(all.size()) * 1e6, tally.rows.load());
}

}  // namespace

int main(int count, char** words) {
  const std::string engine = count == 7 ? words[1] : "";
  const auto question = count == 7 ? Questions().find(words[4]) : Questions().end();
  if ((engine != "postgres" && engine != "sqlite") || question == Questions().end()) {
    fmt::print(stderr, "see the head of {}\n", __FILE__);
    return 2;
  }
  Run({.question = question->second,
       .place = words[2],
       .clusters = std::atoll(words[3]),
       .connections = std::atoi(words[5])},
      engine == "postgres", std::atof(words[6]));
  return 0;
}
