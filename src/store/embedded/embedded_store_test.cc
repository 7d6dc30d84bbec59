#include "store/embedded/embedded_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"

namespace insightd::store {
namespace {

const std::string kCluster = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
const std::string kOther = "74ae54aa-6577-4e80-85e7-697cb646ff37";

class TestClock final : public Clock {
 public:
  Time Now() const override { return Time(microseconds(now_)); }
  microseconds Steady() const override { return microseconds(now_); }
  void Set(Time now) { now_ = now.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000'123'456};
};

Time At(int second) { return Time(seconds(2'000'000 + second)); }

ClusterResult ResultOf(const std::string& cluster, int checked, const std::string& request_id,
                       std::vector<Hit> hits = {{"a.b.report", "KEY", R"({"x":1})"}}) {
  return {.org_id = 1,
          .cluster = cluster,
          .request_id = request_id,
          .last_checked = At(checked),
          .gathered = At(checked - 60),
          .report = R"({"reports":[],"request":")" + request_id + "\"}",
          .hits = std::move(hits),
          .version = "4.18.3",
          .archive = request_id,
          .counts = {.passes = 100, .skips = 3, .errors = 1},
          .empty = false,
          .nothing_judged = false};
}

class EmbeddedStoreTest : public ::testing::Test {
 protected:
  EmbeddedStoreTest() {
    options_.path = folder_ / "store.db";
    options_.clock = &clock_;
    Reopen();
  }
  void Reopen() {
    store_.reset();
    auto store = OpenEmbeddedStore(options_);
    INSIGHTD_ASSERT(store);
    store_ = std::move(*store);
  }
  // As another program, or a later version, would.
  void Execute(const std::string& sql) {
    auto database = sqlite::Database::Open(options_.path, {});
    const auto done = (*database)->Execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::int64_t Number(const std::string& sql) {
    auto database = sqlite::Database::Open(options_.path, {});
    return (*database)->Number(sql).value();
  }
  PutOutcome Put(const ClusterResult& result) {
    const auto outcomes = store_->Put({&result, 1});
    INSIGHTD_ASSERT(outcomes);
    return outcomes->at(0);
  }
  UploadEnd EndOf(const std::string& request_id) {
    const auto upload = store_->FindUpload(request_id);
    INSIGHTD_ASSERT(upload);
    return upload->end;
  }
  std::vector<std::string> Released(Time until = At(1'000'000)) {
    const auto archives = store_->ReleasedArchives(until, 100);
    INSIGHTD_ASSERT(archives);
    std::vector<std::string> keys;
    for (const KeptArchive& archive : *archives) keys.push_back(archive.key);
    return keys;
  }

  testing::TempFolder folder_;
  TestClock clock_;
  EmbeddedStoreOptions options_;
  std::unique_ptr<Store> store_;
};

using Keys = std::vector<std::string>;

// ---- Results ----

TEST_F(EmbeddedStoreTest, AResultIsReadBackAlsoAfterStart) {
  EXPECT_EQ(store_->Report(1, kCluster, "").error().code(), Code::kNotFound);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "r1")), PutOutcome::kStored);

  Reopen();

  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_EQ(report.meta.last_checked, At(0));
  EXPECT_EQ(report.meta.gathered, At(-60));
  EXPECT_EQ(report.meta.reported, clock_.Now());
  EXPECT_EQ(report.meta.version, "4.18.3");
  EXPECT_EQ(report.meta.request_id, "r1");
  EXPECT_EQ(report.meta.hits, 1);
  EXPECT_EQ(report.meta.counts.passes, 100);
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].component, "a.b.report");
  EXPECT_EQ(report.hits[0].details, R"({"x":1})");
  EXPECT_EQ(report.hits[0].created, std::chrono::floor<seconds>(clock_.Now()));
  EXPECT_EQ(report.hits[0].impacted_since, report.hits[0].created);
  EXPECT_EQ(store_->ReportText(1, kCluster).value(), R"({"reports":[],"request":"r1"})");
  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 1);
  EXPECT_EQ(store_->Report(2, kCluster, "").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->OrganizationOf(kOther).error().code(), Code::kNotFound);
}

TEST_F(EmbeddedStoreTest, TheSameResultTwiceChangesNothing) {
  Put(ResultOf(kCluster, 0, "r1"));
  clock_.Set(At(500));
  ClusterResult again = ResultOf(kCluster, 0, "r1");
  again.report = "{}";
  EXPECT_EQ(Put(again), PutOutcome::kSame);
  EXPECT_NE(store_->ReportText(1, kCluster).value(), "{}");
  EXPECT_NE(store_->Meta(1, kCluster)->reported, At(500));
  EXPECT_TRUE(Released().empty());
}

TEST_F(EmbeddedStoreTest, AnOlderResultChangesNothingButTheHistory) {
  Put(ResultOf(kCluster, 10, "new"));
  ClusterResult old = ResultOf(kCluster, 5, "old", {{"gone.report", "K", "{}"}});
  old.org_id = 2;
  old.version = "4.1.0";

  EXPECT_EQ(Put(old), PutOutcome::kOlder);

  const auto report = store_->Report(1, kCluster, "").value();
  EXPECT_EQ(report.meta.request_id, "new");
  EXPECT_EQ(report.meta.version, "4.18.3");
  EXPECT_EQ(report.hits[0].component, "a.b.report");
  EXPECT_EQ(EndOf("old"), UploadEnd::kOvertaken);
  EXPECT_EQ(EndOf("new"), UploadEnd::kStored);
  EXPECT_EQ(Put(old), PutOutcome::kOlder);
  EXPECT_EQ(Released(), Keys{"old"}) << "once, though it came twice";
}

TEST_F(EmbeddedStoreTest, ANewerResultReplacesAndKeepsSinceWhenAHitIsThere) {
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
  EXPECT_EQ(EndOf("r1"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kStored);
  EXPECT_EQ(Number("SELECT count(*) FROM rule_hit"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM recommendation"), 2);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "r1")), PutOutcome::kOlder);
  EXPECT_EQ(EndOf("r1"), UploadEnd::kReplaced) << "a redelivery does not change its end";
  EXPECT_EQ(Released(), Keys{"r1"});
}

TEST_F(EmbeddedStoreTest, OfTwoWithOneTimeTheGreaterRequestIdWinsInAnyOrder) {
  Put(ResultOf(kCluster, 0, "a"));
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "b")), PutOutcome::kStored);
  EXPECT_EQ(Put(ResultOf(kCluster, 0, "a")), PutOutcome::kOlder);
  Put(ResultOf(kOther, 0, "b2"));
  EXPECT_EQ(Put(ResultOf(kOther, 0, "a2")), PutOutcome::kOlder);
}

TEST_F(EmbeddedStoreTest, TwoRowsOfOneClusterInABatchAreHandledInOrder) {
  const std::vector<ClusterResult> batch = {ResultOf(kCluster, 0, "r1"),
                                            ResultOf(kCluster, 2, "r3"),
                                            ResultOf(kCluster, 1, "r2"), ResultOf(kOther, 0, "x")};
  const auto outcomes = store_->Put(batch).value();
  EXPECT_EQ(outcomes, (std::vector{PutOutcome::kStored, PutOutcome::kStored, PutOutcome::kOlder,
                                   PutOutcome::kStored}));
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r3");
}

TEST_F(EmbeddedStoreTest, ARowThatIsRefusedFailsTheCallAndNothingIsThere) {
  std::vector<ClusterResult> batch = {ResultOf(kCluster, 0, "r1"), ResultOf(kOther, 0, "r2")};
  batch[1].hits[0].details = std::string("a\0b", 3);

  const auto put = store_->Put(batch);

  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kInvalid);
  EXPECT_NE(put.error().message().find("r2"), std::string::npos);
  EXPECT_EQ(store_->Meta(1, kCluster).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindUpload("r1").error().code(), Code::kNotFound);
}

TEST_F(EmbeddedStoreTest, ARowThatTheDatabaseRefusesIsInvalidToo) {
  Execute(
      "CREATE TRIGGER poison BEFORE INSERT ON rule_hit WHEN NEW.error_key = 'POISON' "
      "BEGIN SELECT raise(ABORT, 'poisoned'); END");
  const ClusterResult result = ResultOf(kCluster, 0, "r1", {{"a.report", "POISON", "{}"}});
  const auto put = store_->Put({&result, 1});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kInvalid);
  EXPECT_NE(put.error().message().find("poisoned"), std::string::npos);
}

TEST_F(EmbeddedStoreTest, OrganisationsAreThirtyTwoBitsWide) {
  ClusterResult result = ResultOf(kCluster, 0, "r1");
  result.org_id = 4'294'967'295;
  EXPECT_EQ(Put(result), PutOutcome::kStored);
  result.org_id = 4'294'967'296;
  EXPECT_FALSE(store_->Put({&result, 1}));
  result.org_id = -1;
  EXPECT_FALSE(store_->Put({&result, 1}));
}

TEST_F(EmbeddedStoreTest, OfTwoHitsWithOneNameTheFirstCounts) {
  Put(ResultOf(kCluster, 0, "r1", {{"a.report", "K", "1"}, {"a.report", "K", "2"}}));
  const auto report = store_->Report(1, kCluster, "").value();
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].details, "1");
  EXPECT_EQ(report.meta.hits, 1);
}

TEST_F(EmbeddedStoreTest, WithoutAVersionTheStoredOneStays) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult result = ResultOf(kCluster, 1, "r2");
  result.version.reset();
  Put(result);
  EXPECT_EQ(store_->Meta(1, kCluster)->version, "4.18.3");
  EXPECT_EQ(Number("SELECT count(*) FROM report_info WHERE version_info = '4.18.3'"), 1);
}

TEST_F(EmbeddedStoreTest, ANewerResultOfAnotherOrganisationTakesTheClusterAlong) {
  Put(ResultOf(kCluster, 0, "r1"));
  Execute(
      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, updated_at, "
      "org_id) VALUES ('" +
      kCluster + "', 'a.b.report', 'KEY', 1, 7, '1')");
  Execute(
      "INSERT INTO rule_disable(org_id, rule_id, error_key, created_at) "
      "VALUES ('1', 'a.b', 'KEY', 7)");
  ClusterResult result = ResultOf(kCluster, 1, "r2");
  result.org_id = 2;

  EXPECT_EQ(Put(result), PutOutcome::kStored);

  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 2);
  EXPECT_EQ(store_->Meta(1, kCluster).error().code(), Code::kNotFound);
  const auto report = store_->Report(2, kCluster, "").value();
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_TRUE(report.hits[0].disabled);
  EXPECT_EQ(store_->Toggles(2)->size(), 1U);
  EXPECT_EQ(store_->Acknowledgements(1)->size(), 1U) << "belongs to the organisation";
  EXPECT_EQ(Number("SELECT count(*) FROM report"), 1);
}

TEST_F(EmbeddedStoreTest, AnEmptyResultIsOnlyNoted) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult empty = ResultOf(kCluster, 1, "r2", {});
  empty.empty = true;
  EXPECT_EQ(Put(empty), PutOutcome::kEmpty);
  EXPECT_EQ(EndOf("r2"), UploadEnd::kEmpty);
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r1");
  EXPECT_EQ(Released(), Keys{"r2"});
}

TEST_F(EmbeddedStoreTest, WhereNothingWasJudgedNothingThatWasIsReplaced) {
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
}

// ---- Reads ----

TEST_F(EmbeddedStoreTest, TheFleetComesInOrderWithItsHits) {
  Put(ResultOf("b", 0, "rb", {{"x.report", "K", ""}, {"y.report", "K", ""}}));
  Put(ResultOf("a", 0, "ra", {}));
  Put(ResultOf("c", 0, "rc", {{"x.report", "K", ""}}));
  ClusterResult foreign = ResultOf("bb", 0, "rf");
  foreign.org_id = 2;
  Put(foreign);
  Execute(
      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, updated_at, "
      "org_id) VALUES ('b', 'y.report', 'K', 1, 7, '1')");
  std::string seen;
  const auto note = [&seen](const FleetCluster& cluster) {
    seen += cluster.meta.cluster + ":";
    for (const FleetHit& hit : cluster.hits) {
      seen += fmt::format(" {}|{}{}", hit.rule, hit.key, hit.disabled ? "-" : "");
    }
    seen += ";";
    return true;
  };

  ASSERT_TRUE(store_->Fleet(1, "", note));
  EXPECT_EQ(seen, "a:;b: x|K y|K-;c: x|K;");
  seen.clear();
  ASSERT_TRUE(store_->Fleet(1, "a", note));
  EXPECT_EQ(seen, "b: x|K y|K-;c: x|K;");
  int visits = 0;
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST_F(EmbeddedStoreTest, CountsClustersByRule) {
  Put(ResultOf("a", 0, "ra", {{"x.report", "K", ""}, {"y.report", "K", ""}}));
  Put(ResultOf("b", 0, "rb", {{"x.report", "K", ""}}));
  Execute(
      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, disabled_at, "
      "updated_at, org_id) VALUES ('b', 'x.report', 'K', 1, 42, 7, '1'), "
      "('zz', 'x.report', 'K', 1, 42, 7, '1'), ('a', 'y.report', 'K', 0, NULL, 7, '1')");
  Execute(
      "INSERT INTO cluster_user_rule_disable_feedback VALUES "
      "('b', 'u1', 'x.report', 'old', 1, 1, 'K', '1'), "
      "('b', 'u2', 'x.report', 'because', 2, 2, 'K', '1')");

  const auto counts = store_->RuleCounts(1).value();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].rule, "x");
  EXPECT_EQ(counts[0].clusters, 2);
  EXPECT_EQ(counts[0].clusters_disabled, 1);
  EXPECT_EQ(counts[1].clusters_disabled, 0);

  const auto clusters = store_->ClustersHitBy(1, "x", "K").value();
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].cluster, "a");
  EXPECT_FALSE(clusters[0].disabled);
  EXPECT_EQ(clusters[0].version, "4.18.3");
  EXPECT_TRUE(clusters[0].impacted_since);
  EXPECT_TRUE(clusters[1].disabled);
  EXPECT_EQ(clusters[1].disabled_at, Time(microseconds(42)));
  EXPECT_EQ(clusters[1].justification, "because");
  EXPECT_TRUE(store_->ClustersHitBy(1, "x", "OTHER")->empty());
}

TEST_F(EmbeddedStoreTest, AReportShowsWhatTheUserSaid) {
  Put(ResultOf(kCluster, 0, "r", {{"x.report", "A", ""}, {"x.report", "B", ""}}));
  Execute("INSERT INTO cluster_rule_user_feedback VALUES ('" + kCluster +
          "', 'x.report', 'me', 'm', -1, 1, 1, 'B', '1')");
  Execute("INSERT INTO cluster_user_rule_disable_feedback VALUES ('" + kCluster +
          "', 'me', 'x.report', 'why', 1, 9, 'A', '1')");
  const auto mine = store_->Report(1, kCluster, "me").value();
  EXPECT_EQ(mine.hits[0].user_vote, 0) << "the vote is for the other key";
  EXPECT_EQ(mine.hits[1].user_vote, -1);
  EXPECT_EQ(mine.hits[0].disable_feedback, "why");
  EXPECT_EQ(mine.hits[0].disable_feedback_at, Time(microseconds(9)));
  EXPECT_EQ(store_->Report(1, kCluster, "you")->hits[1].user_vote, 0);
}

TEST_F(EmbeddedStoreTest, ListsClustersSinceATime) {
  clock_.Set(At(0));
  Put(ResultOf("b", 0, "rb"));
  clock_.Set(At(100));
  Put(ResultOf("a", 0, "ra"));
  EXPECT_EQ(store_->ClustersSince(1, At(0)).value(), (Keys{"a", "b"}));
  EXPECT_EQ(store_->ClustersSince(1, At(1)).value(), Keys{"a"});
  EXPECT_TRUE(store_->ClustersSince(9, At(0))->empty());
}

TEST_F(EmbeddedStoreTest, ReadsAndWritesFromManyThreads) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        if (t % 2 == 0) {
          Put(ResultOf(std::to_string(t), i, std::to_string(i)));
        } else if (!store_->Fleet(1, "", [](const FleetCluster&) { return true; })) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->Meta(1, "0")->request_id, "24");
}

// ---- History and archives ----

TEST_F(EmbeddedStoreTest, ForgetsOldUploadsButNotTheCurrentOnes) {
  clock_.Set(At(0));
  Put(ResultOf("silent", 0, "s1"));
  for (int i = 0; i < 5; ++i) {
    Put(ResultOf(kCluster, i, "r" + std::to_string(i)));
    clock_.Set(At(10 * (i + 1)));
  }
  EXPECT_EQ(store_->ForgetUploads(At(25), 2).value(), 2U);
  EXPECT_EQ(store_->ForgetUploads(At(25), 2).value(), 2U);
  EXPECT_EQ(store_->ForgetUploads(At(25), 2).value(), 0U) << "what stays is not met again";
  EXPECT_EQ(store_->FindUpload("r0").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindUpload("r2").error().code(), Code::kNotFound);
  EXPECT_EQ(EndOf("r3"), UploadEnd::kReplaced);
  EXPECT_EQ(EndOf("s1"), UploadEnd::kStored);

  clock_.Set(At(200'000));
  Put(ResultOf("silent", 1, "s2"));
  EXPECT_EQ(store_->FindUpload("s1").error().code(), Code::kNotFound) << "now it is only old";
}

TEST_F(EmbeddedStoreTest, ReplacedArchivesAreReleasedInTheOrderOfTime) {
  clock_.Set(At(0));
  Put(ResultOf(kCluster, 0, "r0"));
  for (int i = 1; i < 4; ++i) {
    clock_.Set(At(10 * i));
    Put(ResultOf(kCluster, i, "r" + std::to_string(i)));
  }
  EXPECT_EQ(Released(At(20)), (Keys{"r0", "r1"}));

  const auto archives = store_->ReleasedArchives(At(100), 2).value();
  ASSERT_EQ(archives.size(), 2U);
  ASSERT_TRUE(store_->ForgetArchives(archives));

  EXPECT_EQ(Released(), Keys{"r2"});
  const Keys keys = {"r3", "r2", "r1", "never"};
  EXPECT_EQ(store_->UsesOf(keys).value(),
            (std::vector{ArchiveUse::kNewest, ArchiveUse::kReleased, ArchiveUse::kReleased,
                         ArchiveUse::kUnknown}));
}

TEST_F(EmbeddedStoreTest, NewestArchivesAreTheLastResort) {
  clock_.Set(At(0));
  Put(ResultOf("b", 0, "rb"));
  clock_.Set(At(1));
  Put(ResultOf("a", 0, "ra"));
  const auto newest = store_->NewestArchives(1).value();
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].key, "rb");
  ASSERT_TRUE(store_->ForgetArchives(newest));
  EXPECT_EQ(store_->NewestArchives(10)->at(0).key, "ra");
  EXPECT_EQ(store_->Meta(1, "b")->request_id, "rb") << "the result stays";
}

// ---- Dead letters ----

DeadLetter Letter(std::int64_t offset, const std::string& request_id = "r") {
  return {.id = 0,
          .topic = "t",
          .partition = 2,
          .offset = offset,
          .key = "k",
          .value = std::string("\0\xff", 2),
          .headers = {{"service", "openshift"}, {"x", ""}},
          .produced = At(1),
          .value_bytes = 0,
          .stage = "unpack",
          .code = "corrupt",
          .reason = "cut short",
          .tries = 1,
          .first_failed = At(2),
          .last_failed = At(3),
          .build = "1.0.0",
          .request_id = request_id,
          .org_id = 0,
          .cluster = kCluster,
          .archive = request_id};
}

TEST_F(EmbeddedStoreTest, ADeadLetterIsReadBackWhole) {
  const DeadLetter letter = Letter(5);
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  const auto listed = store_->ListDeadLetters({}).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(listed[0].value.empty());
  EXPECT_EQ(listed[0].value_bytes, 2);

  const auto got = store_->GetDeadLetter(listed[0].id).value();
  EXPECT_EQ(got.value, letter.value);
  EXPECT_EQ(got.key, "k");
  ASSERT_EQ(got.headers.size(), 2U);
  EXPECT_EQ(got.headers[0].value, "openshift");
  EXPECT_EQ(got.partition, 2);
  EXPECT_EQ(got.offset, 5);
  EXPECT_EQ(got.produced, At(1));
  EXPECT_EQ(got.reason, "cut short");
  EXPECT_EQ(got.org_id, 0);
  EXPECT_EQ(EndOf("r"), UploadEnd::kDeadLetter);
  EXPECT_EQ(store_->FindUpload("r")->dead_letter_id, got.id);
}

TEST_F(EmbeddedStoreTest, TheSameLetterTwiceIsOne) {
  DeadLetter letter = Letter(5);
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  letter.tries = 3;
  letter.first_failed = At(50);
  letter.last_failed = At(60);
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  EXPECT_EQ(store_->CountDeadLetters().value(), 1);
  const auto listed = store_->ListDeadLetters({}).value();
  EXPECT_EQ(listed[0].tries, 3);
  EXPECT_EQ(listed[0].first_failed, At(2));
  EXPECT_EQ(listed[0].last_failed, At(60));
}

TEST_F(EmbeddedStoreTest, ListsLettersByFilterAndPage) {
  std::vector<DeadLetter> letters;
  for (int i = 0; i < 5; ++i) letters.push_back(Letter(i, "r" + std::to_string(i)));
  letters[3].code = "too_large";
  letters[3].org_id.reset();
  ASSERT_TRUE(store_->PutDeadLetters(letters));
  const auto page = store_->ListDeadLetters({.letters_max = 2}).value();
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(store_->ListDeadLetters({.after_id = page[1].id})->size(), 3U);
  const auto large = store_->ListDeadLetters({.code = "too_large"}).value();
  ASSERT_EQ(large.size(), 1U);
  EXPECT_FALSE(large[0].org_id);
  EXPECT_EQ(store_->ListDeadLetters({.stage = "unpack", .request_id = "r1"})->size(), 1U);
  EXPECT_TRUE(store_->ListDeadLetters({.topic = "other"})->empty());
}

TEST_F(EmbeddedStoreTest, ADeadLettersArchiveStaysUntilItIsDropped) {
  const DeadLetter letter = Letter(1, "dead");
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  EXPECT_EQ(store_->UsesOf(Keys{"dead"})->at(0), ArchiveUse::kDeadLetter);
  EXPECT_TRUE(Released().empty());
  const std::int64_t id = store_->ListDeadLetters({})->at(0).id;

  ASSERT_TRUE(store_->DropDeadLetter(id, ArchiveFate::kReleased));

  EXPECT_EQ(Released(), Keys{"dead"});
  EXPECT_EQ(store_->DropDeadLetter(id, ArchiveFate::kReleased).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->GetDeadLetter(id).error().code(), Code::kNotFound);
}

TEST_F(EmbeddedStoreTest, AReplayedLettersArchiveIsNotReleased) {
  const DeadLetter letter = Letter(1, "dead");
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  ASSERT_TRUE(
      store_->DropDeadLetter(store_->ListDeadLetters({})->at(0).id, ArchiveFate::kInFlight));
  EXPECT_TRUE(Released().empty());
  EXPECT_EQ(store_->UsesOf(Keys{"dead"})->at(0), ArchiveUse::kUnknown);
}

TEST_F(EmbeddedStoreTest, AReleasedArchiveThatALetterNeedsIsNotListed) {
  Put(ResultOf(kCluster, 5, "new"));
  Put(ResultOf(kCluster, 1, "old"));
  const DeadLetter letter = Letter(1, "old");
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  EXPECT_TRUE(Released().empty());
  ASSERT_TRUE(
      store_->DropDeadLetter(store_->ListDeadLetters({})->at(0).id, ArchiveFate::kReleased));
  EXPECT_EQ(Released(), Keys{"old"});
}

TEST_F(EmbeddedStoreTest, ConsumerErrorsTakeAnyBytesAndComeOnce) {
  const ConsumerError error{.topic = "t",
                            .partition = 0,
                            .offset = std::int64_t{1} << 40,
                            .key = "",
                            .message = std::string("\xff\xfe", 2),
                            .error = "bad",
                            .produced = At(1)};
  ASSERT_TRUE(store_->PutConsumerErrors({&error, 1}));
  ASSERT_TRUE(store_->PutConsumerErrors({&error, 1}));
  EXPECT_EQ(Number("SELECT count(*) FROM consumer_error WHERE key IS NULL"), 1);
}

// ---- When things go wrong ----

TEST_F(EmbeddedStoreTest, SaysItsVersions) {
  const auto versions = store_->Versions().value();
  EXPECT_EQ(versions.recommendations, 32);
  EXPECT_EQ(versions.workloads, 4);
  EXPECT_EQ(versions.own, 3);
  EXPECT_TRUE(store_->Check());
}

TEST_F(EmbeddedStoreTest, AFileOfAnOlderVersionGetsWhatIsNew) {
  Put(ResultOf(kCluster, 0, "r1"));
  Execute(
      "DROP TABLE insightd_dropped_letter; DROP TABLE insightd_workloads; "
      "UPDATE insightd_version SET version = 1");
  const auto store = OpenEmbeddedStore(options_);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ((*store)->Versions()->own, 3);
  EXPECT_EQ((*store)->Meta(1, kCluster)->request_id, "r1");
  EXPECT_EQ(Number("SELECT count(*) FROM insightd_workloads"), 0);
}

TEST_F(EmbeddedStoreTest, ADatabaseOfANewerVersionIsRefusedAndLeftAlone) {
  for (const char* table : {"migration_info", "dvo_migration_info", "insightd_version"}) {
    const std::int64_t before = Number(fmt::format("SELECT version FROM {}", table));
    Execute(fmt::format("UPDATE {} SET version = 99", table));
    const auto store = OpenEmbeddedStore(options_);
    ASSERT_FALSE(store) << table;
    EXPECT_EQ(store.error().code(), Code::kInvalid);
    EXPECT_NE(store.error().message().find("99"), std::string::npos);
    EXPECT_NE(store.error().message().find(std::to_string(before)), std::string::npos);
    Execute(fmt::format("UPDATE {} SET version = {}", table, before));
  }
}

TEST_F(EmbeddedStoreTest, AFullDiskIsUnavailableAndNothingIsLost) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult large = ResultOf(kOther, 0, "r2");
  large.report = std::string(2'000'000, 'x');
  {
    const testing::FullDisk full(1'000'000);
    const auto put = store_->Put({&large, 1});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code(), Code::kUnavailable);
    EXPECT_NE(put.error().message().find("store.db"), std::string::npos);
    EXPECT_FALSE(store_->Check());
    EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r1") << "what is there can be read";
  }
  EXPECT_EQ(Put(large), PutOutcome::kStored);
  EXPECT_TRUE(store_->Check());
}

TEST_F(EmbeddedStoreTest, AFileThatIsNoDatabaseIsRefused) {
  store_.reset();
  std::ofstream(options_.path) << std::string(10'000, 'x');
  EXPECT_FALSE(OpenEmbeddedStore(options_));
}

TEST_F(EmbeddedStoreTest, WhatWasStoredIsThereAfterAKill) {
  store_.reset();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    auto store = OpenEmbeddedStore(options_);
    if (!store) _exit(1);
    for (int i = 0;; ++i) {
      std::vector<ClusterResult> batch;
      for (int k = 0; k < 3; ++k) {
        batch.push_back(ResultOf("cluster" + std::to_string(k), i, std::to_string(i)));
      }
      if (!(*store)->Put(batch)) _exit(1);
      (void)!write(pipe_ends[1], "x", 1);
    }
  }
  close(pipe_ends[1]);
  int stored = 0;
  char buffer[64];
  while (stored < 100) {
    const ssize_t got = read(pipe_ends[0], buffer, sizeof(buffer));
    ASSERT_GT(got, 0);
    stored += static_cast<int>(got);
  }
  kill(child, SIGKILL);
  for (ssize_t got = 1; got > 0; stored += static_cast<int>(std::max<ssize_t>(got, 0))) {
    got = read(pipe_ends[0], buffer, sizeof(buffer));
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);

  Reopen();

  const auto first = store_->Meta(1, "cluster0").value();
  EXPECT_GE(std::stoi(first.request_id), stored - 1);
  for (int k = 1; k < 3; ++k) {
    EXPECT_EQ(store_->Meta(1, "cluster" + std::to_string(k))->request_id, first.request_id)
        << "a batch is there whole or not at all";
  }
  EXPECT_EQ(Number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

}  // namespace
}  // namespace insightd::store
