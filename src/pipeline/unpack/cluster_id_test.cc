#include "pipeline/unpack/cluster_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::pipeline {
namespace {

using ::testing::HasSubstr;

const std::string kOne = "11111111-2222-4333-8444-555555555555";
const std::string kTwo = "99999999-2222-4333-8444-555555555555";

announce::Announcement From(const std::string& cluster, announce::ClusterProof proof) {
  announce::Announcement announcement;
  announcement.identity.cluster = cluster;
  announcement.identity.proof = proof;
  return announcement;
}

TEST(ChooseClusterTest, TakesTheUploadersWordWithoutAConfigId) {
  const auto choice = ChooseCluster(From(kOne, announce::ClusterProof::kUserAgent), "");
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->cluster, kOne);
  EXPECT_EQ(choice->remark, "");
}

TEST(ChooseClusterTest, ReadsTheArchiveWhenTheUploaderSaysNothing) {
  const auto nobody = From("", announce::ClusterProof::kNone);
  EXPECT_EQ(ChooseCluster(nobody, kOne + "\n")->cluster, kOne);
  EXPECT_EQ(ChooseCluster(nobody, kOne + " and more")->cluster, kOne);
}

TEST(ChooseClusterTest, WritesEveryClusterInOneWay) {
  const std::string upper = "ABCDEF00-2222-4333-8444-555555555555";
  const std::string lower = "abcdef00-2222-4333-8444-555555555555";
  EXPECT_EQ(ChooseCluster(From("", announce::ClusterProof::kNone), upper)->cluster, lower);
  EXPECT_EQ(ChooseCluster(From(upper, announce::ClusterProof::kCertificate), lower)->cluster,
            lower);
}

TEST(ChooseClusterTest, RefusesAnArchiveOfNoCluster) {
  const auto nobody = From("", announce::ClusterProof::kNone);
  EXPECT_EQ(ChooseCluster(nobody, "").error().code(), Code::kInvalid);
  EXPECT_EQ(ChooseCluster(nobody, "not an id").error().code(), Code::kInvalid);
}

TEST(ChooseClusterTest, OnlyRemarksOnAUserAgentThatDiffers) {
  const auto choice = ChooseCluster(From(kOne, announce::ClusterProof::kUserAgent), kTwo);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->cluster, kOne);
  EXPECT_THAT(choice->remark, HasSubstr(kTwo));
  EXPECT_NE(ChooseCluster(From(kOne, announce::ClusterProof::kUserAgent), "rubbish")->remark, "");
}

TEST(ChooseClusterTest, RefusesACertificateThatDiffers) {
  const auto choice = ChooseCluster(From(kOne, announce::ClusterProof::kCertificate), kTwo);
  ASSERT_FALSE(choice);
  EXPECT_EQ(VerdictFor(choice.error().code()), Verdict::kDeadLetter);
  EXPECT_TRUE(ChooseCluster(From(kOne, announce::ClusterProof::kCertificate), kOne));
}

}  // namespace
}  // namespace insightd::pipeline
