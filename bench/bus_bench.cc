// Records a second through the embedded bus, produced, read and committed, beside the floor of the
// same run: the same bytes in the same batches written to a file and synced with fdatasync.
//
// Also how long one record alone takes until it is durable, and until a consumer has it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <string>

#include "base/clock.h"
#include "bus/embedded/embedded_bus.h"

namespace insightd::bus {
namespace {

constexpr std::size_t kRecordBytes = 15'000;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::current_path() / "bus_bench.XXXXXX").string();
    INSIGHTD_ASSERT(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::map<std::int64_t, double> floor_seconds;  // of one record, by size of the batch

double SecondsSince(microseconds begun) {
  return static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
}

void BM_Floor(benchmark::State& state) {
  const Folder folder;
  const int fd = open((folder / "floor").c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string bytes(kRecordBytes, 'x');
  double seconds_spent = 0;
  for (auto _ : state) {
    const microseconds begun = SystemClock().Steady();
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      INSIGHTD_ASSERT(write(fd, bytes.data(), bytes.size()) > 0);
    }
    INSIGHTD_ASSERT(fdatasync(fd) == 0);
    state.SetIterationTime(SecondsSince(begun));
    seconds_spent += SecondsSince(begun);
  }
  close(fd);
  const double records = static_cast<double>(state.iterations() * state.range(0));
  floor_seconds[state.range(0)] = seconds_spent / records;
  state.counters["records/s"] = records / seconds_spent;
}

// A batch is handed over, awaited, read and committed.
void BM_Through(benchmark::State& state) {
  const Folder folder;
  auto bus = *OpenEmbeddedBus({.path = folder / "bus.db", .topics = {{.name = "t"}}});
  auto consumer = *bus->Subscribe("g", {"t"});
  const std::string bytes(kRecordBytes, 'x');
  double seconds_spent = 0;
  for (auto _ : state) {
    const microseconds begun = SystemClock().Steady();
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      bus->producer().Produce("t", {.key = {}, .value = bytes, .headers = {}},
                              [](const Result<Position>& position) { INSIGHTD_ASSERT(position); });
    }
    std::int64_t read = 0;
    while (read < state.range(0)) {
      const auto messages = consumer->Poll(1000, seconds(10), {});
      read += static_cast<std::int64_t>(messages->size());
      INSIGHTD_ASSERT(consumer->Commit(messages->back().position));
    }
    state.SetIterationTime(SecondsSince(begun));
    seconds_spent += SecondsSince(begun);
  }
  const double records = static_cast<double>(state.iterations() * state.range(0));
  state.counters["records/s"] = records / seconds_spent;
  state.counters["x floor"] = seconds_spent / records / floor_seconds[state.range(0)];
}

// One small record on an idle bus until it is durable; beside it one write and fdatasync.
void BM_OneDurable(benchmark::State& state) {
  const Folder folder;
  auto bus = *OpenEmbeddedBus({.path = folder / "bus.db", .topics = {{.name = "t"}}});
  const int fd = open((folder / "floor").c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string bytes(1000, 'x');
  double floor = 0;
  double ours = 0;
  for (auto _ : state) {
    microseconds begun = SystemClock().Steady();
    INSIGHTD_ASSERT(write(fd, bytes.data(), bytes.size()) > 0 && fdatasync(fd) == 0);
    floor += SecondsSince(begun);
    begun = SystemClock().Steady();
    std::promise<void> durable;
    bus->producer().Produce("t", {.key = {}, .value = bytes, .headers = {}},
                            [&](const Result<Position>&) { durable.set_value(); });
    durable.get_future().wait();
    state.SetIterationTime(SecondsSince(begun));
    ours += SecondsSince(begun);
  }
  close(fd);
  state.counters["x fdatasync"] = ours / floor;
}

BENCHMARK(BM_Floor)->Arg(1)->Arg(10)->Arg(100)->UseManualTime();
BENCHMARK(BM_Through)->Arg(1)->Arg(10)->Arg(100)->UseManualTime();
BENCHMARK(BM_OneDurable)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace insightd::bus

BENCHMARK_MAIN();
