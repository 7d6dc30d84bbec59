// What Put promises.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

TEST_P(StoreContract, AResultIsReadBackAlsoAfterStart) {
  EXPECT_EQ(store_->Report(1, kCluster, "").error().code(), Code::kNotFound);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "r1")), PutOutcome::kStored);

  Reopen();

  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_EQ(report.meta.org_id, 1);
  EXPECT_EQ(report.meta.cluster, kCluster);
  EXPECT_EQ(report.meta.last_checked, At(0));
  EXPECT_EQ(report.meta.gathered, At(-60));
  EXPECT_EQ(report.meta.reported, clock_.Now());
  EXPECT_EQ(report.meta.version, "4.18.3");
  EXPECT_EQ(report.meta.request_id, "r1");
  EXPECT_EQ(report.meta.hits, 1);
  EXPECT_EQ(report.meta.counts.passes, 100);
  EXPECT_EQ(report.meta.counts.skips, 3);
  EXPECT_EQ(report.meta.counts.errors, 1);
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].component, "a.b.report");
  EXPECT_EQ(report.hits[0].key, "KEY");
  EXPECT_EQ(report.hits[0].details, R"({"x":1})");
  EXPECT_EQ(report.hits[0].created, std::chrono::floor<seconds>(clock_.Now()));
  EXPECT_EQ(report.hits[0].impacted_since, report.hits[0].created);
  EXPECT_EQ(store_->ReportText(1, kCluster).value(), R"({"reports":[],"request":"r1"})");
  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 1);

  const ReportMeta meta = store_->Meta(1, kCluster).value();
  EXPECT_EQ(meta.cluster, kCluster);
  EXPECT_EQ(meta.reported, report.meta.reported);
  EXPECT_EQ(meta.counts.errors, 1);

  EXPECT_EQ(store_->Report(2, kCluster, "").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->Meta(2, kCluster).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->ReportText(2, kCluster).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->OrganizationOf(kOther).error().code(), Code::kNotFound);
}

TEST_P(StoreContract, AResultWithoutWhatMayBeAbsent) {
  ClusterResult result = ResultOf(kCluster, 0, "r1", {});
  result.request_id.clear();
  result.archive.clear();
  result.gathered.reset();
  result.version.reset();
  result.counts = {};
  result.report = "{}";

  EXPECT_EQ(Put(result), PutOutcome::kStored);

  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_TRUE(report.meta.request_id.empty());
  EXPECT_FALSE(report.meta.gathered);
  EXPECT_TRUE(report.meta.version.empty());
  EXPECT_EQ(report.meta.counts.passes, -1);
  EXPECT_EQ(report.meta.hits, 0);
  EXPECT_TRUE(report.hits.empty());
  EXPECT_EQ(Number("SELECT count(*) FROM report_info"), 0);
  EXPECT_EQ(Put(result), PutOutcome::kSame);
  EXPECT_EQ(store_->FindUpload("").error().code(), Code::kNotFound);
}

TEST_P(StoreContract, NoResultsAreStoredAtOnce) { EXPECT_TRUE(store_->Put({})->empty()); }

TEST_P(StoreContract, TimesKeepTheirMicroseconds) {
  ClusterResult result = ResultOf(kCluster, 0, "r1");
  result.last_checked = Time(microseconds(1'789'000'000'123'457));
  result.gathered = Time(microseconds(1'788'999'999'999'999));
  Put(result);
  EXPECT_EQ(store_->Meta(1, kCluster)->last_checked, result.last_checked);
  EXPECT_EQ(store_->Meta(1, kCluster)->gathered, result.gathered);
  result.request_id = "r0";
  result.last_checked += microseconds(1);
  EXPECT_EQ(Put(result), PutOutcome::kStored) << "newer by a microsecond";
}

TEST_P(StoreContract, TheSameResultTwiceChangesNothing) {
  Put(ResultOf(kCluster, 0, "r1"));
  clock_.Set(At(500));
  ClusterResult again = ResultOf(kCluster, 0, "r1");
  again.report = "{}";
  EXPECT_EQ(Put(again), PutOutcome::kSame);
  EXPECT_NE(store_->ReportText(1, kCluster).value(), "{}");
  EXPECT_NE(store_->Meta(1, kCluster)->reported, At(500));
  EXPECT_TRUE(Released().empty());
  EXPECT_EQ(EndOf("r1"), UploadEnd::kStored);
}

TEST_P(StoreContract, ABatchStoredAgainIsTheSame) {
  std::vector<ClusterResult> batch;
  for (int i = 0; i < 20; ++i) {
    batch.push_back(ResultOf("c" + std::to_string(i), i, "r" + std::to_string(i)));
  }
  ASSERT_TRUE(store_->Put(batch));
  const auto again = store_->Put(batch).value();
  EXPECT_EQ(again, std::vector(batch.size(), PutOutcome::kSame));
  EXPECT_EQ(Number("SELECT count(*) FROM report"), 20);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit"), 20);
  EXPECT_TRUE(Released().empty());
}

TEST_P(StoreContract, AnOlderResultChangesNothingButTheHistory) {
  Put(ResultOf(kCluster, 10, "new"));
  ClusterResult old = ResultOf(kCluster, 5, "old", {{"gone.report", "K", "{}"}});
  old.org_id = 2;
  old.version = "4.1.0";

  EXPECT_EQ(Put(old), PutOutcome::kOlder);

  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_EQ(report.meta.request_id, "new");
  EXPECT_EQ(report.meta.version, "4.18.3");
  EXPECT_EQ(report.hits[0].component, "a.b.report");
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM report_info WHERE version_info = '4.18.3'"), 1);
  EXPECT_EQ(EndOf("old"), UploadEnd::kOvertaken);
  EXPECT_EQ(EndOf("new"), UploadEnd::kStored);
  EXPECT_EQ(Put(old), PutOutcome::kOlder);
  EXPECT_EQ(Released(), Keys{"old"}) << "once, though it came twice";
}

TEST_P(StoreContract, ANewerResultReplacesAndKeepsSinceWhenAHitIsThere) {
  clock_.Set(At(100));
  Put(ResultOf(kCluster, 0, "r1", {{"stays.report", "K", "1"}, {"goes.report", "K", "1"}}));
  clock_.Set(At(200));

  EXPECT_EQ(
      Put(ResultOf(kCluster, 10, "r2", {{"stays.report", "K", "2"}, {"new.report", "K", ""}})),
      PutOutcome::kStored);

  const auto report = store_->Report(1, kCluster, "").value();
  ASSERT_EQ(report.hits.size(), 2U);
  EXPECT_EQ(report.hits[0].component, "new.report");
  EXPECT_EQ(report.hits[0].created, At(200));
  EXPECT_EQ(report.hits[1].component, "stays.report");
  EXPECT_EQ(report.hits[1].details, "2");
  EXPECT_EQ(report.hits[1].created, At(100));
  EXPECT_EQ(report.hits[1].impacted_since, At(100));
  EXPECT_EQ(report.meta.reported, At(200));
  EXPECT_EQ(EndOf("r1"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kStored);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 2);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "r1")), PutOutcome::kOlder);
  EXPECT_EQ(EndOf("r1"), UploadEnd::kReplaced) << "a redelivery does not change its end";
  EXPECT_EQ(Released(), Keys{"r1"});
}

TEST_P(StoreContract, AHitThatWentAndCameBackIsNewAgain) {
  clock_.Set(At(100));
  Put(ResultOf(kCluster, 0, "r1", {{"x.report", "K", "1"}}));
  clock_.Set(At(200));
  Put(ResultOf(kCluster, 1, "r2", {}));
  EXPECT_TRUE(store_->Report(1, kCluster, "")->hits.empty());
  clock_.Set(At(300));
  Put(ResultOf(kCluster, 2, "r3", {{"x.report", "K", "1"}}));
  EXPECT_EQ(store_->Report(1, kCluster, "")->hits[0].created, At(300));
  EXPECT_EQ(store_->Report(1, kCluster, "")->hits[0].impacted_since, At(300));
}

TEST_P(StoreContract, OfTwoWithOneTimeTheGreaterRequestIdWinsInAnyOrder) {
  Put(ResultOf(kCluster, 0, "a"));
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "b")), PutOutcome::kStored);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "a")), PutOutcome::kOlder);
  Put(ResultOf(kOther, 0, "b2"));
  EXPECT_EQ(Put(ResultOf(kOther, 0, "a2")), PutOutcome::kOlder);
  EXPECT_EQ(EndOf("a"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("a2"), UploadEnd::kOvertaken);
  // By bytes, whatever the collation of the database.
  Put(ResultOf("case", 0, "B"));
  EXPECT_EQ(Put(ResultOf("case", 0, "a")), PutOutcome::kStored);
}

TEST_P(StoreContract, AnyOrderOfArrivalLeavesTheSame) {
  std::vector<ClusterResult> results;
  for (int i = 0; i < 5; ++i) {
    // Two have one time.
    results.push_back(ResultOf(kCluster, i / 2, "r" + std::to_string(i),
                               {{"x.report", "K" + std::to_string(i), "{}"}}));
  }
  std::vector<int> order = {0, 1, 2, 3, 4};
  int round = 0;
  do {
    if (round++ % 10 != 0) continue;  // twelve of 120
    const std::string cluster = "c" + std::to_string(round);
    for (const int at : order) {
      ClusterResult result = results[static_cast<std::size_t>(at)];
      result.cluster = cluster;
      result.request_id += cluster;
      Put(result);
    }
    const auto report = store_->Report(1, cluster, "").value();
    EXPECT_EQ(report.meta.request_id, "r4" + cluster);
    ASSERT_EQ(report.hits.size(), 1U);
    EXPECT_EQ(report.hits[0].key, "K4");
    for (int i = 0; i < 4; ++i) {
      const UploadEnd end = EndOf(fmt::format("r{}{}", i, cluster));
      EXPECT_TRUE(end == UploadEnd::kReplaced || end == UploadEnd::kOvertaken);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(StoreContract, RowsOfOneClusterInABatchAreHandledInOrder) {
  const std::vector<ClusterResult> batch = {
      ResultOf(kCluster, 0, "r1", {{"first.report", "K", "1"}, {"both.report", "K", "1"}}),
      ResultOf(kCluster, 2, "r3", {{"both.report", "K", "2"}, {"last.report", "K", "2"}}),
      ResultOf(kCluster, 1, "r2"),
      ResultOf(kOther, 0, "x"),
      ResultOf(kCluster, 2, "r3"),
      ResultOf(kCluster, 0, "r1")};
  const auto outcomes = store_->Put(batch).value();
  EXPECT_EQ(outcomes, (std::vector{PutOutcome::kStored, PutOutcome::kStored, PutOutcome::kOlder,
                                   PutOutcome::kStored, PutOutcome::kSame, PutOutcome::kOlder}));
  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_EQ(report.meta.request_id, "r3");
  ASSERT_EQ(report.hits.size(), 2U);
  EXPECT_EQ(report.hits[0].component, "both.report");
  EXPECT_EQ(report.hits[0].details, "2");
  EXPECT_EQ(EndOf("r1"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kOvertaken);
  Keys released = Released();
  std::sort(released.begin(), released.end());
  EXPECT_EQ(released, (Keys{"r1", "r2"}));
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 3);
}

TEST_P(StoreContract, ARowThatIsRefusedFailsTheCallAndNothingIsThere) {
  std::vector<ClusterResult> batch = {ResultOf(kCluster, 0, "r1"), ResultOf(kOther, 0, "r2")};
  batch[1].hits[0].details = std::string("a\0b", 3);

  const auto put = store_->Put(batch);

  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kInvalid);
  EXPECT_NE(put.error().message().find("r2"), std::string::npos) << put.error().message();
  EXPECT_EQ(store_->Meta(1, kCluster).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindUpload("r1").error().code(), Code::kNotFound);
}

TEST_P(StoreContract, ARowThatTheDatabaseRefusesIsInvalidTooAndNothingIsThere) {
  engine_->Poison();
  const std::vector<ClusterResult> batch = {
      ResultOf(kOther, 0, "r0"), ResultOf(kCluster, 0, "r1", {{"a.report", "POISON", "{}"}})};
  const auto put = store_->Put(batch);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kInvalid);
  EXPECT_NE(put.error().message().find("poison"), std::string::npos) << put.error().message();
  EXPECT_EQ(store_->Meta(1, kOther).error().code(), Code::kNotFound);
  EXPECT_EQ(Put(batch[0]), PutOutcome::kStored) << "the good half goes on";
}

// What one database takes and the other does not would be stored or lost by chance.
TEST_P(StoreContract, TextsThatADatabaseCannotHoldAreRefused) {
  const std::string nul("a\0b", 3);
  const std::string broken =
      "a\xff"
      "b";
  int i = 0;
  for (const std::string& text : {nul, broken}) {
    std::vector<ClusterResult> bad(8, ResultOf(kCluster, 0, "r1"));
    bad[0].cluster = text;
    bad[1].request_id = text;
    bad[2].report = text;
    bad[3].archive = text;
    bad[4].version = text;
    bad[5].hits[0].component = text;
    bad[6].hits[0].key = text;
    bad[7].hits[0].details = text;
    for (const ClusterResult& result : bad) {
      const auto put = store_->Put({&result, 1});
      ASSERT_FALSE(put) << i;
      EXPECT_EQ(put.error().code(), Code::kInvalid) << i;
      ++i;
    }
  }
  ClusterResult longest = ResultOf(kCluster, 0, "r1");
  longest.hits[0].key.assign(3000, 'k');
  EXPECT_EQ(store_->Put({&longest, 1}).error().code(), Code::kInvalid) << "too long for an index";
  ClusterResult nameless = ResultOf("", 0, "r1");
  EXPECT_EQ(store_->Put({&nameless, 1}).error().code(), Code::kInvalid);
  EXPECT_EQ(Number("SELECT count(*) FROM report"), 0);
}

TEST_P(StoreContract, AnyOtherTextComesBackAsItIs) {
  const std::string text = "\u00e4\u65e5\U0001F600 '\"\\ \r\n\t\x01\x7f ${} $1 ;--";
  ClusterResult result = ResultOf("cluster " + text, 0, "request " + text,
                                  {{"c " + text + ".report", "k " + text, "d " + text}});
  result.report = "r " + text;
  result.version = "v " + text;
  result.archive = "a " + text;
  Put(result);
  const auto report = store_->Report(1, result.cluster, "").value();
  EXPECT_EQ(report.meta.cluster, result.cluster);
  EXPECT_EQ(report.meta.request_id, result.request_id);
  EXPECT_EQ(report.meta.version, *result.version);
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].component, result.hits[0].component);
  EXPECT_EQ(report.hits[0].key, result.hits[0].key);
  EXPECT_EQ(report.hits[0].details, result.hits[0].details);
  EXPECT_TRUE(report.hits[0].impacted_since);
  EXPECT_EQ(store_->ReportText(1, result.cluster).value(), result.report);
  EXPECT_EQ(store_->NewestArchives(1)->at(0).key, result.archive);
  EXPECT_EQ(EndOf(result.request_id), UploadEnd::kStored);
  EXPECT_EQ(store_->ClustersHitBy(1, "c " + text, "k " + text)->size(), 1U);
}

TEST_P(StoreContract, LargeReportsComeBackWhole) {
  constexpr std::size_t kBytes = 20'000'000;
  ClusterResult result = ResultOf(kCluster, 0, "r1");
  std::uint64_t state = 1;
  result.report.clear();
  while (result.report.size() < kBytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    result.report += fmt::format("{:016x}", state);
  }
  result.hits[0].details = result.report.substr(0, kBytes / 4);
  Put(result);
  EXPECT_TRUE(store_->ReportText(1, kCluster).value() == result.report);
  EXPECT_TRUE(store_->Report(1, kCluster, "")->hits.at(0).details == result.hits[0].details);
}

TEST_P(StoreContract, ManyHitsOfOneCluster) {
  ClusterResult result = ResultOf(kCluster, 0, "r1", {});
  for (int i = 0; i < 2000; ++i) {
    result.hits.push_back({fmt::format("m{:04}.report", i), "K", "{}"});
  }
  Put(result);
  const auto report = store_->Report(1, kCluster, "").value();
  ASSERT_EQ(report.hits.size(), 2000U);
  EXPECT_EQ(report.hits[1999].component, "m1999.report");
  EXPECT_EQ(report.meta.hits, 2000);
}

TEST_P(StoreContract, OrganisationsAreThirtyTwoBitsWide) {
  int i = 0;
  for (const std::int64_t org_id : {std::int64_t{0}, std::int64_t{2'147'483'647},
                                    std::int64_t{2'147'483'648}, std::int64_t{4'294'967'295}}) {
    ClusterResult result = ResultOf("c" + std::to_string(i), 0, "r" + std::to_string(i));
    result.org_id = org_id;
    EXPECT_EQ(Put(result), PutOutcome::kStored);
    Toggle(result.cluster, "a.b.report", "KEY", At(1), true, org_id);
    Acknowledge("a.b", "KEY", "known", At(1), std::nullopt, org_id);
    const auto report = store_->Report(org_id, result.cluster, "").value();
    EXPECT_EQ(report.meta.org_id, org_id);
    EXPECT_TRUE(report.hits.at(0).disabled);
    EXPECT_EQ(store_->OrganizationOf(result.cluster).value(), org_id);
    EXPECT_EQ(store_->FindUpload(result.request_id)->org_id, org_id);
    EXPECT_EQ(store_->ClustersSince(org_id, Time{})->size(), 1U);
    EXPECT_EQ(store_->RuleCounts(org_id)->at(0).clusters_disabled, 1);
    EXPECT_EQ(store_->ClustersHitBy(org_id, "a.b", "KEY")->size(), 1U);
    EXPECT_EQ(store_->Acknowledgements(org_id)->size(), 1U);
    EXPECT_EQ(store_->Toggles(org_id)->size(), 1U);
    int visits = 0;
    ASSERT_TRUE(store_->Fleet(org_id, "", [&](const FleetCluster& cluster) {
      EXPECT_EQ(cluster.meta.org_id, org_id);
      ++visits;
      return true;
    }));
    EXPECT_EQ(visits, 1);
    ++i;
  }
  for (const std::int64_t org_id : {std::int64_t{-1}, std::int64_t{4'294'967'296}}) {
    ClusterResult result = ResultOf(kCluster, 0, "r");
    result.org_id = org_id;
    EXPECT_EQ(store_->Put({&result, 1}).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->Report(org_id, "c0", "").error().code(), Code::kNotFound);
    EXPECT_EQ(store_->Meta(org_id, "c0").error().code(), Code::kNotFound);
    EXPECT_TRUE(store_->RuleCounts(org_id)->empty());
    EXPECT_TRUE(store_->ClustersSince(org_id, Time{})->empty());
  }
}

TEST_P(StoreContract, OfTwoHitsWithOneNameTheFirstCounts) {
  Put(ResultOf(kCluster, 0, "r1", {{"a.report", "K", "1"}, {"a.report", "K", "2"}}));
  const auto report = store_->Report(1, kCluster, "").value();
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].details, "1");
  EXPECT_EQ(report.meta.hits, 1);
}

TEST_P(StoreContract, TwoComponentsOfOneRuleAreOneRecommendation) {
  Put(ResultOf(kCluster, 0, "r1", {{"a.report", "K", "1"}, {"a", "K", "2"}}));
  EXPECT_EQ(store_->Report(1, kCluster, "")->hits.size(), 2U);
  EXPECT_EQ(store_->RuleCounts(1)->size(), 1U);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation WHERE rule_fqdn = 'a' AND "
                   "rule_id = 'a|K'"),
            1);
}

TEST_P(StoreContract, WithoutAVersionTheStoredOneStays) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult result = ResultOf(kCluster, 1, "r2");
  result.version.reset();
  Put(result);
  EXPECT_EQ(store_->Meta(1, kCluster)->version, "4.18.3");
  EXPECT_EQ(Number("SELECT count(*) FROM report_info WHERE version_info = '4.18.3'"), 1);
  result = ResultOf(kCluster, 2, "r3");
  result.version = "4.19.0";
  Put(result);
  EXPECT_EQ(store_->Meta(1, kCluster)->version, "4.19.0");
  EXPECT_EQ(Number("SELECT count(*) FROM report_info WHERE version_info = '4.19.0'"), 1);
}

TEST_P(StoreContract, ANewerResultOfAnotherOrganisationTakesTheClusterAlong) {
  clock_.Set(At(100));
  Put(ResultOf(kCluster, 0, "r1"));
  Put(ResultOf(kOther, 0, "o1"));
  Toggle(kCluster, "a.b.report", "KEY", At(1));
  Vote(kCluster, "a.b.report", "KEY", "me", 1);
  DisableFeedback(kCluster, "a.b.report", "KEY", "me", "why", At(2));
  Acknowledge("a.b", "KEY", "known", At(7), std::nullopt);
  clock_.Set(At(200));
  ClusterResult result = ResultOf(kCluster, 1, "r2");
  result.org_id = 2;
  result.version.reset();

  EXPECT_EQ(Put(result), PutOutcome::kStored);

  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 2);
  EXPECT_EQ(store_->Meta(1, kCluster).error().code(), Code::kNotFound);
  const auto report = store_->Report(2, kCluster, "me").value();
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_TRUE(report.hits[0].disabled);
  EXPECT_EQ(report.hits[0].created, At(100)) << "the hit is there for as long as before";
  EXPECT_EQ(report.hits[0].impacted_since, At(100));
  EXPECT_EQ(report.hits[0].user_vote, 1);
  EXPECT_EQ(report.hits[0].disable_feedback, "why");
  EXPECT_EQ(report.meta.version, "4.18.3");
  EXPECT_EQ(store_->Toggles(2)->size(), 1U);
  EXPECT_TRUE(store_->Toggles(1)->empty());
  EXPECT_EQ(store_->RuleCounts(2)->at(0).clusters_disabled, 1);
  EXPECT_EQ(store_->RuleCounts(1)->at(0).clusters, 1) << "the other cluster";
  EXPECT_EQ(store_->ClustersHitBy(2, "a.b", "KEY")->at(0).justification, "why");
  EXPECT_EQ(store_->Acknowledgements(1)->size(), 1U) << "belongs to the organisation";
  EXPECT_TRUE(store_->Acknowledgements(2)->empty());
  EXPECT_EQ(store_->ClustersSince(1, Time{}).value(), Keys{kOther});
  EXPECT_EQ(Number("SELECT count(*) FROM report"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM report_info WHERE org_id = 2"), 1);
}

TEST_P(StoreContract, AClusterMovesThereAndBackInOneBatch) {
  std::vector<ClusterResult> batch = {ResultOf(kCluster, 0, "r1"), ResultOf(kCluster, 1, "r2"),
                                      ResultOf(kCluster, 2, "r3")};
  batch[1].org_id = 2;
  EXPECT_EQ(store_->Put(batch).value(), std::vector(3, PutOutcome::kStored));
  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 1);
  EXPECT_TRUE(store_->RuleCounts(2)->empty());
  EXPECT_EQ(store_->RuleCounts(1)->size(), 1U);
  EXPECT_EQ(store_->FindUpload("r2")->org_id, 2);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kReplaced);
}

TEST_P(StoreContract, AClusterThatMovesTwiceInOneBatchLeavesNothingOnItsWay) {
  Put(ResultOf(kCluster, 0, "r1"));
  for (const int org_id : {2, 3}) {
    engine_->Execute(
        "INSERT INTO rule_hit(org_id, cluster_id, rule_fqdn, error_key, template_data)"
        " VALUES (" +
        std::to_string(org_id) + ", '" + kCluster + "', 'l', 'K', '')");
    engine_->Execute(
        "INSERT INTO recommendation(org_id, cluster_id, rule_fqdn, error_key, rule_id,"
        " created_at, impacted_since) VALUES (" +
        std::to_string(org_id) + ", '" + kCluster + "', 'l', 'K', 'l|K', " + Literal(At(1)) + ", " +
        Literal(At(1)) + ")");
  }
  std::vector<ClusterResult> batch = {ResultOf(kCluster, 1, "r2"), ResultOf(kCluster, 2, "r3"),
                                      ResultOf(kCluster, 3, "r4")};
  batch[0].org_id = 2;
  batch[1].org_id = 1;
  batch[2].org_id = 3;
  EXPECT_EQ(store_->Put(batch).value(), std::vector(3, PutOutcome::kStored));
  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 3);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit WHERE org_id = 3 AND error_key = 'KEY'"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation WHERE org_id = 3 AND error_key = 'KEY'"),
            1);
}

TEST_P(StoreContract, AnEmptyResultIsOnlyNoted) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult empty = ResultOf(kCluster, 1, "r2", {});
  empty.empty = true;
  EXPECT_EQ(Put(empty), PutOutcome::kEmpty);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kEmpty);
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r1");
  EXPECT_EQ(Put(empty), PutOutcome::kEmpty);
  EXPECT_EQ(Released(), Keys{"r2"});
  empty.cluster = kOther;
  empty.request_id = "r3";
  EXPECT_EQ(Put(empty), PutOutcome::kEmpty);
  EXPECT_EQ(store_->Meta(1, kOther).error().code(), Code::kNotFound);
}

TEST_P(StoreContract, WhereNothingWasJudgedNothingThatWasIsReplaced) {
  const auto unjudged = [](int minutes, std::string id) {
    ClusterResult result = ResultOf(kCluster, minutes, std::move(id), {});
    result.counts.passes = 0;
    result.nothing_judged = true;
    return result;
  };
  EXPECT_EQ(Put(unjudged(0, "r0")), PutOutcome::kStored) << "better than to say nothing";
  EXPECT_EQ(Put(unjudged(1, "r1")), PutOutcome::kStored);
  EXPECT_EQ(Put(ResultOf(kCluster, 2, "r2")), PutOutcome::kStored);
  EXPECT_EQ(Put(unjudged(3, "r3")), PutOutcome::kEmpty);
  EXPECT_EQ(EndOf("r3"), UploadEnd::kEmpty);
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r2");
  // In one batch it is the same.
  std::vector<ClusterResult> batch = {unjudged(0, "b0"), ResultOf(kOther, 1, "b1"),
                                      unjudged(2, "b2")};
  batch[0].cluster = batch[2].cluster = kOther;
  EXPECT_EQ(store_->Put(batch).value(),
            (std::vector{PutOutcome::kStored, PutOutcome::kStored, PutOutcome::kEmpty}));
  // Nothing is known of how it was judged: then it may have been.
  ClusterResult unknown = ResultOf("unknown", 0, "u0", {});
  unknown.counts = {};
  Put(unknown);
  ClusterResult later = unjudged(1, "u1");
  later.cluster = "unknown";
  EXPECT_EQ(Put(later), PutOutcome::kEmpty);
}

// ---- Duties ----

TEST_P(StoreContract, ADutyIsGrantedOnceAndAgainWhenItIsGivenBack) {
  EXPECT_TRUE(leases_[0]->held());
  const auto second = store_->TryTakeDuty(Duty::kResults);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  leases_.clear();
  const auto again = store_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->held());
}

}  // namespace
}  // namespace insightd::store::testing
