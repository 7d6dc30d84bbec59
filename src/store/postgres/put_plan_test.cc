#include "store/postgres/put_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::store::pg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kCluster = "c";
const Time kNow(seconds(1'800'000'000));

ClusterResult ResultOf(int checked, const std::string& request_id, std::vector<Hit> hits = {},
                       std::int64_t org_id = 1) {
  return {.org_id = org_id,
          .cluster = std::string(kCluster),
          .request_id = request_id,
          .last_checked = Time(seconds(checked)),
          .hits = std::move(hits),
          .archive = request_id};
}

Current CurrentOf(int checked, const std::string& request_id, std::int64_t org_id = 1) {
  return {.org_id = org_id,
          .request_id = request_id,
          .last_checked = Time(seconds(checked)),
          .reported = kNow - seconds(10),
          .version = "4.1",
          .archive = request_id};
}

Time At(int second) { return kNow - seconds(1'000 - second); }

std::vector<std::string> NamesOf(const std::vector<HitRow>& rows) {
  std::vector<std::string> names;
  for (const HitRow& row : rows) names.emplace_back(row.name.first);
  return names;
}

class PutPlanTest : public ::testing::Test {
 protected:
  PutPlan& Plan(std::vector<ClusterResult> results, const StoredCluster& stored = {}) {
    results_ = std::move(results);
    plan_.emplace(results_, kNow);
    if (!plan_->clusters().empty()) plan_->Stored(kCluster) = stored;
    plan_->Work();
    return *plan_;
  }

  std::vector<ClusterResult> results_;
  std::optional<PutPlan> plan_;
};

TEST_F(PutPlanTest, OfSeveralResultsOfAClusterTheLastOneIsWritten) {
  const PutPlan& plan = Plan({ResultOf(1, "a"), ResultOf(3, "c"), ResultOf(2, "b")});
  EXPECT_THAT(plan.outcomes,
              ElementsAre(PutOutcome::kStored, PutOutcome::kStored, PutOutcome::kOlder));
  ASSERT_EQ(plan.reports.size(), 1U);
  EXPECT_EQ(plan.reports[0]->request_id, "c");
  // Each has its end, and the archives that are not the newest may go.
  EXPECT_EQ(plan.uploads_stored.size(), 2U);
  ASSERT_EQ(plan.uploads_noted.size(), 1U);
  EXPECT_EQ(plan.uploads_noted[0].archive, "b");
  EXPECT_THAT(plan.released, ElementsAre("a"));
}

TEST_F(PutPlanTest, TheSameTwiceInABatchIsStoredOnce) {
  const PutPlan& plan = Plan({ResultOf(1, "a"), ResultOf(1, "a")});
  EXPECT_THAT(plan.outcomes, ElementsAre(PutOutcome::kStored, PutOutcome::kSame));
  EXPECT_EQ(plan.uploads_stored.size(), 1U);
  EXPECT_THAT(plan.released, IsEmpty());
}

TEST_F(PutPlanTest, WhatIsStoredAlreadyChangesNothing) {
  const PutPlan& plan = Plan({ResultOf(1, "a")}, {.current = CurrentOf(1, "a")});
  EXPECT_THAT(plan.outcomes, ElementsAre(PutOutcome::kSame));
  EXPECT_TRUE(plan.reports.empty() && plan.uploads_stored.empty() && plan.uploads_noted.empty());
}

TEST_F(PutPlanTest, OnlyHitsThatDifferAreWritten) {
  const StoredCluster stored{
      .current = CurrentOf(1, "a"),
      .hits = {{{"gone.report", "K"}, "{}"},
               {{"same.report", "K"}, "{}"},
               {{"other.report", "K"}, "{}"}},
      .recommendations = {{{"gone", "K"}, At(1)}, {{"same", "K"}, At(1)}, {{"other", "K"}, At(1)}}};
  const PutPlan& plan = Plan(
      {ResultOf(
          2, "b",
          {{"same.report", "K", "{}"}, {"other.report", "K", "{1}"}, {"new.report", "K", "{}"}})},
      stored);
  EXPECT_THAT(NamesOf(plan.hits_gone), ElementsAre("gone.report"));
  EXPECT_THAT(NamesOf(plan.hits), ElementsAre("other.report", "new.report"));
  EXPECT_FALSE(plan.hits[0].since_now);
  EXPECT_TRUE(plan.hits[1].since_now);
  EXPECT_THAT(NamesOf(plan.recommendations_gone), ElementsAre("gone"));
  EXPECT_THAT(NamesOf(plan.recommendations), ElementsAre("new"));
  EXPECT_THAT(plan.recommendations_kept, ElementsAre(Place(1, kCluster)));
}

TEST_F(PutPlanTest, AHitThatGoesAndComesBackWithinABatchIsNew) {
  const StoredCluster stored{.current = CurrentOf(1, "a"),
                             .hits = {{{"x.report", "K"}, "{}"}},
                             .recommendations = {{{"x", "K"}, At(1)}}};
  const PutPlan& plan =
      Plan({ResultOf(2, "b"), ResultOf(3, "c", {{"x.report", "K", "{}"}})}, stored);
  EXPECT_THAT(plan.hits_gone, IsEmpty());
  ASSERT_THAT(NamesOf(plan.hits), ElementsAre("x.report"));
  EXPECT_TRUE(plan.hits[0].since_now);
  EXPECT_THAT(NamesOf(plan.recommendations), ElementsAre("x"));
}

TEST_F(PutPlanTest, WhatCameAndWentIsAChangeOnlyOfAClusterThatHadAResult) {
  EXPECT_THAT(Plan({ResultOf(1, "a", {{"x.report", "K", "{}"}})}).changes, IsEmpty());
  const StoredCluster stored{.current = CurrentOf(1, "a"),
                             .recommendations = {{{"stays", "K"}, At(1)}, {{"x", "K"}, At(2)}}};
  const std::vector<Hit> stays = {{"stays.report", "K", "{}"}};
  EXPECT_THAT(Plan({ResultOf(2, "b", {stays[0], {"x.report", "K", "{1}"}})}, stored).changes,
              IsEmpty());

  const PutPlan& plan =
      Plan({ResultOf(2, "b", stays), ResultOf(3, "c", {{"x.report", "K", "{}"}})}, stored);
  ASSERT_EQ(plan.changes.size(), 3U);
  EXPECT_EQ(plan.changes[0].kind, ChangeKind::kGone);
  EXPECT_EQ(plan.changes[0].name, HitName("x", "K"));
  EXPECT_EQ(plan.changes[0].result->request_id, "b");
  EXPECT_EQ(plan.changes[0].first_seen, At(2));
  EXPECT_EQ(plan.changes[0].last_seen, kNow - seconds(10)) << "of the result before";
  EXPECT_EQ(plan.changes[1].kind, ChangeKind::kAgain);
  EXPECT_EQ(plan.changes[1].result->request_id, "c");
  EXPECT_EQ(plan.changes[2].kind, ChangeKind::kGone);
  EXPECT_EQ(plan.changes[2].name, HitName("stays", "K"));
  EXPECT_EQ(plan.changes[2].last_seen, kNow);
}

TEST_F(PutPlanTest, EachStoredResultNamesTheOneBeforeIt) {
  StoredCluster stored{.current = CurrentOf(1, "a")};
  stored.head = "a";
  const PutPlan& plan = Plan({ResultOf(2, "b"), ResultOf(0, "late"), ResultOf(3, "c")}, stored);
  ASSERT_EQ(plan.uploads_stored.size(), 2U);
  EXPECT_EQ(plan.uploads_stored[0].previous, "a");
  EXPECT_EQ(plan.uploads_stored[1].previous, "b");
  EXPECT_EQ(plan.uploads_noted[0].previous, "");
}

TEST_F(PutPlanTest, AVersionIsWrittenWhenItDiffers) {
  ClusterResult with = ResultOf(2, "b");
  with.version = "4.2";
  const ClusterResult without = ResultOf(3, "c");
  const StoredCluster stored{.current = CurrentOf(1, "a"), .version = StoredVersion{1, "4.1"}};
  {
    const PutPlan& plan = Plan({with, without}, stored);
    EXPECT_THAT(plan.version_texts, ElementsAre("4.2"));
    EXPECT_THAT(plan.report_versions, ElementsAre("4.2"));
  }
  with.version = "4.1";
  EXPECT_THAT(Plan({with}, stored).version_texts, IsEmpty());
  EXPECT_THAT(Plan({without}, stored).report_versions, ElementsAre("4.1"));
  // An empty one is a version where there is none yet.
  with.version = "";
  EXPECT_THAT(Plan({with}).version_texts, ElementsAre(""));
}

TEST_F(PutPlanTest, AMoveThereAndBackIsNone) {
  const StoredCluster stored{.current = CurrentOf(1, "a")};
  EXPECT_THAT(Plan({ResultOf(2, "b", {}, 2), ResultOf(3, "c", {}, 1)}, stored).moves, IsEmpty());
  const PutPlan& plan = Plan({ResultOf(2, "b", {}, 1), ResultOf(3, "c", {}, 2)}, stored);
  ASSERT_EQ(plan.moves.size(), 1U);
  EXPECT_EQ(plan.moves[0].from_org_id, 1);
  EXPECT_EQ(plan.moves[0].to_org_id, 2);
}

TEST_F(PutPlanTest, AnOlderResultMovesNothing) {
  const PutPlan& plan = Plan({ResultOf(1, "a", {}, 2)}, {.current = CurrentOf(2, "b")});
  EXPECT_THAT(plan.outcomes, ElementsAre(PutOutcome::kOlder));
  EXPECT_THAT(plan.moves, IsEmpty());
}

TEST_F(PutPlanTest, TheRowOfAClusterThatWasSilentIsForgotten) {
  StoredCluster stored{.current = CurrentOf(1, "a")};
  stored.current->reported = kNow - std::chrono::hours(25);
  EXPECT_THAT(Plan({ResultOf(2, "b")}, stored).silent, ElementsAre("a"));
  stored.current->reported = kNow - std::chrono::hours(23);
  EXPECT_THAT(Plan({ResultOf(2, "b")}, stored).silent, IsEmpty());
}

TEST_F(PutPlanTest, AnEmptyResultNeedsNothingFromItsCluster) {
  ClusterResult empty = ResultOf(1, "a");
  empty.empty = true;
  const PutPlan& plan = Plan({empty});
  EXPECT_THAT(plan.outcomes, ElementsAre(PutOutcome::kEmpty));
  EXPECT_TRUE(plan.clusters().empty());
  ASSERT_EQ(plan.uploads_noted.size(), 1U);
  EXPECT_EQ(plan.uploads_noted[0].archive, "a");
}

TEST_F(PutPlanTest, WithoutARequestOnlyTheArchiveIsNoted) {
  ClusterResult older = ResultOf(1, "");
  older.archive = "blob";
  const PutPlan& plan = Plan({older}, {.current = CurrentOf(2, "b")});
  EXPECT_THAT(plan.uploads_noted, IsEmpty());
  EXPECT_THAT(plan.released, ElementsAre("blob"));
}

}  // namespace
}  // namespace insightd::store::pg
