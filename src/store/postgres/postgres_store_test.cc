#include "store/postgres/postgres_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/postgres/params.h"
#include "store/postgres/testing/test_database.h"
#include "store/testing/contract.h"
#include "store/testing/past_contract.h"

namespace insightd::store {
namespace {

using testing::At;
using testing::kCluster;
using testing::Keys;
using testing::kOther;
using testing::ResultOf;
using testing::StoreContract;

// ---- What every store promises ----

// One database for all tests, since making one takes longer than most of them; gone with the
// program. Each test begins with empty tables.
const pg::TestDatabase& Database() {
  static const pg::TestDatabase made;
  static const bool migrated = (pg::MigrateToLatest(made), true);
  INSIGHTD_ASSERT(migrated);
  return made;
}

class PostgresEngine final : public testing::Engine {
 public:
  PostgresEngine() {
    Execute(
        "ALTER TABLE rule_hit DROP CONSTRAINT IF EXISTS poisoned; "
        "DELETE FROM report; DELETE FROM rule_hit; DELETE FROM recommendation; "
        "DELETE FROM report_info; DELETE FROM consumer_error; DELETE FROM cluster_rule_toggle; "
        "DELETE FROM cluster_user_rule_disable_feedback; DELETE FROM rule_disable; "
        "DELETE FROM advisor_ratings; DELETE FROM dvo.dvo_report; DELETE FROM insightd_cluster; "
        "DELETE FROM insightd_upload; DELETE FROM insightd_released; "
        "DELETE FROM insightd_dead_letter; DELETE FROM insightd_dropped_letter; "
        "DELETE FROM insightd_workloads; DELETE FROM insightd_change; DELETE FROM insightd_pack");
  }

  std::unique_ptr<Store> Open(const Clock& clock) override {
    auto store = OpenPostgresStore({.conninfo = Database().Conninfo(), .clock = &clock});
    if (!store) ADD_FAILURE() << store.error().message();
    return *std::move(store);
  }
  void Execute(const std::string& sql) override { Database().Do(sql); }
  std::int64_t Number(const std::string& sql) override {
    return Database().Connect()->Run(sql).value().IntAt(0, 0);
  }
  std::string Literal(Time time) const override {
    return fmt::format("(timestamp '2000-01-01' + interval '1 microsecond' * {})",
                       pg::TimestampOf(time));
  }
  void Poison() override {
    Execute("ALTER TABLE rule_hit ADD CONSTRAINT poisoned CHECK (error_key <> 'POISON')");
  }
};

const auto kEngine = ::testing::Values(
    testing::EngineFactory{"PostgreSQL",
                           []() -> std::unique_ptr<testing::Engine> {
                             if (pg::TestServer("POSTGRES").empty()) return nullptr;
                             return std::make_unique<PostgresEngine>();
                           },
                           "no PostgreSQL server: INSIGHTD_TEST_SERVERS names none"});
using testing::PastContract;
INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, kEngine, testing::EngineName);
INSTANTIATE_TEST_SUITE_P(Postgres, PastContract, kEngine, testing::EngineName);

// ---- What is this one's own ----

class PostgresStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    engine_ = std::make_unique<PostgresEngine>();
    store_ = engine_->Open(clock_);
  }
  // As the aggregator's own db-writer stores it; see its schema.
  void StoreAsTheAggregator(const std::string& cluster, Time checked, const std::string& key) {
    engine_->Execute(fmt::format(
        "INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at, gathered_at) "
        "VALUES (1, '{0}', '{{\"of\":\"another\"}}', {1}, {2}, NULL) ON CONFLICT (cluster) DO "
        "UPDATE SET report = excluded.report, reported_at = excluded.reported_at, "
        "last_checked_at = excluded.last_checked_at, gathered_at = NULL; "
        "DELETE FROM rule_hit WHERE cluster_id = '{0}'; "
        "DELETE FROM recommendation WHERE cluster_id = '{0}'; "
        "INSERT INTO rule_hit VALUES (1, '{0}', 'x.y.report', '{3}', '{{}}', {1}); "
        "INSERT INTO recommendation VALUES (1, '{0}', 'x.y', '{3}', 'x.y|{3}', {1}, {1}); "
        "INSERT INTO report_info VALUES (1, '{0}', '4.9.9') ON CONFLICT (cluster_id) DO UPDATE "
        "SET version_info = excluded.version_info",
        cluster, engine_->Literal(At(900)), engine_->Literal(checked), key));
  }

  testing::TestClock clock_;
  std::unique_ptr<PostgresEngine> engine_;
  std::unique_ptr<Store> store_;
};

TEST_F(PostgresStoreTest, ADatabaseThatAnotherWriterFillsIsRead) {
  StoreAsTheAggregator(kCluster, At(5), "K");

  const ClusterReport report = store_->Report(1, kCluster, "me").value();
  EXPECT_EQ(report.meta.last_checked, At(5));
  EXPECT_EQ(report.meta.reported, At(900));
  EXPECT_FALSE(report.meta.gathered);
  EXPECT_EQ(report.meta.version, "4.9.9");
  EXPECT_TRUE(report.meta.request_id.empty());
  EXPECT_EQ(report.meta.counts.passes, -1);
  EXPECT_EQ(report.meta.hits, 1);
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].impacted_since, At(900));
  const ReportMeta meta = store_->Meta(1, kCluster).value();
  EXPECT_EQ(meta.version, "4.9.9");
  EXPECT_EQ(meta.hits, 1);
  EXPECT_EQ(meta.counts.errors, -1);
  EXPECT_EQ(store_->ReportText(1, kCluster).value(), R"({"of":"another"})");
  EXPECT_EQ(store_->OrganizationOf(kCluster).value(), 1);
  EXPECT_EQ(store_->ClustersSince(1, At(900)).value(), Keys{kCluster});
  EXPECT_EQ(store_->RuleCounts(1)->at(0).clusters, 1);
  EXPECT_EQ(store_->ClustersHitBy(1, "x.y", "K")->at(0).version, "4.9.9");
  int visits = 0;
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster& cluster) {
    EXPECT_EQ(cluster.meta.version, "4.9.9");
    EXPECT_EQ(cluster.meta.hits, 1);
    EXPECT_EQ(cluster.hits.size(), 1U);
    ++visits;
    return true;
  }));
  EXPECT_EQ(visits, 1);
}

TEST_F(PostgresStoreTest, WhatAnotherWriterHasReplacedIsNotShownAsOurs) {
  const auto lease = store_->TryTakeDuty(Duty::kResults).value();
  const ClusterResult ours = ResultOf(kCluster, 0, "r1");
  ASSERT_TRUE(store_->Put({&ours, 1}));
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r1");

  StoreAsTheAggregator(kCluster, At(5), "K");

  const ReportMeta meta = store_->Meta(1, kCluster).value();
  EXPECT_TRUE(meta.request_id.empty());
  EXPECT_EQ(meta.last_checked, At(5));
  EXPECT_EQ(meta.version, "4.9.9");
  EXPECT_EQ(meta.counts.passes, -1);
  EXPECT_EQ(store_->Report(1, kCluster, "")->hits.at(0).key, "K");
  EXPECT_EQ(store_->FindUpload("r1")->end, UploadEnd::kReplaced);
  EXPECT_EQ(store_->UsesOf(Keys{"r1"})->at(0), ArchiveUse::kNewest) << "of those that are ours";

  const ClusterResult newer = ResultOf(kCluster, 10, "r2");
  EXPECT_EQ(store_->Put({&newer, 1})->at(0), PutOutcome::kStored);
  EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r2");
  EXPECT_EQ(store_->ReleasedArchives(Time::max(), 10)->at(0).key, "r1");
}

TEST_F(PostgresStoreTest, ARowWithoutTimesIsReadWithoutTimes) {
  StoreAsTheAggregator(kCluster, At(5), "K");
  StoreAsTheAggregator(kOther, At(5), "K");
  engine_->Execute(fmt::format(
      "UPDATE report SET reported_at = NULL, last_checked_at = NULL WHERE cluster = '{0}'; "
      "UPDATE rule_hit SET created_at = NULL WHERE cluster_id = '{0}'; "
      "UPDATE recommendation SET created_at = NULL, impacted_since = NULL WHERE cluster_id = '{0}'",
      kCluster));

  const ClusterReport report = store_->Report(1, kCluster, "me").value();
  EXPECT_EQ(report.meta.last_checked, std::nullopt);
  EXPECT_EQ(report.meta.reported, std::nullopt);
  ASSERT_EQ(report.hits.size(), 1U);
  EXPECT_EQ(report.hits[0].created, std::nullopt);
  EXPECT_EQ(report.hits[0].impacted_since, std::nullopt);
  EXPECT_EQ(store_->Meta(1, kCluster)->last_checked, std::nullopt);
  EXPECT_EQ(store_->Meta(1, kCluster)->reported, std::nullopt);
  EXPECT_EQ(store_->Meta(1, kCluster)->version, "4.9.9");
  const std::vector<HitCluster> hit = store_->ClustersHitBy(1, "x.y", "K").value();
  ASSERT_EQ(hit.size(), 2U);
  EXPECT_EQ(hit[0].last_checked, std::nullopt);
  EXPECT_EQ(hit[0].stored, std::nullopt);
  EXPECT_EQ(hit[1].last_checked, At(5));
  std::vector<std::optional<Time>> checked;
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster& cluster) {
    checked.push_back(cluster.meta.last_checked);
    return true;
  }));
  EXPECT_EQ(checked, (std::vector<std::optional<Time>>{std::nullopt, At(5)}));
  EXPECT_EQ(store_->ClustersSince(1, Time::min()).value_or(TextList{}), Keys{kOther})
      << "at no time that can be asked for";
  ASSERT_TRUE(store_->RecommendationsOf(1, Keys{kCluster}, [](const auto& cluster) {
    EXPECT_TRUE(cluster.has_result) << "though it is not known when";
    EXPECT_EQ(cluster.last_checked, std::nullopt);
    EXPECT_EQ(cluster.rule_ids.size(), 1U);
  }));
}

// As in the original, which asks for each of them by itself.
TEST_F(PostgresStoreTest, WhatStandsBesideAHitMayBeUnreadable) {
  StoreAsTheAggregator(kCluster, At(5), "K");
  ASSERT_TRUE(store_->PutToggle(1, {kCluster, "x.y.report", "K"}, true));
  ASSERT_TRUE(store_->PutVote(1, {kCluster, "x.y.report", "K"}, "me", 1, ""));
  const auto find = [&] { return store_->FindHit(1, kCluster, "x.y.report", "K", "me"); };
  const auto without = [&](const std::string& table, const auto& look) {
    engine_->Execute(fmt::format("ALTER TABLE {0} RENAME TO {0}_away", table));
    look();
    engine_->Execute(fmt::format("ALTER TABLE {0}_away RENAME TO {0}", table));
  };
  without("cluster_rule_toggle", [&] {
    const auto hit = find();
    ASSERT_TRUE(hit) << hit.error().message();
    EXPECT_FALSE(hit->has_toggle);
    EXPECT_EQ(hit->user_vote, 1);
  });
  without("cluster_rule_user_feedback", [&] {
    const auto hit = find();
    ASSERT_TRUE(hit) << hit.error().message();
    EXPECT_TRUE(hit->disabled);
    EXPECT_EQ(hit->user_vote, 0);
  });
  without("cluster_user_rule_disable_feedback", [&] { EXPECT_TRUE(find()->disabled); });
  without("rule_hit", [&] { EXPECT_EQ(find().error().code(), Code::kUnavailable); });
  EXPECT_EQ(find()->user_vote, 1);
}

TEST_F(PostgresStoreTest, AVersionMayBeUnreadable) {
  StoreAsTheAggregator(kCluster, At(5), "K");
  const auto versions = [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    const std::string cluster = kCluster;
    if (auto read = store_->RecommendationsOf(1, {&cluster, 1},
                                              [&](const ClusterRecommendations& one) {
                                                EXPECT_EQ(one.rule_ids.size(), 1U);
                                                found.emplace_back(one.version);
                                              });
        !read) {
      return Fail(read.error());
    }
    return found;
  };
  EXPECT_EQ(versions().value(), std::vector<std::string>{"4.9.9"});
  engine_->Execute("ALTER TABLE report_info RENAME TO report_info_away");
  EXPECT_EQ(versions().value(), std::vector<std::string>{""});
  engine_->Execute("ALTER TABLE recommendation RENAME TO recommendation_away");
  EXPECT_FALSE(versions());
  engine_->Execute(
      "ALTER TABLE recommendation_away RENAME TO recommendation; "
      "ALTER TABLE report_info_away RENAME TO report_info");
}

TEST_F(PostgresStoreTest, AReportWithoutTimesIsOlderThanAny) {
  const auto lease = store_->TryTakeDuty(Duty::kResults).value();
  StoreAsTheAggregator(kCluster, At(5), "K");
  engine_->Execute("UPDATE report SET reported_at = NULL, last_checked_at = NULL");
  ClusterResult unjudged = ResultOf(kCluster, 0, "r0", {});
  unjudged.counts = {.passes = 0, .skips = 9, .errors = 0};
  unjudged.nothing_judged = true;
  EXPECT_EQ(store_->Put({&unjudged, 1})->at(0), PutOutcome::kEmpty)
      << "whether rules judged what another program stored is not known";
  ClusterResult ancient = ResultOf(kCluster, 0, "r1", {{"a.b.report", "KEY", "{}"}});
  ancient.last_checked = Time(seconds(-1));
  EXPECT_EQ(store_->Put({&ancient, 1})->at(0), PutOutcome::kStored);
  EXPECT_EQ(store_->Meta(1, kCluster)->last_checked, Time(seconds(-1)));

  const ChangePage changes = store_->Changes(1, kCluster, {}, {}, 10).value();
  ASSERT_EQ(changes.changes.size(), 2U) << "a.b came, x.y went";
  for (const Change& change : changes.changes) {
    if (change.kind != ChangeKind::kGone) continue;
    EXPECT_EQ(change.ended->first_seen, At(900));
    EXPECT_EQ(change.ended->last_seen, std::nullopt);
  }
}

TEST_F(PostgresStoreTest, WritingCallsOfADutyNeedIt) {
  const ClusterResult result = ResultOf(kCluster, 0, "r1");
  EXPECT_EQ(store_->Put({&result, 1}).error().code(), Code::kConflict);
  const DeadLetter letter = testing::Letter(1);
  EXPECT_EQ(store_->PutDeadLetters({&letter, 1}).error().code(), Code::kConflict);
  EXPECT_EQ(store_->ForgetUploads({.since = At(0)}, 1).error().code(), Code::kConflict);
  EXPECT_EQ(store_->ForgetArchives({}).error().code(), Code::kConflict);
  const auto other = engine_->Open(clock_);
  const auto lease = other->TryTakeDuty(Duty::kResults).value();
  EXPECT_TRUE(other->Put({&result, 1}));
  EXPECT_EQ(store_->Put({&result, 1}).error().code(), Code::kConflict);
}

}  // namespace
}  // namespace insightd::store
