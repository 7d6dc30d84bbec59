// A process that does nothing but store results in PostgreSQL, for tests that kill and cut things.
//
//   store_worker CONNINFO migrate
//   store_worker CONNINFO put FIRST COUNT PAUSE_MS     until all are stored, or SIGTERM
//
// Result number n is of cluster n modulo 100. Batches of ten, each tried until it is stored; the
// duty is taken again when it was lost. Each line of standard output that begins with `=` says what
// has happened: `=taken`, `=waits`, `=failed CODE`, `=stored NUMBER` for each that is durable.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "store/postgres/connection.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/postgres_store.h"

namespace insightd {
namespace {

constexpr int kClusters = 100;
constexpr int kBatch = 10;

volatile std::sig_atomic_t end_asked = 0;

void Say(const std::string& line) {
  // One write: the other end reads whole lines, even of a process that is killed.
  (void)!write(STDOUT_FILENO, line.data(), line.size());
}

class Quiet final : public store::pg::MigrationObserver {
  void Waits(std::string_view) override {}
  void Begins(store::pg::Storage, std::int32_t, bool, std::string_view) override {}
  void Ended(microseconds) override {}
  void Moved(const store::pg::Move&, microseconds) override {}
  void Adds(std::string_view) override {}
};

int Migrate(const std::string& conninfo) {
  auto connection =
      store::pg::Connection::Open({.conninfo = conninfo, .statement_max = milliseconds(0)});
  if (!connection) return 1;
  Quiet quiet;
  return store::pg::Migrate(**connection, {}, quiet) ? 0 : 1;
}

store::ClusterResult ResultOf(int number) {
  const std::string text = std::to_string(number);
  return {.org_id = 1,
          .cluster = fmt::format("cluster-{}", number % kClusters),
          .request_id = "request-" + text,
          .last_checked = Time(seconds(1'700'000'000 + number)),
          .report = std::string(5'000, 'r') + text,
          .hits = {{"a.b.report", "KEY", "details " + text}},
          .archive = "request-" + text};
}

int Put(const std::string& conninfo, int first, int count, milliseconds pause) {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Lease> lease;
  for (int number = first; number < first + count && end_asked == 0;) {
    const auto failed = [](const Error& error) {
      Say(fmt::format("=failed {}\n{}\n", CodeName(error.code()), error.message()));
      std::this_thread::sleep_for(milliseconds(50));
    };
    if (!store) {
      auto opened = store::OpenPostgresStore({.conninfo = conninfo,
                                              .application = "store_worker",
                                              .connect_max = milliseconds(1'000),
                                              .statement_max = milliseconds(1'000)});
      if (!opened) {
        failed(opened.error());
        continue;
      }
      store = *std::move(opened);
    }
    if (!lease || !lease->held()) {
      lease.reset();
      auto taken = store->TryTakeDuty(store::Duty::kResults);
      if (!taken) {
        if (taken.error().code() == Code::kConflict) Say("=waits\n");
        failed(taken.error());
        continue;
      }
      lease = *std::move(taken);
      Say("=taken\n");
    }
    std::vector<store::ClusterResult> results;
    for (int i = number; i < std::min(number + kBatch, first + count); ++i) {
      results.push_back(ResultOf(i));
    }
    const auto put = store->Put(results);
    if (!put) {
      failed(put.error());
      continue;
    }
    std::string said;
    for (std::size_t i = 0; i < results.size(); ++i) said += fmt::format("=stored {}\n", number++);
    Say(said);
    std::this_thread::sleep_for(pause);
  }
  return 0;
}

}  // namespace
}  // namespace insightd

int main(int argc, char** argv) {
  using namespace insightd;
  std::signal(SIGTERM, [](int) { end_asked = 1; });
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[1] == "migrate") return Migrate(words[0]);
  if (words.size() == 5 && words[1] == "put") {
    return Put(words[0], std::stoi(words[2]), std::stoi(words[3]),
               milliseconds(std::stoi(words[4])));
  }
  fmt::print(stderr, "see the first lines of store_worker.cc\n");
  return 2;
}
