#include "store/no_store.h"

#include <gtest/gtest.h>

namespace insightd::store {
namespace {

TEST(NoStoreTest, TakesWhatItIsTold) {
  const auto store = MakeNoStore();
  const ClusterResult result{.org_id = 1, .cluster = "c", .report = "{}"};
  EXPECT_EQ(*store->Put({&result, 1}), std::vector{PutOutcome::kStored});
  const ClusterWorkloads workloads{.org_id = 1, .cluster = "c", .report = "{}"};
  EXPECT_EQ(*store->PutWorkloads({&workloads, 1}), std::vector{PutOutcome::kStored});
  EXPECT_TRUE(store->PutAcknowledgement(1, "rule", "KEY", "why"));
  EXPECT_TRUE(store->PutRating(1, "rule", "KEY", 1));
  EXPECT_TRUE(store->Check());
}

TEST(NoStoreTest, ShowsNothingOfIt) {
  const auto store = MakeNoStore();
  const ClusterResult result{.org_id = 1, .cluster = "c", .report = "{}"};
  ASSERT_TRUE(store->Put({&result, 1}));
  ASSERT_TRUE(store->PutAcknowledgement(1, "rule", "KEY", "why"));
  EXPECT_TRUE(store->Report(1, "c", "")->hits.empty());
  EXPECT_EQ(store->Meta(1, "c")->last_checked, std::nullopt);
  EXPECT_EQ(store->ReportText(1, "c").error().code(), Code::kNotFound);
  EXPECT_EQ(store->OrganizationOf("c").error().code(), Code::kNotFound);
  EXPECT_EQ(store->FindAcknowledgement(1, "rule", "KEY").error().code(), Code::kNotFound);
  EXPECT_TRUE(store->ClustersSince(1, Time{})->empty());
  EXPECT_TRUE(store->Workloads(1, "")->empty());
  EXPECT_EQ(store->PutVote(1, {"c", "rule", "KEY"}, "user", 1, "").error().code(), Code::kNotFound);
}

TEST(NoStoreTest, EachDutyIsFree) {
  const auto store = MakeNoStore();
  const auto first = store->TryTakeDuty(Duty::kResults);
  const auto second = store->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE((*first)->held() && (*second)->held());
}

}  // namespace
}  // namespace insightd::store
