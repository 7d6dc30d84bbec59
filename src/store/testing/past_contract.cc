// What the history of recommendations and results promises (store/history.h).
#include "store/testing/past_contract.h"

#include <fmt/format.h>

#include <algorithm>

namespace insightd::store::testing {
namespace {

Hit HitOf(const std::string& rule, const std::string& details = "{}") {
  return {rule + ".report", "K", details};
}

// "x: 10-20 gone 30, 40- now" in seconds of At.
std::string Show(const RecommendationHistory& history) {
  std::string text = history.rule + ":";
  for (const Interval& interval : history.intervals) {
    const auto second = [](const std::optional<Time>& time) {
      return time ? std::to_string(std::chrono::duration_cast<seconds>(*time - At(0)).count())
                  : std::string("?");
    };
    text += fmt::format(" {}-{} {}", second(interval.first_seen), second(interval.last_seen),
                        interval.gone ? "gone " + second(interval.gone) : "now");
  }
  return text;
}

std::vector<std::string> Show(const RecommendationPage& page) {
  std::vector<std::string> texts;
  for (const auto& one : page.recommendations) texts.push_back(Show(one));
  return texts;
}

std::string Show(const Change& change) {
  const char* const kinds[] = {"?", "appeared", "gone", "again"};
  return fmt::format("{} {} {}", change.rule, kinds[static_cast<int>(change.kind)],
                     change.request_id);
}

std::vector<std::string> Show(const ChangePage& page) {
  std::vector<std::string> texts;
  for (const auto& one : page.changes) texts.push_back(Show(one));
  return texts;
}

std::vector<std::string> Ids(const ResultPage& page) {
  std::vector<std::string> ids;
  for (const auto& one : page.results) ids.push_back(one.request_id);
  return ids;
}

}  // namespace

PutOutcome PastContract::PutAt(int second, const std::string& request_id, std::vector<Hit> hits,
                               const std::string& cluster, std::int64_t org_id) {
  clock_.Set(At(second));
  ClusterResult result = ResultOf(cluster, second, request_id, std::move(hits));
  result.org_id = org_id;
  result.pack = "ccx_rules_ocp base-1.0.0";
  return Put(result);
}

std::vector<std::string> PastContract::Recommendations(const TimeRange& range) {
  const auto page = store_->RecommendationsOfCluster(1, kCluster, range, {}, {}, 100);
  EXPECT_TRUE(page) << page.error().message();
  return Show(page.value_or(RecommendationPage()));
}

std::vector<std::string> PastContract::Changes(const std::string& cluster, const TimeRange& range,
                                               std::int64_t org_id) {
  const auto page = store_->Changes(org_id, cluster, range, {}, 100);
  EXPECT_TRUE(page) << page.error().message();
  return Show(page.value_or(ChangePage()));
}

namespace {

using Texts = std::vector<std::string>;

TEST_P(PastContract, ARecommendationThatStaysWritesNothing) {
  PutAt(10, "r1", {HitOf("x"), HitOf("y")});
  PutAt(20, "r2", {HitOf("x", R"({"n":1})"), HitOf("y")});
  PutAt(30, "r3", {HitOf("x"), HitOf("y")});
  EXPECT_EQ(Number("SELECT count(*) FROM insightd_change"), 0);
  EXPECT_EQ(Recommendations(), (Texts{"x: 10-30 now", "y: 10-30 now"}));
  EXPECT_EQ(Changes(), Texts{});
}

TEST_P(PastContract, WhatComesGoesAndComesBackIsKnownWithItsTimes) {
  PutAt(10, "r1", {HitOf("x")});
  PutAt(20, "r2", {HitOf("x"), HitOf("y")});
  PutAt(30, "r3", {HitOf("y")});
  PutAt(40, "r4", {});
  PutAt(50, "r5", {HitOf("x")});
  EXPECT_EQ(Recommendations(), (Texts{"x: 50-50 now 10-20 gone 30", "y: 20-30 gone 40"}));
  EXPECT_EQ(Changes(), (Texts{"y appeared r2", "x gone r3", "y gone r4", "x again r5"}));
  const ChangePage page = store_->Changes(1, kCluster, kAlways, {}, 100).value();
  EXPECT_EQ(page.changes[0].at, At(20));
  EXPECT_FALSE(page.changes[0].ended);
  ASSERT_TRUE(page.changes[1].ended);
  EXPECT_EQ(page.changes[1].ended->first_seen, At(10));
  EXPECT_EQ(page.changes[1].ended->last_seen, At(20));
  EXPECT_EQ(page.changes[1].ended->gone, At(30));
  EXPECT_EQ(page.changes[1].cluster, kCluster);
  EXPECT_EQ(page.changes[1].key, "K");
}

TEST_P(PastContract, WhereNobodyNotedWhenAResultWasStoredNoTimeIsMadeUp) {
  PutAt(10, "r1", {HitOf("x")});
  engine_->Execute("UPDATE report SET reported_at = NULL, last_checked_at = NULL");
  engine_->Execute("UPDATE recommendation SET created_at = NULL, impacted_since = NULL");
  EXPECT_EQ(Recommendations(), Texts{"x: ?-? now"});
  const auto clusters = store_->ClustersOfRecommendation(1, "x", "K", kAlways, "", 10);
  EXPECT_EQ(Show(*clusters), Texts{"x: ?-? now"});
  const auto recommended = store_->RecommendedClusters(1, "x|K", {}).value();
  ASSERT_EQ(recommended.size(), 1U);
  EXPECT_FALSE(recommended[0].stored);
  EXPECT_FALSE(recommended[0].impacted_since);
}

TEST_P(PastContract, ResultsOfOneBatchChangeOneAfterTheOther) {
  PutAt(10, "r1", {HitOf("x")});
  clock_.Set(At(40));
  const std::vector<ClusterResult> batch = {ResultOf(kCluster, 20, "r2", {HitOf("y")}),
                                            ResultOf(kCluster, 30, "r3", {HitOf("x")})};
  ASSERT_TRUE(store_->Put(batch));
  std::vector<std::string> changes = Changes();
  std::sort(changes.begin(), changes.end());
  EXPECT_EQ(changes, (Texts{"x again r3", "x gone r2", "y appeared r2", "y gone r3"}));
  EXPECT_EQ(Recommendations(), (Texts{"x: 40-40 now 10-10 gone 40", "y: 40-40 gone 40"}));
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 10).value()),
            (Texts{"r3", "r2", "r1"}));
}

TEST_P(PastContract, StoringAgainChangesNothing) {
  PutAt(10, "r1", {HitOf("x")});
  PutAt(20, "r2", {HitOf("y")});
  EXPECT_EQ(PutAt(10, "r1", {HitOf("x")}), PutOutcome::kOlder);
  clock_.Set(At(30));
  ClusterResult same = ResultOf(kCluster, 20, "r2", {HitOf("y")});
  EXPECT_EQ(Put(same), PutOutcome::kSame);
  EXPECT_EQ(Changes().size(), 2U);
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 10).value()), (Texts{"r2", "r1"}));
}

TEST_P(PastContract, ARangeHoldsWhatWasThereAtSomeTimeInIt) {
  PutAt(10, "r1", {HitOf("x")});
  PutAt(20, "r2", {HitOf("y")});
  PutAt(30, "r3", {HitOf("z")});
  EXPECT_EQ(Recommendations({At(20), At(30)}), (Texts{"y: 20-20 gone 30"}));
  EXPECT_EQ(Recommendations({At(0), At(10)}), Texts{});
  EXPECT_EQ(Recommendations({At(30), {}}), (Texts{"z: 30-30 now"}));
  EXPECT_EQ(Recommendations({{}, At(11)}), (Texts{"x: 10-10 gone 20"}));
  EXPECT_EQ(Changes(kCluster, {At(20), At(30)}), (Texts{"y appeared r2", "x gone r2"}));
  EXPECT_EQ(Changes(kCluster, {At(21), At(30)}), Texts{});
}

TEST_P(PastContract, PagesGoOnWhereTheOneBeforeEnded) {
  PutAt(10, "r1", {HitOf("a"), HitOf("b"), HitOf("c")});
  PutAt(20, "r2", {HitOf("b"), HitOf("d")});
  auto page = store_->RecommendationsOfCluster(1, kCluster, kAlways, {}, {}, 2).value();
  EXPECT_EQ(Show(page), (Texts{"a: 10-10 gone 20", "b: 10-20 now"}));
  EXPECT_TRUE(page.has_more);
  page =
      store_->RecommendationsOfCluster(1, kCluster, kAlways, {}, RecommendationPlace{"b", "K"}, 2)
          .value();
  EXPECT_EQ(Show(page), (Texts{"c: 10-10 gone 20", "d: 20-20 now"}));
  EXPECT_FALSE(page.has_more);
  page =
      store_->RecommendationsOfCluster(1, kCluster, kAlways, RecommendationPlace{"c", "K"}, {}, 2)
          .value();
  EXPECT_EQ(Show(page), (Texts{"c: 10-10 gone 20"}));

  const ChangePage all = store_->Changes(1, kCluster, kAlways, {}, 10).value();
  ASSERT_EQ(all.changes.size(), 3U);
  ChangePage part = store_->Changes(1, kCluster, kAlways, {}, 2).value();
  EXPECT_TRUE(part.has_more);
  part =
      store_->Changes(1, kCluster, kAlways, ChangePlace{part.changes[1].at, part.changes[1].id}, 2)
          .value();
  EXPECT_FALSE(part.has_more);
  ASSERT_EQ(part.changes.size(), 1U);
  EXPECT_EQ(part.changes[0].id, all.changes[2].id);
}

TEST_P(PastContract, ARecommendationIsFollowedOverTheClustersOfAnOrganisation) {
  PutAt(10, "a1", {HitOf("x")}, "a");
  PutAt(20, "a2", {}, "a");
  PutAt(30, "b1", {HitOf("x")}, "b");
  PutAt(40, "c1", {HitOf("y")}, "c");
  PutAt(50, "d1", {HitOf("x")}, "d", 2);
  auto page = store_->ClustersOfRecommendation(1, "x", "K", kAlways, "", 10).value();
  ASSERT_EQ(page.recommendations.size(), 2U);
  EXPECT_EQ(page.recommendations[0].cluster, "a");
  EXPECT_EQ(Show(page.recommendations[0]), "x: 10-10 gone 20");
  EXPECT_EQ(page.recommendations[1].cluster, "b");
  EXPECT_EQ(Show(page.recommendations[1]), "x: 30-30 now");
  page = store_->ClustersOfRecommendation(1, "x", "K", kAlways, "", 1).value();
  EXPECT_TRUE(page.has_more);
  page = store_->ClustersOfRecommendation(1, "x", "K", kAlways, "a", 1).value();
  ASSERT_EQ(page.recommendations.size(), 1U);
  EXPECT_EQ(page.recommendations[0].cluster, "b");
  EXPECT_FALSE(page.has_more);
  page = store_->ClustersOfRecommendation(1, "x", "K", {At(30), {}}, "", 10).value();
  EXPECT_EQ(page.recommendations.size(), 1U);
  EXPECT_TRUE(
      store_->ClustersOfRecommendation(1, "none", "K", kAlways, "", 10)->recommendations.empty());
}

TEST_P(PastContract, ChangesOfAnOrganisationAreItsOwnAlone) {
  PutAt(10, "a1", {HitOf("x")}, "a");
  PutAt(10, "b1", {HitOf("x")}, "b", 2);
  PutAt(20, "a2", {}, "a");
  PutAt(21, "b2", {HitOf("x"), HitOf("y")}, "b", 2);
  EXPECT_EQ(Changes(""), (Texts{"x gone a2"}));
  EXPECT_EQ(Changes("", kAlways, 2), (Texts{"y appeared b2"}));
  EXPECT_EQ(Changes("", kAlways, 3), Texts{});
  EXPECT_EQ(Changes("", {At(21), {}}), Texts{});
}

TEST_P(PastContract, AClusterOfAnotherOrganisationIsNotThere) {
  PutAt(10, "r1", {HitOf("x")}, kCluster, 2);
  PutAt(20, "r2", {}, kCluster, 2);
  EXPECT_EQ(store_->RecommendationsOfCluster(1, kCluster, kAlways, {}, {}, 10).error().code(),
            Code::kNotFound);
  EXPECT_EQ(store_->Changes(1, kCluster, kAlways, {}, 10).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->PastResults(1, kCluster, kAlways, {}, 10).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->PastResults(1, "none", kAlways, {}, 10).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->PastResults(1, std::string("\xff"), kAlways, {}, 10).error().code(),
            Code::kNotFound);
}

TEST_P(PastContract, AfterAMoveEachOrganisationHasWhatWasItsOwn) {
  PutAt(10, "r1", {HitOf("x"), HitOf("y")});
  PutAt(20, "r2", {HitOf("x")});
  PutAt(30, "r3", {HitOf("x")}, kCluster, 2);
  PutAt(40, "r4", {}, kCluster, 2);
  EXPECT_EQ(store_->Changes(1, kCluster, kAlways, {}, 10).error().code(), Code::kNotFound);
  EXPECT_EQ(Changes("", kAlways, 1), (Texts{"y gone r2"}));
  EXPECT_EQ(Changes(kCluster, kAlways, 2), (Texts{"x gone r4"}));
  EXPECT_EQ(Ids(store_->PastResults(2, kCluster, kAlways, {}, 10).value()), (Texts{"r4", "r3"}));
}

TEST_P(PastContract, EachResultHasWhatJudgedItAndHowItEnded) {
  PutAt(10, "r1", {HitOf("x")});
  PutAt(30, "r3", {HitOf("x"), HitOf("y")});
  PutAt(20, "r2", {});
  clock_.Set(At(40));
  ClusterResult foreign = ResultOf(kCluster, 40, "r4", {});
  foreign.archive.clear();
  foreign.counts = {};
  Put(foreign);
  ClusterResult empty = ResultOf(kCluster, 41, "r5", {});
  empty.empty = true;
  Put(empty);
  const ResultPage page = store_->PastResults(1, kCluster, kAlways, {}, 10).value();
  ASSERT_EQ(Ids(page), (Texts{"r5", "r4", "r2", "r3", "r1"}));
  EXPECT_FALSE(page.next);
  EXPECT_EQ(page.results[0].end, ResultEnd::kEmpty);
  EXPECT_EQ(page.results[1].end, ResultEnd::kStored);
  EXPECT_EQ(page.results[1].archive, "");
  EXPECT_EQ(page.results[1].pack, "");
  EXPECT_EQ(page.results[1].passes, -1);
  EXPECT_EQ(page.results[2].end, ResultEnd::kOvertaken);
  EXPECT_EQ(page.results[2].stored, At(20));
  EXPECT_EQ(page.results[3].end, ResultEnd::kReplaced);
  EXPECT_EQ(page.results[3].archive, "r3");
  EXPECT_EQ(page.results[3].pack, "ccx_rules_ocp base-1.0.0");
  EXPECT_EQ(page.results[3].last_checked, At(30));
  EXPECT_EQ(page.results[3].stored, At(30));
  EXPECT_EQ(page.results[3].hits, 2);
  EXPECT_EQ(page.results[3].passes, 100);
  EXPECT_EQ(page.results[3].skips, 3);
  EXPECT_EQ(page.results[3].errors, 1);
  EXPECT_EQ(Number("SELECT count(*) FROM insightd_pack"), 1);
}

TEST_P(PastContract, ResultsComeInPagesAndRanges) {
  std::vector<std::string> all;
  for (int i = 1; i <= 9; ++i) {
    PutAt(10 * i, fmt::format("r{}", i), {});
    if (i % 3 == 0) PutAt(10 * i - 1, fmt::format("late{}", i), {});
  }
  const Texts newest_first = {"late9", "r9", "r8",    "r7", "late6", "r6",
                              "r5",    "r4", "late3", "r3", "r2",    "r1"};
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), newest_first);
  for (const std::size_t size : {1, 2, 5, 12}) {
    std::vector<std::string> ids;
    std::optional<ResultPlace> place;
    do {
      const ResultPage page = store_->PastResults(1, kCluster, kAlways, place, size).value();
      EXPECT_LE(page.results.size(), size);
      for (const std::string& id : Ids(page)) ids.push_back(id);
      place = page.next;
    } while (place && ids.size() < 20);
    EXPECT_EQ(ids, newest_first) << size;
  }
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, {At(50), At(80)}, {}, 20).value()),
            (Texts{"r7", "late6", "r6", "r5"}));
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, {At(50), At(80)}, {}, 2).value()),
            (Texts{"r7", "late6"}));
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, {At(200), {}}, {}, 20).value()), Texts{});
}

TEST_P(PastContract, ARequestIdThatComesAgainMakesNoCircle) {
  PutAt(10, "r1", {});
  PutAt(20, "r2", {});
  PutAt(30, "r1", {HitOf("x")});
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), (Texts{"r1", "r2"}));
}

TEST_P(PastContract, WhatIsOldIsForgottenInBoundedSteps) {
  for (int i = 1; i <= 6; ++i) {
    PutAt(10 * i, fmt::format("r{}", i),
          i % 2 == 0 ? std::vector<Hit>{HitOf("x")} : std::vector<Hit>{});
  }
  EXPECT_EQ(Changes().size(), 5U);
  EXPECT_EQ(store_->ForgetChanges({.since = At(41)}, 2).value(), 2U);
  EXPECT_EQ(store_->ForgetChanges({.since = At(41)}, 2).value(), 1U);
  EXPECT_EQ(store_->ForgetChanges({.since = At(41)}, 2).value(), 0U);
  EXPECT_EQ(Changes(), (Texts{"x gone r5", "x again r6"}));
  EXPECT_EQ(store_->ForgetUploads({.since = At(41)}, 100).value(), 4U);
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), (Texts{"r6", "r5"}));
  EXPECT_EQ(store_->ForgetUploads({.since = At(1000)}, 100).value(), 2U);
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), (Texts{"r6"}))
      << "the current one stays";
}

TEST_P(PastContract, OnlySoManyOfTheNewestAreKept) {
  for (int i = 1; i <= 6; ++i) {
    PutAt(10 * i, fmt::format("r{}", i),
          i % 2 == 0 ? std::vector<Hit>{HitOf("x")} : std::vector<Hit>{});
  }
  EXPECT_EQ(store_->ForgetChanges({.rows = 5}, 100).value(), 0U);
  EXPECT_EQ(store_->ForgetChanges({.rows = 2}, 2).value(), 2U);
  EXPECT_EQ(store_->ForgetChanges({.rows = 2}, 2).value(), 1U);
  EXPECT_EQ(store_->ForgetChanges({.rows = 2}, 2).value(), 0U);
  EXPECT_EQ(Changes(), (Texts{"x gone r5", "x again r6"}));
  EXPECT_EQ(store_->ForgetUploads({.rows = 2}, 100).value(), 4U);
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), (Texts{"r6", "r5"}));
  EXPECT_EQ(store_->ForgetUploads({.rows = 0}, 100).value(), 2U);
  EXPECT_EQ(Ids(store_->PastResults(1, kCluster, kAlways, {}, 20).value()), (Texts{"r6"}))
      << "the current one stays";
}

TEST_P(PastContract, NamesOfPacksAreCutBetweenCharacters) {
  clock_.Set(At(10));
  ClusterResult result = ResultOf(kCluster, 10, "r1");
  result.pack = std::string(511, 'p') + "\xC3\xA9 and more";
  Put(result);
  EXPECT_EQ(store_->PastResults(1, kCluster, kAlways, {}, 1)->results.at(0).pack,
            std::string(511, 'p'));
}

}  // namespace
}  // namespace insightd::store::testing
