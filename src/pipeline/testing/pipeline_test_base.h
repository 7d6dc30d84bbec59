// What the tests of the flow begin with: a pipeline on doors in memory, and uploads to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "announce/announcement.h"
#include "archive/pack.h"
#include "base/log.h"
#include "base/random.h"
#include "bus/dead_letter.h"
#include "pipeline/pipeline.h"
#include "pipeline/testing/fakes.h"

namespace insightd::pipeline::testing {

inline const std::string kAnnounce = "platform.upload.announce";
inline const std::string kResults = "ccx.ocp.results";
inline const std::string kDead = "ccx.data.pipeline.dead.letter.queue";
inline const std::string kCluster = "11111111-2222-4333-8444-555555555555";

inline const std::string kWorkloads = "ccx.dvo.results";
inline const std::string kInfo = "archive-results";
inline const std::string kTracker = "platform.payload-status";

inline std::string Archive(std::string_view config_id, std::vector<archive::PackMember> more = {}) {
  std::vector<archive::PackMember> members = {{"config/version.json", "{}", 1}};
  if (!config_id.empty()) members.push_back({"config/id", config_id, 1});
  for (const archive::PackMember& member : more) members.push_back(member);
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

  // With data on workloads.
  void UploadWorkloads(const std::string& request_id) {
    blobs_.objects[request_id] = Archive(
        kCluster, {{"config/dvo_metrics", "# nothing\n", 1},
                   {"config/workload_info.json", R"({"pods":2})", 1},
                   {"insights-operator/remote-configuration.json", R"({"version":"1.1.2"})", 1}});
    Announce(request_id);
  }
  std::vector<std::string> Statuses() {
    std::vector<std::string> statuses;
    json::Parser parser;
    for (const bus::Record& record : bus_.topics[kTracker]) {
      const auto document = parser.Parse(record.value);
      statuses.emplace_back(document->root()["status"].StringOr(""));
    }
    return statuses;
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

}  // namespace insightd::pipeline::testing
