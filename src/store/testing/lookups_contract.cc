// What class Lookups promises, beside what the model says of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

std::string RecommendationsText(Store& store, std::int64_t org_id, const Keys& clusters) {
  std::string text;
  const auto done =
      store.RecommendationsOf(org_id, clusters, [&text](const ClusterRecommendations& cluster) {
        text +=
            fmt::format("{} {} {} [{}]; ", cluster.cluster, cluster.has_result ? "checked" : "-",
                        cluster.version, fmt::join(cluster.rule_ids, " "));
      });
  return done ? text : done.error().message();
}

TEST_P(StoreContract, ASingleHitShowsWhatWasSaidLastWhateverTheKey) {
  Put(ResultOf(kCluster, 0, "r", {{"x.report", "K", R"({"a":1})"}, {"x.report", "L", ""}}));
  EXPECT_EQ(store_->FindHit(1, kCluster, "x.report", "M", "me").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindHit(2, kCluster, "x.report", "K", "me").error().code(), Code::kNotFound);
  SingleHit hit = store_->FindHit(1, kCluster, "x.report", "K", "me").value();
  EXPECT_EQ(hit.details, R"({"a":1})");
  EXPECT_FALSE(hit.has_toggle);
  EXPECT_EQ(hit.user_vote, 0);

  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutToggle(1, {kCluster, "x.report", "K"}, true));
  clock_.Set(At(20));
  ASSERT_TRUE(store_->PutToggle(2, {kCluster, "x.report", "OTHER"}, true));
  ASSERT_TRUE(store_->PutVote(1, {kCluster, "x.report", "L"}, "me", -1, ""));
  ASSERT_TRUE(store_->PutDisableFeedback(1, {kCluster, "x.report", "OTHER"}, "me", "why"));
  ASSERT_TRUE(store_->PutDisableFeedback(1, {kCluster, "x.report", "K"}, "you", "no"));
  hit = store_->FindHit(1, kCluster, "x.report", "K", "me").value();
  EXPECT_TRUE(hit.has_toggle);
  EXPECT_TRUE(hit.disabled);
  EXPECT_EQ(hit.disabled_at, At(20)) << "of another key and organisation, but later";
  EXPECT_EQ(hit.user_vote, -1);
  EXPECT_EQ(hit.disable_feedback, "why");
  clock_.Set(At(30));
  ASSERT_TRUE(store_->PutToggle(1, {kCluster, "x.report", "K"}, false));
  hit = store_->FindHit(1, kCluster, "x.report", "K", "me").value();
  EXPECT_TRUE(hit.has_toggle);
  EXPECT_FALSE(hit.disabled);
  EXPECT_FALSE(hit.disabled_at) << "enabled again";
}

TEST_P(StoreContract, ManyClustersAreAskedForAtOnce) {
  Put(ResultOf("b", 3, "rb", {{"x.report", "K", ""}, {"a", "L", ""}}));
  Put(ResultOf("a", 4, "ra", {}));
  ClusterResult foreign = ResultOf("c", 5, "rc", {{"x.report", "K", ""}});
  foreign.org_id = 4'294'967'295;
  Put(foreign);
  const Keys asked = {"c", "b", "b", "none", "a", std::string("\0", 1), "\xff"};

  EXPECT_EQ(store_->OrganizationsOf(asked).value(), (std::vector<std::int64_t>{1, 4'294'967'295}));
  EXPECT_EQ(store_->OrganizationsOf(Keys{"a", "b"}).value(), std::vector<std::int64_t>{1});
  EXPECT_TRUE(store_->OrganizationsOf({})->empty());
  EXPECT_EQ(store_->Organizations().value(), (std::vector<std::int64_t>{1, 4'294'967'295}));

  std::map<std::string, std::string, std::less<>> reports;
  ASSERT_TRUE(store_->ReportsOf(asked, [&reports](const ReportOfCluster& report) {
    const bool is_new =
        reports.emplace(report.cluster, fmt::format("{} {}", report.org_id, report.report)).second;
    EXPECT_TRUE(is_new) << report.cluster;
  }));
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports["b"], R"(1 {"reports":[],"request":"rb"})");
  EXPECT_EQ(reports["c"].substr(0, 11), "4294967295 ");

  EXPECT_EQ(RecommendationsText(*store_, 1, asked),
            "a checked 4.18.3 []; b checked 4.18.3 [a|L x|K]; ");
  EXPECT_EQ(RecommendationsText(*store_, 4'294'967'295, asked), "c checked 4.18.3 [x|K]; ");
  EXPECT_EQ(RecommendationsText(*store_, 3, asked), "");
  EXPECT_EQ(RecommendationsText(*store_, 1, {}), "");
  EXPECT_EQ(RecommendationsText(*store_, std::int64_t{1} << 40, asked), "");
}

TEST_P(StoreContract, ClustersWithARecommendationAreFoundByItsWholeName) {
  clock_.Set(At(100) + microseconds(5));
  Put(ResultOf("b", 3, "rb", {{"x.y.report", "K", ""}, {"x.y.report", "A|B", ""}}));
  Put(ResultOf("a", 4, "ra", {{"x.y.report", "K", ""}}));
  clock_.Set(At(200));
  Put(ResultOf("a", 5, "ra2", {{"x.y.report", "K", ""}}));
  ClusterResult foreign = ResultOf("c", 5, "rc", {{"x.y.report", "K", ""}});
  foreign.org_id = 2;
  Put(foreign);
  const auto all = store_->RecommendedClusters(1, "x.y|K", {}).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].cluster, "a");
  EXPECT_EQ(all[0].stored, At(200));
  EXPECT_EQ(all[0].impacted_since, At(100));
  EXPECT_EQ(all[0].version, "4.18.3");
  EXPECT_EQ(all[1].cluster, "b");
  EXPECT_EQ(all[1].stored, At(100)) << "whole seconds";
  EXPECT_EQ(store_->RecommendedClusters(1, "x.y|K", Keys{"b", "b", "c", "none"})->size(), 1U);
  EXPECT_TRUE(store_->RecommendedClusters(1, "x.y|K", Keys{"\xff"})->empty());
  EXPECT_EQ(store_->RecommendedClusters(1, "x.y|A|B", {})->at(0).cluster, "b");
  EXPECT_TRUE(store_->RecommendedClusters(1, "y|K", {})->empty());
  EXPECT_TRUE(store_->RecommendedClusters(1, "x.y", {})->empty());
  EXPECT_TRUE(store_->RecommendedClusters(1, "\xff|K", {})->empty());
  EXPECT_TRUE(store_->RecommendedClusters(std::int64_t{1} << 40, "x.y|K", {})->empty());
}

TEST_P(StoreContract, ARemovedResultLeavesItsHitsAndIsReadNoMore) {
  Put(ResultOf("a", 3, "ra", {{"x.report", "K", ""}}));
  Put(ResultOf("b", 3, "rb", {{"x.report", "K", ""}}));
  ASSERT_TRUE(store_->PutVote(1, {"a", "x.report", "K"}, "me", 1, ""));
  ASSERT_TRUE(store_->PutToggle(1, {"a", "x.report", "K"}, true));
  clock_.Set(At(50));
  EXPECT_EQ(store_->RemoveResultOfCluster("a").value(), 1U);
  EXPECT_EQ(store_->RemoveResultOfCluster("a").value(), 0U);
  EXPECT_EQ(store_->RemoveResultOfCluster("\xff").value(), 0U);

  EXPECT_EQ(store_->Report(1, "a", "me").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->Meta(1, "a").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->OrganizationOf("a").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->ClustersSince(1, Time{}).value(), Keys{"b"});
  EXPECT_EQ(store_->FindVote({"a", "x.report", "K"}, "me").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->Toggles(1)->size(), 1U);
  EXPECT_TRUE(store_->FindHit(1, "a", "x.report", "K", "")) << "the hit stays";
  EXPECT_EQ(RecommendationsText(*store_, 1, {"a"}), "a - 4.18.3 [x|K]; ");
  EXPECT_EQ(store_->RecommendedClusters(1, "x|K", {})->size(), 2U);
  EXPECT_EQ(EndOf("ra"), UploadEnd::kReplaced);
  EXPECT_EQ(Released(), Keys{"ra"});
  EXPECT_EQ(store_->NewestArchives(10)->size(), 1U);
  EXPECT_EQ(Number("SELECT count(*) FROM insightd_cluster"), 1);

  // The same message comes again: it is stored anew, and its archive is needed again.
  EXPECT_EQ(Put(ResultOf("a", 3, "ra", {{"x.report", "K", ""}})), PutOutcome::kStored);
  EXPECT_EQ(EndOf("ra"), UploadEnd::kStored);
  EXPECT_TRUE(Released().empty());
  EXPECT_EQ(store_->Report(1, "a", "me")->hits.at(0).user_vote, 0);
  EXPECT_TRUE(store_->Report(1, "a", "me")->hits.at(0).disabled);

  ClusterResult foreign = ResultOf("c", 3, "rc");
  foreign.org_id = 2;
  Put(foreign);
  EXPECT_EQ(store_->RemoveResultsOfOrganization(1).value(), 2U);
  EXPECT_EQ(store_->RemoveResultsOfOrganization(1).value(), 0U);
  EXPECT_EQ(store_->RemoveResultsOfOrganization(std::int64_t{1} << 40).value(), 0U);
  EXPECT_EQ(store_->Organizations().value(), std::vector<std::int64_t>{2});
  EXPECT_EQ(store_->RemoveResultsOfOrganization(2).value(), 1U);
  EXPECT_TRUE(store_->Organizations()->empty());
}

TEST_P(StoreContract, WhatARemovedResultLeftMakesRoomForTheClusterInItsOldOrganisation) {
  Put(ResultOf("a", 1, "r1", {{"x.report", "K", "old"}}));
  ASSERT_EQ(store_->RemoveResultOfCluster("a").value(), 1U);
  ClusterResult elsewhere = ResultOf("a", 2, "r2", {{"x.report", "K", "there"}});
  elsewhere.org_id = 2;
  ASSERT_EQ(Put(elsewhere), PutOutcome::kStored);
  EXPECT_EQ(store_->FindHit(1, "a", "x.report", "K", "")->details, "old");
  ASSERT_EQ(Put(ResultOf("a", 3, "r3", {{"x.report", "K", "new"}})), PutOutcome::kStored);
  EXPECT_EQ(store_->FindHit(1, "a", "x.report", "K", "")->details, "new");
  EXPECT_EQ(store_->FindHit(2, "a", "x.report", "K", "").error().code(), Code::kNotFound);
}

TEST_P(StoreContract, ARecommendationOfAnOlderDatabaseHasNoBeginning) {
  Put(ResultOf("a", 1, "r1", {{"x.report", "K", ""}}));
  engine_->Execute("UPDATE recommendation SET impacted_since = NULL");
  EXPECT_FALSE(store_->RecommendedClusters(1, "x|K", {})->at(0).impacted_since);
  EXPECT_FALSE(store_->Report(1, "a", "")->hits.at(0).impacted_since);
  engine_->Execute("UPDATE recommendation SET created_at = NULL");
  EXPECT_EQ(store_->RecommendedClusters(1, "x|K", {})->size(), 1U);
}

}  // namespace
}  // namespace insightd::store::testing
