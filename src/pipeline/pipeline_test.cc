#include "pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/gzip.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/log_printer.h"
#include "bus/dead_letter.h"
#include "pipeline/testing/fakes.h"
#include "pipeline/testing/pipeline_test_base.h"
#include "results/result.h"
#include "results/workloads.h"

namespace insightd::pipeline {
namespace {

using testing::Archive;
using testing::FakeBus;
using testing::FakeClock;
using testing::FakeEvaluator;
using testing::kAnnounce;
using testing::kCluster;
using testing::kDead;
using testing::kInfo;
using testing::kResults;
using testing::kTracker;
using testing::kWorkloads;
using testing::PipelineTest;

TEST_F(PipelineTest, MakesAResultKeyedByClusterAndCommits) {
  Upload("r1");
  const auto pipeline = Open();
  Drain(*pipeline);

  ASSERT_EQ(bus_.topics[kResults].size(), 1u);
  const bus::Record& record = bus_.topics[kResults][0];
  EXPECT_EQ(record.key, kCluster);
  EXPECT_EQ(*record.FindHeader(results::kArchiveHeader), "r1");
  EXPECT_EQ(*record.FindHeader(results::kPassesHeader), "5");
  json::Parser parser;
  const auto received = results::Parse(record.value, parser);
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->org_id, 7);
  EXPECT_EQ(received->request_id, "r1");
  EXPECT_EQ(FormatTime(received->last_checked), "2026-08-01T10:00:00.123456Z");
  EXPECT_EQ(received->hits.size(), 2u);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
  EXPECT_TRUE(bus_.topics[kDead].empty());
}

// Tells what the pulse says while it judges, for a time that no judging takes.
class HangingEvaluator final : public Evaluator {
 public:
  HangingEvaluator(FakeClock& clock, const Pulse& pulse, std::string& seen)
      : clock_(clock), pulse_(pulse), seen_(seen) {}
  bool Wants(std::string_view) const override { return true; }
  Result<Evaluated> Evaluate(archive::FileTree) override {
    clock_.steady += Pulse::kStepMax;
    seen_ += HungText(pulse_);
    clock_.steady += seconds(1);
    seen_ += HungText(pulse_);
    return Evaluated{};
  }

 private:
  FakeClock& clock_;
  const Pulse& pulse_;
  std::string& seen_;
};

TEST_F(PipelineTest, AJudgeThatHangsIsNamedWithItsStep) {
  Upload("r1");
  Pulse pulse(clock_);
  std::string seen;
  Pipeline pipeline(
      Doors{bus_, blobs_, clock_, *random_, registry_, &pulse}, settings_,
      [&] { return std::make_unique<HangingEvaluator>(clock_, pulse, seen); }, "test-1");
  ASSERT_TRUE(pipeline.Open());
  Drain(pipeline);

  EXPECT_EQ(seen, "step: evaluate has lasted 301 s, more than the 300 s of a step\n");
  clock_.steady += 2 * Pulse::kStepMax;
  EXPECT_EQ(HungText(pulse), "") << "it has gone on, and waits for work";
}

TEST_F(PipelineTest, WhatIsTriedAgainWhileTheStoreIsAwayDoesNotHang) {
  Upload("r1");
  blobs_.failures = 3;
  Pulse pulse(clock_);
  Pipeline pipeline(
      Doors{bus_, blobs_, clock_, *random_, registry_, &pulse}, settings_,
      [] { return std::make_unique<FakeEvaluator>(); }, "test-1");
  ASSERT_TRUE(pipeline.Open());
  for (int i = 0; i < 3; ++i) {
    Drain(pipeline);
    clock_.steady += 2 * Pulse::kStepMax;
    EXPECT_EQ(HungText(pulse), "");
  }
}

TEST_F(PipelineTest, TakesTheClusterFromTheArchiveWhenNobodyNamedIt) {
  Upload("r1", "");
  Drain(*Open());
  ASSERT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.topics[kResults][0].key, kCluster);
}

TEST_F(PipelineTest, SetsAsideWhatHasNoClusterAtAll) {
  blobs_.objects["r1"] = Archive("");
  Announce("r1", "");
  Drain(*Open());
  EXPECT_TRUE(bus_.topics[kResults].empty());
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  const bus::DeadLetter letter = Letter();
  EXPECT_EQ(letter.failure.stage, kStageUnpack);
  EXPECT_EQ(letter.failure.code, "invalid");
  EXPECT_THAT(letter.failure.reason, ::testing::HasSubstr("no cluster id"));
  EXPECT_EQ(letter.failure.request_id, "r1");
  EXPECT_EQ(letter.failure.org_id, 7);
  EXPECT_EQ(letter.failure.archive, "r1");
  EXPECT_EQ(letter.failure.build, "test-1");
  EXPECT_EQ(letter.origin.offset, 0);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, SetsAsideWhatCannotBeUnpackedOrParsedOrFound) {
  blobs_.objects["r1"] = Archive(kCluster).substr(0, 100);
  Announce("r1");
  bus_.topics[kAnnounce].push_back(
      {.key = "k", .value = "no JSON", .headers = {{"service", "openshift"}}, .timestamp = {}});
  Announce("gone");
  Drain(*Open());
  ASSERT_EQ(bus_.topics[kDead].size(), 3u);
  EXPECT_EQ(Letter(0).failure.code, "corrupt");
  EXPECT_EQ(Letter(1).failure.stage, kStageParse);
  EXPECT_EQ(Letter(1).record.value, "no JSON");
  EXPECT_EQ(Letter(1).record.key, "k");
  EXPECT_EQ(Letter(2).failure.stage, kStageFetch);
  EXPECT_EQ(Letter(2).failure.code, "not_found");
  EXPECT_EQ(bus_.committed[kAnnounce], 2);
}

TEST_F(PipelineTest, PassesOverOtherServices) {
  Announce("r1", kCluster, "advisor");
  Drain(*Open());
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, TriesAgainLaterWhatMayPassLater) {
  Upload("r1");
  blobs_.failures = 2;
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_TRUE(bus_.topics[kResults].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
  for (int i = 0; i < 2; ++i) {
    clock_.steady += seconds(1);
    Drain(*pipeline);
  }
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, GivesUpTryingAfterItsTime) {
  settings_.retry_s_max = 10;
  Upload("r1");
  blobs_.failures = 1'000;
  const auto pipeline = Open();
  for (int i = 0; i < 30; ++i) {
    Drain(*pipeline);
    clock_.steady += seconds(1);
  }
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(Letter().failure.code, "unavailable");
  EXPECT_GT(Letter().failure.tries, 2);
  EXPECT_GE(Letter().failure.last_failed - Letter().failure.first_failed, seconds(10));
}

TEST_F(PipelineTest, CommitsOnlyBelowWhatIsStillInWork) {
  Upload("r1");
  Upload("r2");
  blobs_.failures = 1;  // r1 has to wait
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
  clock_.steady += seconds(1);
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kResults].size(), 2u);
  EXPECT_EQ(bus_.committed[kAnnounce], 1);
}

TEST_F(PipelineTest, CommitsOnlyWhatIsDurable) {
  Upload("r1");
  bus_.hold = true;
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
  bus_.ReleaseHeld();
  Drain(*pipeline);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, TriesAgainWhenADeliveryFails) {
  Upload("r1");
  bus_.failures[kResults] = 1;
  Announce("gone");
  bus_.failures[kDead] = 3;
  const auto pipeline = Open();
  for (int i = 0; i < 5; ++i) {
    Drain(*pipeline);
    clock_.steady += seconds(60);
  }
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], 1);
}

TEST_F(PipelineTest, SetsAsideAResultThatIsTooLargeForTheBus) {
  Upload("r1");
  bus_.record_bytes_max = 600;  // a letter fits, a result does not
  Drain(*Open());
  EXPECT_TRUE(bus_.topics[kResults].empty());
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(Letter().failure.stage, kStageProduce);
  EXPECT_EQ(Letter().failure.code, "too_large");
}

TEST_F(PipelineTest, ALetterThatIsTooLargeGoesWithoutItsValue) {
  bus_.topics[kAnnounce].push_back(
      {.key = {}, .value = std::string(500, 'x'), .headers = {{"service", "openshift"}}});
  bus_.topic_bytes_max[kDead] = 100;
  const auto pipeline = Open();
  for (int round = 0; round < 5; ++round) {
    Drain(*pipeline);
    clock_.steady += seconds(60);
  }
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(Letter().record.value, "");
  EXPECT_NE(Letter().failure.reason.find("500 bytes"), std::string::npos);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, StopsWhenItsGroupHasShutItOut) {
  const auto pipeline = Open();
  bus_.poll_failure = Error(Code::kUnavailable, "away");
  EXPECT_TRUE(pipeline->Step());
  bus_.poll_failure = Error(Code::kInternal, "shut out");
  EXPECT_FALSE(pipeline->Step());
}

TEST_F(PipelineTest, StopsOnWhatNobodyCanMend) {
  Upload("r1");
  failure_ = Code::kInternal;
  const auto pipeline = Open();
  const Result<bool> stepped = pipeline->Step();
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code(), Code::kInternal);
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
}

TEST_F(PipelineTest, ComesToTheSameEndAfterACrash) {
  Upload("r1");
  bus_.hold = true;
  {
    const auto pipeline = Open();
    Drain(*pipeline);  // the result is there, the commit is not
  }
  bus_.held.clear();
  bus_.hold = false;
  Drain(*Open());
  EXPECT_EQ(bus_.topics[kResults].size(), 2u);  // twice the same: the writer takes one
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, NeverTakesMoreIntoWorkThanItMay) {
  settings_.in_work_max = 3;
  bus_.hold = true;
  for (int i = 0; i < 10; ++i) Upload("r" + std::to_string(i));
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kResults].size(), 3u);
  for (int i = 0; i < 10; ++i) {
    bus_.ReleaseHeld();
    Drain(*pipeline);
  }
  EXPECT_EQ(bus_.topics[kResults].size(), 10u);
  EXPECT_EQ(bus_.committed[kAnnounce], 9);
}

// A small window, and more uploads than it and its witnesses hold.
class WindowTest : public PipelineTest {
 protected:
  static constexpr std::size_t kWindow = 4;
  static constexpr std::size_t kUploads = 300;  // more than there is room for

  WindowTest() {
    settings_.in_work_max = kWindow;
    for (std::size_t i = 0; i < kUploads; ++i) Upload("r" + std::to_string(i));
  }
  void Pass(Pipeline& pipeline, seconds time) {
    for (seconds passed{0}; passed < time; passed += seconds(1)) {
      Drain(pipeline);
      clock_.steady += seconds(1);
    }
  }
};

TEST_F(WindowTest, OneArchiveThatCannotBeReadHoldsNobodyUpForLong) {
  blobs_.broken = {"r0"};
  const auto pipeline = Open();
  Pass(*pipeline, seconds(50));
  EXPECT_LT(bus_.topics[kResults].size(), kUploads - 1);
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], -1);

  Pass(*pipeline, seconds(60));
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(Letter().failure.request_id, "r0");
  EXPECT_EQ(Letter().failure.stage, kStageFetch);
  EXPECT_NE(Letter().failure.reason.find("wait for it"), std::string::npos);
  EXPECT_EQ(bus_.topics[kResults].size(), kUploads - 1);
  EXPECT_EQ(bus_.committed[kAnnounce], kUploads - 1);
}

TEST_F(WindowTest, AnOutageOfTheStoreSetsNothingAside) {
  blobs_.broken = {"r0"};
  const auto pipeline = Open();
  for (int outage = 0; outage < 2; ++outage) {
    Pass(*pipeline, seconds(1));
    blobs_.is_away = true;
    blobs_.broken.clear();
    const std::size_t before = bus_.topics[kResults].size();
    Pass(*pipeline, std::chrono::minutes(30));
    EXPECT_EQ(bus_.topics[kResults].size(), before);
    blobs_.is_away = false;
  }
  Pass(*pipeline, std::chrono::minutes(2));
  EXPECT_EQ(bus_.topics[kResults].size(), kUploads);
  EXPECT_TRUE(bus_.topics[kDead].empty());
}

TEST_F(WindowTest, AnOutageFromTheStartSetsNothingAside) {
  blobs_.is_away = true;
  const auto pipeline = Open();
  Pass(*pipeline, std::chrono::minutes(30));
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_TRUE(bus_.topics[kResults].empty());
}

// What is for others says nothing of the store.
TEST_F(WindowTest, WhatIsForOthersDoesNotTakeTheRoomOfWitnesses) {
  bus_.topics[kAnnounce].resize(1);
  for (int i = 0; i < 200; ++i) Announce("other" + std::to_string(i), kCluster, "advisor");
  for (int i = 1; i < 40; ++i) Announce("r" + std::to_string(i));
  blobs_.broken = {"r0"};
  const auto pipeline = Open();
  Pass(*pipeline, seconds(120));
  ASSERT_EQ(bus_.topics[kDead].size(), 1u);
  EXPECT_EQ(Letter().failure.request_id, "r0");
  EXPECT_EQ(bus_.topics[kResults].size(), 39u);
}

TEST_F(WindowTest, WhereManyFailNothingIsSetAside) {
  for (const char* key : {"r0", "r1", "r2"}) blobs_.broken.insert(key);
  const auto pipeline = Open();
  Pass(*pipeline, std::chrono::minutes(30));
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_GT(bus_.topics[kResults].size(), 16u);
  EXPECT_LT(bus_.topics[kResults].size(), kUploads - 3);
}

// ---- Other messages ----

TEST_F(PipelineTest, WorkloadsGoOutBesideTheResult) {
  UploadWorkloads("r1");
  Drain(*Open());
  ASSERT_EQ(bus_.topics[kResults].size(), 1u);
  ASSERT_EQ(bus_.topics[kWorkloads].size(), 1u);
  const bus::Record& record = bus_.topics[kWorkloads][0];
  EXPECT_EQ(record.key, kCluster);
  json::Parser parser;
  const auto received = results::ParseWorkloads(record.value, parser);
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->cluster, kCluster);
  EXPECT_EQ(received->request_id, "r1");
  EXPECT_EQ(FormatTime(received->last_checked), "2026-08-01T10:00:00.123456Z");
  EXPECT_EQ(received->namespaces.size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
  EXPECT_TRUE(bus_.topics[kInfo].empty()) << "nobody asked for it";
}

TEST_F(PipelineTest, WithoutATopicNoWorkloadsAreSent) {
  settings_.workloads_topic = "";
  UploadWorkloads("r1");
  Drain(*Open());
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_TRUE(bus_.topics[kWorkloads].empty());
}

TEST_F(PipelineTest, TheResultWaitsUntilItsOtherMessagesAreDurable) {
  UploadWorkloads("r1");
  const auto pipeline = Open();
  bus_.hold = true;
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kWorkloads].size(), 1u);
  EXPECT_TRUE(bus_.topics[kResults].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
  bus_.ReleaseHeld();
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], -1) << "it is not durable yet";
  bus_.ReleaseHeld();
  Drain(*pipeline);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, TriesAgainWhenWorkloadsAreNotDelivered) {
  UploadWorkloads("r1");
  bus_.failures[kWorkloads] = 1;
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_TRUE(bus_.topics[kResults].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], -1);
  clock_.steady += seconds(60);
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kWorkloads].size(), 1u);
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(PipelineTest, WorkloadsThatTheBusDoesNotTakeAreTheOnlyEndOfTheirUpload) {
  settings_.workload_info_topic = kInfo;
  UploadWorkloads("r1");
  bus_.record_bytes_max = 200;  // workload info fits, workloads do not
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_EQ(bus_.topics[kInfo].size(), 1u);
  EXPECT_TRUE(bus_.topics[kWorkloads].empty());
  EXPECT_TRUE(bus_.topics[kResults].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], -1) << "the letter does not fit either";
  bus_.record_bytes_max = 1 << 20;
  bus_.failures[kWorkloads] = 0;
  clock_.steady += seconds(60);
  Drain(*pipeline);
  ASSERT_EQ(bus_.topics[kDead].size() + bus_.topics[kResults].size(), 1u);
}

TEST_F(PipelineTest, MessagesAreGzippedWhereSettingsSaySo) {
  settings_.workloads_gzip = true;
  settings_.workload_info_topic = kInfo;
  settings_.workload_info_gzip = true;
  UploadWorkloads("r1");
  Drain(*Open());
  const std::string info = gzip::Inflate(bus_.topics[kInfo].at(0).value, 1 << 20, "test").value();
  EXPECT_TRUE(info.ends_with("\n")) << info;
  EXPECT_NE(info.find(R"("Images": {"pods": 2}, "LastChecked")"), info.npos) << info;
  EXPECT_TRUE(gzip::IsGzip(bus_.topics[kWorkloads].at(0).value));
  EXPECT_FALSE(gzip::IsGzip(bus_.topics[kResults].at(0).value)) << "its readers do not inflate";
}

TEST_F(PipelineTest, BadWorkloadInfoDoesNotHarmTheResult) {
  settings_.workload_info_topic = kInfo;
  blobs_.objects["r1"] = Archive(kCluster, {{"config/workload_info.json", "{", 1}});
  Announce("r1");
  Drain(*Open());
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_TRUE(bus_.topics[kInfo].empty());
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_NE(registry_.Text().find(
                R"(insightd_other_messages_total{kind="workload_info",outcome="refused"} 1)"),
            std::string::npos);
}

TEST_F(PipelineTest, ReadsAGzippedAnnouncementWithinItsLimit) {
  Upload("r1");
  bus::Record& record = bus_.topics[kAnnounce].back();
  const std::string plain = record.value;
  record.value = gzip::Deflate(plain);
  Announce("r2");
  bus_.topics[kAnnounce].back().value = gzip::Deflate(plain + std::string(2 << 20, ' '));
  Announce("r3");
  bus_.topics[kAnnounce].back().value = gzip::Deflate(plain).substr(0, 40);
  Drain(*Open());
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  ASSERT_EQ(bus_.topics[kDead].size(), 2u);
  EXPECT_EQ(Letter(0).failure.code, "too_large");
  EXPECT_NE(Letter(0).failure.reason.find("pipeline.announcement_bytes_max"), std::string::npos);
  EXPECT_EQ(Letter(0).record.value, bus_.topics[kAnnounce][1].value) << "as it came";
  EXPECT_EQ(Letter(1).failure.code, "corrupt");
}

TEST_F(PipelineTest, TellsThePayloadTrackerHowUploadsComeAlong) {
  settings_.payload_tracker_topic = kTracker;
  Upload("r1");
  Announce("gone");
  const auto pipeline = Open();
  Drain(*pipeline);
  EXPECT_EQ(Statuses(),
            (std::vector<std::string>{"received", "processing", "success", "received", "error"}));
  const std::string& last = bus_.topics[kTracker].back().value;
  EXPECT_NE(last.find(R"("service": "ccx-data-pipeline", "request_id": "gone")"), last.npos)
      << last;
  EXPECT_NE(last.find(R"("org_id": "7")"), last.npos) << last;
  EXPECT_NE(last.find(R"("status_msg": ")"), last.npos) << last;
}

TEST_F(PipelineTest, ATrackerThatIsAwayHoldsNothingUp) {
  settings_.payload_tracker_topic = kTracker;
  bus_.failures[kTracker] = 1'000;
  Upload("r1");
  Drain(*Open());
  EXPECT_EQ(bus_.topics[kResults].size(), 1u);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
  EXPECT_NE(
      registry_.Text().find(
          R"(insightd_status_messages_total{outcome="failed",topic="platform.payload-status"} 3)"),
      std::string::npos);
}

// The records that are logged while it lives: their event and the text of some fields.
class Logged {
 public:
  Logged() {
    log::Configure({.instance = "", .version = "", .level_min = log::Level::kDebug});
    log::SetPrinter([this](const log::Record& record) {
      std::string line(record.event);
      for (const log::Field& field : record.fields) {
        const auto* text = std::get_if<std::string_view>(&field.value);
        if (field.name == "destination" || field.name == "stage" || field.name == "error_class") {
          line.append(" ").append(*text);
        }
      }
      lines.push_back(std::move(line));
      return std::string();
    });
  }
  ~Logged() {
    log::SetPrinter(nullptr);
    log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  }
  Logged(const Logged&) = delete;
  Logged& operator=(const Logged&) = delete;

  std::vector<std::string> lines;
};

TEST_F(PipelineTest, TellsOnceAnHourThatNothingComes) {
  const auto pipeline = Open();
  const Logged logged;
  clock_.steady += std::chrono::minutes(59);
  Drain(*pipeline);
  EXPECT_THAT(logged.lines, ::testing::IsEmpty());
  clock_.steady += std::chrono::minutes(1);
  Drain(*pipeline);
  Drain(*pipeline);
  EXPECT_THAT(logged.lines, ::testing::ElementsAre(log::event::kQueueQuiet));
  clock_.steady += std::chrono::minutes(59);
  Announce("other", kCluster, "advisor");
  Drain(*pipeline);
  clock_.steady += std::chrono::minutes(59);
  Drain(*pipeline);
  EXPECT_THAT(logged.lines,
              ::testing::ElementsAre(log::event::kQueueQuiet, "message.filtered advisor"))
      << "what is of another service is a message too";
}

TEST_F(PipelineTest, TellsWhereAndWhyAMessageEnds) {
  const Logged logged;
  Announce("gone");
  Drain(*Open());
  EXPECT_THAT(logged.lines, ::testing::Contains("dlq.produced fetch not_found"));
  settings_.dead_letter_topic.clear();
  Announce("gone too");
  Drain(*Open());
  EXPECT_THAT(logged.lines, ::testing::Contains("message.given_up fetch not_found"));
  blobs_.failures = 1;
  Upload("r1");
  Drain(*Open());
  EXPECT_THAT(logged.lines, ::testing::Contains("message.retried fetch unavailable"));
}

TEST_F(PipelineTest, TellsOfAnArchiveWithoutWorkloads) {
  const Logged logged;
  Upload("r1");
  UploadWorkloads("r2");
  Drain(*Open());
  EXPECT_EQ(std::count(logged.lines.begin(), logged.lines.end(), log::event::kWorkloadsAbsent), 1);
}

TEST_F(PipelineTest, CountsUnderTheNamesOfTheHostedPipeline) {
  UploadWorkloads("r1");
  Announce("gone");
  Announce("other", kCluster, "advisor");
  Drain(*Open());
  const std::string text = registry_.Text();
  for (const std::string_view line :
       {"ccx_consumer_received_total 2", "ccx_consumer_filtered_total 1", "ccx_not_handled_total 0",
        "ccx_downloaded_total_count 1", R"(ccx_consumer_archive_size_count{archive="ocp"} 1)",
        R"(ccx_engine_processed_total{archive="ocp"} 1)", R"(ccx_published_total{archive="ocp"} 1)",
        R"(ccx_failures_total{archive="ocp"} 1)", R"(ccx_failures_total{archive="hypershift"} 0)",
        R"(ccx_process_duration_seconds_count{archive="ocp"} 1)",
        R"(ccx_publish_duration_seconds_count{archive="ocp"} 1)",
        R"(ccx_engine_processed_timeout_total{archive="ocp"} 0)", "ccx_broker_instances_size 0",
        "ccx_broker_exceptions_size 0", "ccx_broker_tracebacks_size 0",
        R"(ccx_downloaded_total_bucket{le="7.5"} 0)",
        R"(ccx_consumer_archive_size_bucket{archive="ocp",le="10000"} 1)",
        R"(gathering_conditions_remote_configuration_version_total{version="1.1.2"} 1)"}) {
    EXPECT_NE(text.find(line), text.npos) << line;
  }
}

TEST_F(PipelineTest, CountsWithoutATopicOfResultsToo) {
  settings_.results_topic = "";
  UploadWorkloads("r1");
  Drain(*Open());
  for (const std::string_view line : {R"(ccx_published_total{archive="ocp"} 1)",
                                      R"(ccx_process_duration_seconds_count{archive="ocp"} 1)",
                                      R"(ccx_publish_duration_seconds_count{archive="ocp"} 1)"}) {
    EXPECT_NE(registry_.Text().find(line), std::string::npos) << line;
  }
}

TEST_F(PipelineTest, VersionsOfConfigurationsAreBounded) {
  const HostedMetrics hosted(registry_);
  json::Parser parser;
  for (int i = 0; i < 100; ++i) {
    hosted.CountConfiguration(R"({"version":")" + std::to_string(i) + R"("})", parser);
  }
  hosted.CountConfiguration(R"({"version":"a b"})", parser);
  hosted.CountConfiguration("{}", parser);
  hosted.CountConfiguration("[]", parser);
  EXPECT_NE(registry_.Text().find(R"(version="other"} 52)"), std::string::npos) << registry_.Text();
}

}  // namespace
}  // namespace insightd::pipeline
