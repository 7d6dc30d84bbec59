// Every result that the bus has acknowledged ends exactly once, whatever moment the process is
// killed at: stored, replaced, overtaken, or a dead letter.
//
// A child runs producer, writer, keeper of dead letters and cleaner over one folder, and tells each
// acknowledgement through a pipe. It is killed again and again; in the end one goes on until the
// bus is empty, and each acknowledged upload is looked up.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "base/testing/temp_folder.h"
#include "blob/embedded/embedded_blob.h"
#include "bus/embedded/embedded_bus.h"
#include "store/data_folder.h"
#include "store/embedded/embedded_store.h"
#include "upkeep/cleaner.h"
#include "upkeep/letter_keeper.h"
#include "writer/writer.h"

namespace insightd {
namespace {

constexpr int kKills = 20;
constexpr int kClusters = 7;
constexpr int kAcknowledgedARound = 60;

// What a child runs; everything in its folder.
class Flow {
 public:
  explicit Flow(const std::string& path) {
    log::Configure({.instance = {}, .version = {}, .level_min = log::Level::kFatal});
    auto folder = store::DataFolder::Open(path);
    INSIGHTD_ASSERT(folder);
    folder_ = std::make_unique<store::DataFolder>(*std::move(folder));
    writer_settings_.messages = "results";
    std::vector<bus::TopicOptions> topics = {{.name = writer_settings_.results_topic,
                                              .partitions = 3,
                                              .groups = {writer_settings_.group}}};
    for (const std::string& letters : upkeep_settings_.dead_letter_topics) {
      topics.push_back({.name = letters, .groups = {upkeep_settings_.group}});
    }
    auto bus = bus::OpenEmbeddedBus({.path = folder_->PathOf("bus.db"), .topics = topics});
    auto store = store::OpenEmbeddedStore({.path = folder_->PathOf("store.db")});
    auto blobs = blob::OpenEmbeddedBlob({.folder = folder_->PathOf("blob"), .free_bytes_min = 0});
    INSIGHTD_ASSERT(bus && store && blobs);
    bus_ = *std::move(bus);
    store_ = *std::move(store);
    blobs_ = *std::move(blobs);
    upkeep_settings_.archive_kept_s = 0;
    writer_ = std::make_unique<writer::Writer>(
        writer::Doors{*bus_, *store_, SystemClock(), registry_}, writer_settings_, "test");
    keeper_ = std::make_unique<upkeep::LetterKeeper>(*bus_, *store_, upkeep_settings_);
    cleaner_ = std::make_unique<upkeep::Cleaner>(*blobs_, *store_, SystemClock(), registry_,
                                                 upkeep_settings_);
    INSIGHTD_ASSERT(writer_->Open() && keeper_->Open());
  }

  bus::Bus& bus() { return *bus_; }
  store::Store& store() { return *store_; }
  const std::string& results_topic() const { return writer_settings_.results_topic; }

  void Start() {
    threads_.emplace_back(
        [this](std::stop_token stop) { INSIGHTD_ASSERT(writer_->Run(std::move(stop))); });
    threads_.emplace_back(
        [this](std::stop_token stop) { INSIGHTD_ASSERT(keeper_->Run(std::move(stop))); });
    threads_.emplace_back([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) INSIGHTD_ASSERT(cleaner_->Step());
    });
  }
  // Until nothing is left to do.
  void Drain() {
    while (writer_->Step().value()) {
    }
    while (keeper_->Step().value()) {
    }
  }

 private:
  writer::Settings writer_settings_;
  upkeep::Settings upkeep_settings_;
  metrics::Registry registry_;
  std::unique_ptr<store::DataFolder> folder_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<writer::Writer> writer_;
  std::unique_ptr<upkeep::LetterKeeper> keeper_;
  std::unique_ptr<upkeep::Cleaner> cleaner_;
  std::vector<std::jthread> threads_;
};

// The number of an upload says everything about it.
int ClusterOf(int number) { return number % kClusters; }
bool IsBroken(int number) { return number % 11 == 3; }
// Some come in the wrong order.
int SecondOf(int number) { return number % 5 == 4 ? number - 20 : number; }
std::string RequestOf(int number) { return fmt::format("{:032}", number); }

std::string MessageOf(int number) {
  return fmt::format(
      R"({{"OrgID": 1, "ClusterName": "00000000-0000-0000-0000-{:012}", "LastChecked": "{}",)"
      R"( "Version": 2, "RequestId": "{}", "Report": {{"system": {{}}, "fingerprints": [],)"
      R"( "reports": [{{"component": "a.b.report", "key": "K", "details": {{"n": {}}}}}]}}}})",
      ClusterOf(number),
      IsBroken(number) ? "no date" : FormatTime(Time(seconds(1'700'000'000 + SecondOf(number)))),
      RequestOf(number), number);
}

[[noreturn]] void RunChild(const std::string& path, int first, int pipe_end) {
  Flow flow(path);
  flow.Start();
  for (int number = first;; ++number) {
    flow.bus().producer().Produce(
        flow.results_topic(),
        {.key = std::to_string(ClusterOf(number)), .value = MessageOf(number), .headers = {}},
        [number, pipe_end](const Result<bus::Position>& position) {
          if (position) (void)!write(pipe_end, &number, sizeof(number));
        });
    if (number % 8 == 7) (void)flow.bus().producer().Flush(seconds(10));
  }
}

TEST(KillTest, EveryAcknowledgedResultEndsExactlyOnce) {
  const testing::TempFolder temp;
  const std::string path = temp / "data";
  const std::uint64_t seed = SystemRandom().Next();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  const auto random = MakeSeededRandom(seed);

  std::set<int> acknowledged;
  int first = 0;
  for (int round = 0; round < kKills; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      RunChild(path, first, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    const std::size_t enough = acknowledged.size() + 1 + random->Below(kAcknowledgedARound);
    bool killed = false;
    int number = 0;
    while (read(pipe_ends[0], &number, sizeof(number)) == sizeof(number)) {
      acknowledged.insert(number);
      first = std::max(first, number + 1);
      if (!killed && acknowledged.size() >= enough) {
        kill(child, SIGKILL);
        killed = true;
      }
    }
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the child ended by itself";
    // Those that were produced and not told may be there too: they keep their numbers.
    first += 1000;
  }

  Flow flow(path);
  flow.Drain();

  std::map<int, int> newest;  // by cluster
  std::map<store::UploadEnd, int> ends;
  for (const int number : acknowledged) {
    const auto upload = flow.store().FindUpload(RequestOf(number));
    ASSERT_TRUE(upload) << number << " was acknowledged and is lost";
    ++ends[upload->end];
    EXPECT_EQ(upload->end == store::UploadEnd::kDeadLetter, IsBroken(number)) << number;
  }
  const auto letters = flow.store().ListDeadLetters({.letters_max = 100'000}).value();
  std::set<std::string> set_aside;
  for (const store::DeadLetter& letter : letters) {
    EXPECT_TRUE(set_aside.insert(letter.request_id).second) << letter.request_id << " twice";
  }
  // One result a cluster is the current one, and it is the newest that was acknowledged or later.
  for (int cluster = 0; cluster < kClusters; ++cluster) {
    const auto meta =
        flow.store().Meta(1, fmt::format("00000000-0000-0000-0000-{:012}", cluster)).value();
    for (const int number : acknowledged) {
      if (ClusterOf(number) != cluster || IsBroken(number)) continue;
      EXPECT_GE(meta.last_checked, Time(seconds(1'700'000'000 + SecondOf(number))));
    }
  }
  EXPECT_GT(ends[store::UploadEnd::kReplaced], 0);
  EXPECT_GT(ends[store::UploadEnd::kDeadLetter], 0);
}

}  // namespace
}  // namespace insightd
