#include "pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "archive/pack.h"
#include "base/log.h"
#include "bus/dead_letter.h"
#include "pipeline/testing/fakes.h"
#include "results/result.h"

namespace insightd::pipeline {
namespace {

using testing::FakeBlobs;
using testing::FakeBus;
using testing::FakeClock;
using testing::FakeEvaluator;

const std::string kAnnounce = "platform.upload.announce";
const std::string kResults = "ccx.ocp.results";
const std::string kDead = "ccx.data.pipeline.dead.letter.queue";
const std::string kCluster = "11111111-2222-4333-8444-555555555555";

std::string Archive(std::string_view config_id) {
  std::vector<archive::PackMember> members = {{"config/version.json", "{}", 1}};
  if (!config_id.empty()) members.push_back({"config/id", config_id, 1});
  return archive::Pack(members).value();
}

class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  }

  void Announce(const std::string& request_id, const std::string& cluster = kCluster,
                const std::string& service = "openshift") {
    announce::Announcement announcement;
    announcement.url = "blob:" + request_id;
    announcement.request_id = request_id;
    announcement.timestamp = "2026-08-01T10:00:00.123456Z";
    announcement.b64_identity =
        announce::PrintIdentity(7, cluster, announce::ClusterProof::kUserAgent);
    bus::Record record;
    record.value = announce::Print(announcement);
    record.headers = {{"service", service}};
    bus_.topics[kAnnounce].push_back(record);
  }
  void Upload(const std::string& request_id, const std::string& cluster = kCluster) {
    blobs_.objects[request_id] = Archive(kCluster);
    Announce(request_id, cluster);
  }

  std::unique_ptr<Pipeline> Open() {
    auto pipeline = std::make_unique<Pipeline>(
        Doors{bus_, blobs_, clock_, *random_, registry_}, settings_,
        [this] { return std::make_unique<FakeEvaluator>(failure_ ? &*failure_ : nullptr); },
        "test-1");
    EXPECT_TRUE(pipeline->Open());
    return pipeline;
  }
  // Until nothing is to be done at this time.
  static void Drain(Pipeline& pipeline) {
    while (true) {
      const Result<bool> stepped = pipeline.Step();
      ASSERT_TRUE(stepped) << stepped.error().message();
      if (!*stepped) return;
    }
  }
  bus::DeadLetter Letter(std::size_t index = 0) {
    return bus::UnwrapDeadLetter(
        {{kDead, 0, static_cast<std::int64_t>(index)}, bus_.topics[kDead].at(index)});
  }

  FakeClock clock_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  FakeBus bus_;
  FakeBlobs blobs_;
  metrics::Registry registry_;
  Settings settings_;
  std::optional<Code> failure_;
};

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

}  // namespace
}  // namespace insightd::pipeline
