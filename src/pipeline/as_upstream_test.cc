// What is done otherwise where upstream's program is stood in for, and what of archives counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "pipeline/fetch/presigned_s3.h"
#include "pipeline/testing/pipeline_test_base.h"

namespace insightd::pipeline {
namespace {

using testing::Archive;
using ::testing::HasSubstr;
using testing::kAnnounce;
using testing::kCluster;
using testing::kDead;
using testing::kInfo;
using testing::kResults;
using testing::kTracker;

class AsUpstreamTest : public testing::PipelineTest {
 protected:
  AsUpstreamTest() {
    settings_.as_upstream = {
        .presigned_s3_only = false, .operator_archives_only = true, .passes_over_empty = true};
  }
  void Send(const std::string& request_id, const std::vector<archive::PackMember>& members) {
    blobs_.objects[request_id] = archive::Pack(members).value();
    Announce(request_id);
    Drain(*Open());
  }
  std::string Reason() {
    return bus_.topics[kDead].size() == 1 ? Letter().failure.reason : "not one letter";
  }
};

TEST_F(AsUpstreamTest, AnArchiveWithoutFilesIsNoClusterWithoutFindings) {
  Send("r1", {});
  EXPECT_THAT(Reason(), HasSubstr("holds no files"));
  settings_.as_upstream = {};
  Send("r2", {});
  EXPECT_EQ(bus_.topics[kDead].size(), 2U) << "whoever reads the results";
  EXPECT_TRUE(bus_.topics[kResults].empty());
}

TEST_F(AsUpstreamTest, AnArchiveOfSomethingElseIsNoClusterWithoutFindings) {
  Send("r1", {{"feedback/a.json", "{}", 1}, {"openshift_lightspeed.json", "{}", 1}});
  EXPECT_THAT(Reason(), HasSubstr("not an archive of an Insights Operator"));
  EXPECT_EQ(Letter().failure.stage, kStageUnpack);
  EXPECT_TRUE(bus_.topics[kResults].empty());
  settings_.as_upstream.operator_archives_only = false;
  Send("r2", {{"feedback/a.json", "{}", 1}});
  EXPECT_EQ(bus_.topics[kResults].size(), 1U) << "our writer keeps such a result from others";
}

// As data/archives/README.md lists them.
TEST_F(AsUpstreamTest, MinimalArchivesAreTheOperatorsToo) {
  Send("id", {{"config/id", kCluster, 1}});
  Send("version", {{"config/version", "{}", 1}});
  Send("info", {{"config/workload_info.json", "{}", 1}});
  Send("folder", {{"archive/config/id", kCluster, 1}, {"archive/config/version", "{}", 1}});
  Send("gathers", {{"insights-operator/gathers.json", "{}", 1}});
  EXPECT_EQ(bus_.topics[kResults].size(), 5U);
  EXPECT_TRUE(bus_.topics[kDead].empty());
}

TEST_F(AsUpstreamTest, AMessageWithoutAValueIsPassedOver) {
  bus_.topics[kAnnounce].push_back(
      {.key = "", .value = "", .headers = {{"service", "openshift"}}, .timestamp = {}});
  Drain(*Open());
  EXPECT_TRUE(bus_.topics[kDead].empty());
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
  EXPECT_THAT(registry_.Text(), HasSubstr("ccx_consumer_received_total 0"));
}

TEST_F(AsUpstreamTest, WorkloadInfoCountsAtTheRootAlone) {
  settings_.workload_info_topic = kInfo;
  Send("below", {{"data/config/workload_info.json", R"({"pods":1})", 1}});
  EXPECT_TRUE(bus_.topics[kInfo].empty());
  EXPECT_EQ(bus_.topics[kResults].size(), 1U) << "its rules are judged";
  Send("root", {{"./config/workload_info.json", R"({"pods":1})", 1}});
  EXPECT_EQ(bus_.topics[kInfo].size(), 1U);
}

TEST_F(AsUpstreamTest, BadWorkloadInfoIsTheEndWhereNothingElseIsMade) {
  settings_.workload_info_topic = kInfo;
  settings_.results_topic.clear();
  settings_.workloads_topic.clear();
  settings_.payload_tracker_topic = kTracker;
  for (const char* bad : {"{", "", R"({"a":NaN})"}) {
    bus_.topics[kDead].clear();
    Send(bad, {{"config/id", kCluster, 1}, {"config/workload_info.json", bad, 1}});
    EXPECT_THAT(Reason(), HasSubstr("config/workload_info.json")) << bad;
    EXPECT_EQ(Statuses().back(), "error");
  }
  EXPECT_TRUE(bus_.topics[kInfo].empty());
}

TEST_F(AsUpstreamTest, AnArchiveThatCannotBeReadIsGivenUpBeforeAResultThatCannotBeSent) {
  settings_.archive_retry_s_max = 10;
  blobs_.failures = 100;
  bus_.failures[kResults] = 100;
  Upload("away");
  const auto pipeline = Open();
  for (int i = 0; i < 3; ++i) {
    Drain(*pipeline);
    clock_.steady += seconds(60);
  }
  EXPECT_EQ(bus_.topics[kDead].size(), 1U);
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
  blobs_.failures = 0;
  Upload("unsent");
  for (int i = 0; i < 10; ++i) {
    Drain(*pipeline);
    clock_.steady += seconds(60);
  }
  EXPECT_EQ(bus_.topics[kDead].size(), 1U) << "kept until there is room for it";
}

TEST_F(AsUpstreamTest, TheTrackerIsToldTheAccountOfTheIdentity) {
  settings_.payload_tracker_topic = kTracker;
  announce::Announcement announcement;
  announcement.url = "blob:gone";
  announcement.request_id = "r1";
  announcement.timestamp = "2026-08-01T10:00:00Z";
  announcement.account = "of the message";
  announcement.b64_identity =
      EncodeBase64(R"({"identity":{"account_number":"0987","internal":{"org_id":"7"}}})");
  bus_.topics[kAnnounce].push_back({.key = "",
                                    .value = announce::Print(announcement),
                                    .headers = {{"service", "openshift"}},
                                    .timestamp = {}});
  Drain(*Open());
  EXPECT_THAT(bus_.topics[kTracker].at(0).value, HasSubstr(R"("account": "0987")"));
}

TEST_F(AsUpstreamTest, SizesAreOfTheBytesThatWereRead) {
  Upload("r1");
  Drain(*Open());
  const std::string bytes = std::to_string(blobs_.objects["r1"].size());
  const std::string text = registry_.Text();
  EXPECT_THAT(text, HasSubstr("ccx_downloaded_total_sum " + bytes));
  EXPECT_THAT(text, HasSubstr(R"(ccx_consumer_archive_size_sum{archive="ocp"} )" + bytes));
  blobs_.objects["r2"] = "no archive";
  Announce("r2");
  Drain(*Open());
  EXPECT_THAT(registry_.Text(), HasSubstr("ccx_downloaded_total_count 2"));
}

TEST(PresignedS3Test, TakesWhatUpstreamTakesAndNoOtherHost) {
  const std::string query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
  const std::string signature = query + "c%2Fus-east-1&X-Amz-Signature=1";
  for (const char* good : {"https://b.s3.amazonaws.com/k/1-2", "https://b.c_d.s3.amazonaws.com/k",
                           "https://s3.us-east-1.amazonaws.com/b/k/1-2"}) {
    EXPECT_TRUE(IsPresignedS3(good + signature)) << good;
  }
  for (const char* bad :
       {"http://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com/k.tar",
        "https://b.s3.amazonaws.com/k_1", "https://b.s3.amazonaws.com/",
        "https://b.s3.amazonaws.com", "https://.s3.amazonaws.com/k",
        "https://b.s3.amazonaws.com:8443/k", "https://b.s3.us-east-1.amazonaws.com/k",
        "https://s3.us-east-1.amazonaws.com/b", "https://s3.us-east-1.amazonaws.com/b/",
        "https://s3.us-east-1.amazonaws.com//k", "https://s3.us.east.amazonaws.com/b/k",
        "https://evil.com#.s3.amazonaws.com/k", "https://evil.com?.s3.amazonaws.com/k",
        "https://a@evil.com/.s3.amazonaws.com/k", "https://x:y@b.s3.amazonaws.com/k",
        "https://b.s3.amazonaws.com.evil.com/k", "https://", ""}) {
    EXPECT_FALSE(IsPresignedS3(bad + signature)) << bad;
  }
  const std::string url = "https://b.s3.amazonaws.com/k";
  EXPECT_FALSE(IsPresignedS3(url));
  EXPECT_FALSE(IsPresignedS3(url + query));
  EXPECT_FALSE(IsPresignedS3(url + query + "c/d"));
  EXPECT_FALSE(IsPresignedS3(url + "?X-Amz-Credential=c&X-Amz-Algorithm=AWS4-HMAC-SHA256"));
}

TEST_F(AsUpstreamTest, AUrlThatIsNotPresignedIsRefusedWithTheWayOut) {
  settings_.as_upstream.presigned_s3_only = true;
  Upload("r1");
  Drain(*Open());
  EXPECT_THAT(Reason(), HasSubstr("allow_unsafe_links"));
}

}  // namespace
}  // namespace insightd::pipeline
