// What Put does beside its contract: a database that others have written, races, broken rows.
#include "store/postgres/put.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

using ::testing::ElementsAre;

const std::string kCluster = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
const std::string kOther = "74ae54aa-6577-4e80-85e7-697cb646ff37";

ClusterResult ResultOf(const std::string& cluster, int checked, const std::string& request_id,
                       std::vector<Hit> hits = {{"a.b.report", "KEY", R"({"x":1})"}}) {
  return {.org_id = 1,
          .cluster = cluster,
          .request_id = request_id,
          .last_checked = Time(seconds(1'700'000'000 + checked)),
          .report = R"({"reports":[]})",
          .hits = std::move(hits),
          .archive = request_id};
}

// As the aggregator's writer would have left it: nothing of ours.
std::string Upstream(const std::string& cluster, int checked, int org_id = 1) {
  const std::string at =
      fmt::format("timestamp '1970-01-01' + interval '{} s'", 1'700'000'000 + checked);
  return fmt::format(
      "INSERT INTO report VALUES ({0}, '{1}', '{{}}', {2}, {2}, 0, NULL);"
      "INSERT INTO report_info VALUES ({0}, '{1}', '4.1');"
      "INSERT INTO rule_hit VALUES ({0}, '{1}', 'a.b.report', 'KEY', '{{\"x\":1}}', {2}), "
      "({0}, '{1}', 'gone.report', 'GONE', '', {2});"
      "INSERT INTO recommendation VALUES ({0}, '{1}', 'a.b', 'KEY', 'a.b|KEY', {2}, {2}), "
      "({0}, '{1}', 'gone', 'GONE', 'gone|GONE', {2}, {2})",
      org_id, cluster, at);
}

class PostgresPut : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    MigrateToLatest(*database_);
    connection_ = database_->Connect();
    ASSERT_NE(connection_, nullptr);
  }
  Result<std::vector<PutOutcome>> Put(std::vector<ClusterResult> results) {
    auto put = PutResults(*connection_, results, now_);
    EXPECT_TRUE(connection_->Rollback());
    return put;
  }
  std::vector<PutOutcome> Good(std::vector<ClusterResult> results) {
    auto put = Put(std::move(results));
    EXPECT_TRUE(put) << put.error().message();
    return put.value_or(std::vector<PutOutcome>());
  }
  std::vector<std::string> Texts(const std::string& sql) {
    const auto rows = database_->Connect()->Run(sql);
    std::vector<std::string> texts;
    EXPECT_TRUE(rows) << rows.error().message();
    for (std::size_t row = 0; rows && row < rows->size(); ++row) {
      texts.push_back(rows->StringAt(row, 0));
    }
    return texts;
  }

  Time now_ = Time(seconds(1'800'000'000));
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresPut, ADatabaseOfTheAggregatorIsTakenOver) {
  database_->Do(Upstream(kCluster, 10));
  EXPECT_THAT(Good({ResultOf(kCluster, 9, "old")}), ElementsAre(PutOutcome::kOlder));
  EXPECT_THAT(Texts("SELECT report FROM report"), ElementsAre("{}"));
  EXPECT_THAT(Good({ResultOf(kCluster, 11, "new")}), ElementsAre(PutOutcome::kStored));
  EXPECT_THAT(Texts("SELECT rule_fqdn FROM rule_hit"), ElementsAre("a.b.report"));
  EXPECT_THAT(Texts("SELECT rule_id FROM recommendation"), ElementsAre("a.b|KEY"));
  EXPECT_THAT(Texts("SELECT created_at::text FROM rule_hit"), ElementsAre("2023-11-14 22:13:30"));
  EXPECT_THAT(Texts("SELECT impacted_since::text FROM recommendation"),
              ElementsAre("2023-11-14 22:13:30"));
  EXPECT_THAT(Texts("SELECT request_id || ' ' || version FROM insightd_cluster"),
              ElementsAre("new 4.1"));
}

TEST_F(PostgresPut, TheResultThatTheAggregatorStoredLastIsStoredAgainWithItsRequest) {
  database_->Do(Upstream(kCluster, 10));
  EXPECT_THAT(Good({ResultOf(kCluster, 10, "same")}), ElementsAre(PutOutcome::kStored));
  EXPECT_THAT(Good({ResultOf(kCluster, 10, "same")}), ElementsAre(PutOutcome::kSame));
}

TEST_F(PostgresPut, WhatAnotherProgramWroteSinceCountsAndTheArchiveIsReleased) {
  Good({ResultOf(kCluster, 10, "ours")});
  database_->Do(
      "UPDATE report SET last_checked_at = last_checked_at + interval '10 s', "
      "reported_at = reported_at + interval '10 s'");
  EXPECT_THAT(Good({ResultOf(kCluster, 15, "late")}), ElementsAre(PutOutcome::kOlder));
  EXPECT_THAT(Good({ResultOf(kCluster, 25, "new")}), ElementsAre(PutOutcome::kStored));
  EXPECT_THAT(Texts("SELECT archive FROM insightd_released ORDER BY id"),
              ElementsAre("late", "ours"));
}

TEST_F(PostgresPut, ATimeThatTheAggregatorLeftOutIsOlderThanAny) {
  database_->Do(Upstream(kCluster, 10));
  database_->Do("UPDATE report SET last_checked_at = NULL, reported_at = NULL");
  EXPECT_THAT(Good({ResultOf(kCluster, 1, "r")}), ElementsAre(PutOutcome::kStored));
}

TEST_F(PostgresPut, RowsLeftWithoutAReportAreReplaced) {
  database_->Do(Upstream(kCluster, 10));
  database_->Do("DELETE FROM report");
  EXPECT_THAT(Good({ResultOf(kCluster, 5, "r")}), ElementsAre(PutOutcome::kStored));
  EXPECT_THAT(Texts("SELECT rule_fqdn FROM rule_hit"), ElementsAre("a.b.report"));
  EXPECT_THAT(Texts("SELECT rule_fqdn FROM recommendation"), ElementsAre("a.b"));
}

TEST_F(PostgresPut, RowsLeftUnderTheNewOrganisationMakeRoomForAMove) {
  database_->Do(Upstream(kCluster, 10, 2));
  database_->Do(
      fmt::format("INSERT INTO rule_hit VALUES (1, '{0}', 'a.b.report', 'KEY', 'stale', NULL), "
                  "(1, '{0}', 'stale.report', 'KEY', '', NULL);"
                  "INSERT INTO recommendation VALUES (1, '{0}', 'a.b', 'KEY', '', NULL, NULL), "
                  "(1, '{0}', 'stale', 'KEY', '', NULL, NULL)",
                  kCluster));
  EXPECT_THAT(Good({ResultOf(kCluster, 11, "r")}), ElementsAre(PutOutcome::kStored));
  EXPECT_THAT(Texts("SELECT org_id || rule_fqdn || template_data FROM rule_hit"),
              ElementsAre(R"(1a.b.report{"x":1})"));
  EXPECT_THAT(Texts("SELECT org_id || rule_fqdn || impacted_since FROM recommendation"),
              ElementsAre("1a.b2023-11-14 22:13:30"));
}

TEST_F(PostgresPut, WhatHasNotChangedIsNotWritten) {
  Good({ResultOf(kCluster, 1, "a"), ResultOf(kOther, 1, "b")});
  const auto before = Texts("SELECT ctid::text FROM rule_hit ORDER BY cluster_id");
  Good({ResultOf(kCluster, 2, "c"),
        ResultOf(kOther, 2, "d", {{"a.b.report", "KEY", R"({"x":2})"}})});
  const auto after = Texts("SELECT ctid::text FROM rule_hit ORDER BY cluster_id");
  EXPECT_EQ(before[0], after[0]);
  EXPECT_NE(before[1], after[1]);
}

TEST_F(PostgresPut, ADatabaseThatAnswersAfterAWriteWasLostSaysItIsThere) {
  // The answer to COMMIT is lost with the connection; the caller calls again.
  const std::vector<ClusterResult> results = {ResultOf(kCluster, 1, "a"), ResultOf(kOther, 1, "b")};
  Good(results);
  connection_ = database_->Connect();
  EXPECT_THAT(Good(results), ElementsAre(PutOutcome::kSame, PutOutcome::kSame));
}

TEST_F(PostgresPut, TwoThatWriteTheSameClustersAtOnceBothEnd) {
  // The duty keeps them apart; without it they still wait for each other.
  const auto batch = [](int round, const std::string& who) {
    std::vector<ClusterResult> results;
    for (int i = 0; i < 50; ++i) {
      // In another order each time.
      const int number = who == "a" ? i : 49 - i;
      results.push_back(ResultOf(fmt::format("cluster-{:03}", number), round,
                                 fmt::format("{}{}-{}", who, round, number)));
    }
    return results;
  };
  const auto write = [&](const std::string& who) {
    const auto connection = database_->Connect();
    for (int round = 0; round < 20; ++round) {
      const auto put = PutResults(*connection, batch(round, who), now_);
      ASSERT_TRUE(put) << put.error().message();
    }
  };
  {
    std::jthread first(write, "a");
    std::jthread second(write, "b");
  }
  // Of two equally new ones the greater request id stays, whoever came last.
  EXPECT_EQ(Texts("SELECT DISTINCT left(request_id, 3) FROM insightd_cluster"),
            std::vector<std::string>{"b19"});
  EXPECT_EQ(Texts("SELECT count(*)::text FROM rule_hit"), std::vector<std::string>{"50"});
}

TEST_F(PostgresPut, AnIndexThatCannotHoldARowRefusesIt) {
  const auto put = Put({ResultOf(kCluster, 1, "a", {{std::string(2'000, 'x'), "KEY", ""}})});
  EXPECT_TRUE(put) << put.error().message();
  const auto larger = Put({ResultOf(kCluster, 2, "b", {{std::string(2'500, 'x'), "KEY", ""}})});
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code(), Code::kInvalid);
}

TEST_F(PostgresPut, ABatchOfOrdinarySizeTakesTwoRoundTrips) {
  std::vector<ClusterResult> results;
  for (int i = 0; i < 100; ++i) results.push_back(ResultOf(std::to_string(i), 1, ""));
  const std::size_t before = connection_->round_trips();
  Good(results);
  EXPECT_EQ(connection_->round_trips() - before, 2U);
}

}  // namespace
}  // namespace insightd::store::pg
