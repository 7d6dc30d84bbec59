// What the history of uploads and the lists of archives promise.
#include <algorithm>

#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

TEST_P(StoreContract, AnUploadsEndIsFound) {
  clock_.Set(At(100));
  ClusterResult result = ResultOf(kCluster, 3, "r1");
  result.org_id = 7;
  Put(result);
  const Upload upload = store_->FindUpload("r1").value();
  EXPECT_EQ(upload.request_id, "r1");
  EXPECT_EQ(upload.org_id, 7);
  EXPECT_EQ(upload.cluster, kCluster);
  EXPECT_EQ(upload.last_checked, At(3));
  EXPECT_EQ(upload.ended, At(100));
  EXPECT_EQ(upload.end, UploadEnd::kStored);
  EXPECT_EQ(upload.dead_letter_id, 0);
  EXPECT_EQ(EndError("r2"), Code::kNotFound);
}

TEST_P(StoreContract, AStoredUploadWinsOverItsDeadLetter) {
  PutLetter(Letter(1, "r1"));
  EXPECT_EQ(EndOf("r1"), UploadEnd::kDeadLetter);
  Put(ResultOf(kCluster, 0, "r1"));
  EXPECT_EQ(EndOf("r1"), UploadEnd::kStored) << "it was replayed";
}

TEST_P(StoreContract, ForgetsOldUploadsButNotTheCurrentOnes) {
  clock_.Set(At(0));
  Put(ResultOf("silent", 0, "s1"));
  for (int i = 0; i < 5; ++i) {
    Put(ResultOf(kCluster, i, "r" + std::to_string(i)));
    clock_.Set(At(10 * (i + 1)));
  }
  EXPECT_EQ(store_->ForgetUploads({.since = At(25)}, 2).value(), 2U);
  EXPECT_EQ(store_->ForgetUploads({.since = At(25)}, 2).value(), 2U);
  EXPECT_EQ(store_->ForgetUploads({.since = At(25)}, 2).value(), 0U)
      << "what stays is not met again";
  EXPECT_EQ(EndError("r0"), Code::kNotFound);
  EXPECT_EQ(EndError("r2"), Code::kNotFound);
  EXPECT_EQ(EndOf("r3"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("s1"), UploadEnd::kStored);

  clock_.Set(At(200'000));
  Put(ResultOf("silent", 1, "s2"));
  EXPECT_EQ(EndError("s1"), Code::kNotFound) << "now it is only old";
}

TEST_P(StoreContract, AForgottenUploadThatComesAgainIsStillNotNewer) {
  clock_.Set(At(0));
  Put(ResultOf(kCluster, 1, "r1"));
  Put(ResultOf(kCluster, 2, "r2"));
  clock_.Set(At(100));
  EXPECT_EQ(store_->ForgetUploads({.since = At(50)}, 10).value(), 2U);
  EXPECT_EQ(EndError("r1"), Code::kNotFound);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kStored);
  EXPECT_EQ(Put(ResultOf(kCluster, 1, "r1")), PutOutcome::kOlder);
  EXPECT_EQ(Put(ResultOf(kCluster, 2, "r2")), PutOutcome::kSame);
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r2");
}

TEST_P(StoreContract, ReplacedArchivesAreReleasedInTheOrderOfTime) {
  clock_.Set(At(0));
  Put(ResultOf(kCluster, 0, "r0"));
  for (int i = 1; i < 4; ++i) {
    clock_.Set(At(10 * i));
    Put(ResultOf(kCluster, i, "r" + std::to_string(i)));
  }
  EXPECT_EQ(Released(At(20)), (Keys{"r0", "r1"}));
  EXPECT_EQ(Released(At(9)), Keys{});

  const auto archives = store_->ReleasedArchives(At(100), 2).value();
  ASSERT_EQ(archives.size(), 2U);
  EXPECT_EQ(archives[0].since, At(10));
  EXPECT_NE(archives[0].id, 0);
  ASSERT_TRUE(store_->ForgetArchives(archives));
  ASSERT_TRUE(store_->ForgetArchives(archives)) << "twice is once";

  EXPECT_EQ(Released(), Keys{"r2"});
  const Keys keys = {"r3", "r2", "r1", "never", "r3"};
  EXPECT_EQ(store_->UsesOf(keys).value(),
            (std::vector{ArchiveUse::kNewest, ArchiveUse::kReleased, ArchiveUse::kReleased,
                         ArchiveUse::kUnknown, ArchiveUse::kNewest}));
  EXPECT_TRUE(store_->UsesOf({})->empty());
}

TEST_P(StoreContract, AResultWithoutAnArchiveReleasesNothing) {
  ClusterResult foreign = ResultOf(kCluster, 0, "f0");
  foreign.archive.clear();
  Put(foreign);
  EXPECT_TRUE(store_->NewestArchives(10)->empty());
  Put(ResultOf(kCluster, 1, "r1"));
  EXPECT_TRUE(Released().empty());
  foreign.request_id = "f2";
  foreign.last_checked = At(2);
  Put(foreign);
  EXPECT_EQ(Released(), Keys{"r1"});
}

TEST_P(StoreContract, NewestArchivesAreTheLastResort) {
  clock_.Set(At(0));
  Put(ResultOf("b", 0, "rb"));
  clock_.Set(At(1));
  Put(ResultOf("a", 0, "ra"));
  const auto newest = store_->NewestArchives(1).value();
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].key, "rb");
  EXPECT_EQ(newest[0].cluster, "b");
  EXPECT_EQ(newest[0].since, At(0));
  ASSERT_TRUE(store_->ForgetArchives(newest));
  EXPECT_EQ(store_->NewestArchives(10)->at(0).key, "ra");
  EXPECT_EQ(store_->Meta(1, "b")->request_id, "rb") << "the result stays";
  // One that was replaced meanwhile is not forgotten in place of the new one.
  const auto old = store_->NewestArchives(10).value();
  Put(ResultOf("a", 1, "ra2"));
  ASSERT_TRUE(store_->ForgetArchives(old));
  EXPECT_EQ(store_->NewestArchives(10)->at(0).key, "ra2");
  EXPECT_EQ(Released(), Keys{"ra"});
}

TEST_P(StoreContract, ArchivesOfDeadLettersAreNoLastResort) {
  Put(ResultOf(kCluster, 0, "r1"));
  PutLetter(Letter(1, "r1"));
  EXPECT_TRUE(store_->NewestArchives(10)->empty());
}

}  // namespace
}  // namespace insightd::store::testing
