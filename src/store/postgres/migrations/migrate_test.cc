// Every step on real rows, up and down, and what stands in its way.
#include "store/postgres/migrations/migrate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/postgres/locks.h"
#include "store/postgres/migrations/additions.h"
#include "store/postgres/migrations/check.h"
#include "store/postgres/testing/describe.h"
#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Told final : MigrationObserver {
  void Waits(std::string_view who) override { lines.push_back(fmt::format("waits for {}", who)); }
  void Begins(Storage storage, std::int32_t number, bool up, std::string_view) override {
    lines.push_back(fmt::format("{} {} {}", NameOf(storage), number, up ? "up" : "down"));
  }
  void Ended(microseconds) override {}
  void Moved(const Move& move, microseconds) override {
    lines.push_back(fmt::format("{}: {} to {}", NameOf(move.storage), move.from, move.to));
  }
  void Adds(std::string_view title) override { lines.push_back(std::string(title)); }
  std::vector<std::string> lines;
};

class MigrateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
  }

  Result<std::vector<Move>> Go(const MigrationRequest& request, const std::string& more = "",
                               const MigrationLimits& limits = {}) {
    const auto connection = database_->Connect(more);
    if (connection == nullptr) return Fail(Code::kUnavailable, "no connection");
    told_.lines.clear();
    return Migrate(*connection, request, told_, limits);
  }
  void To(Storage storage, std::int32_t version) {
    const auto moved = Go({.storage = storage, .to = version, .down = true});
    ASSERT_TRUE(moved) << moved.error().message();
  }
  void Results(std::int32_t version) { To(Storage::kResults, version); }

  void Do(const std::string& sql) { database_->Do(sql); }
  // All rows of `sql`, one text a row.
  std::vector<std::string> Rows(const std::string& sql) {
    return RowsAsText(*database_->Connect(), sql);
  }
  std::string Describe(ColumnOrder order = ColumnOrder::kAny) {
    return DescribeTables(*database_->Connect(), order);
  }

  std::unique_ptr<TestDatabase> database_;
  Told told_;
};

constexpr const char* kTime = "'2024-05-06 07:08:09'";

TEST_F(MigrateTest, AnEmptyDatabaseGetsTheTablesOfAnAggregatorOfToday) {
  Results(32);
  To(Storage::kWorkloads, 4);
  EXPECT_EQ(Describe(ColumnOrder::kAsIs), kAggregatorTables);
}

// Without what is added at the latest version.
std::string Stepwise(const std::string& described) {
  std::string kept;
  for (std::size_t at = 0; at < described.size();) {
    const std::size_t end = described.find('\n', at) + 1;
    const std::string line = described.substr(at, end - at);
    if (!line.starts_with("CREATE INDEX insightd_") || line.find("public.insightd_") != line.npos) {
      kept += line;
    }
    at = end;
  }
  return kept;
}

TEST_F(MigrateTest, EachStepDownAndUpAgainLeavesTheTablesAsTheyWere) {
  for (const Storage storage : kStorages) {
    std::string before = (To(storage, 0), Stepwise(Describe()));
    for (std::int32_t version = 1; version <= LatestOf(storage); ++version) {
      To(storage, version);
      const std::string after = Stepwise(Describe());
      To(storage, version - 1);
      EXPECT_EQ(Stepwise(Describe()), before) << NameOf(storage) << " down from " << version;
      To(storage, version);
      EXPECT_EQ(Stepwise(Describe()), after) << NameOf(storage) << " up again to " << version;
      before = after;
    }
  }
}

TEST_F(MigrateTest, AStorageThatIsNotWorkedOnIsLeftAlone) {
  const Storages results = {.results = true, .workloads = false};
  const Storages workloads = {.results = false, .workloads = true};
  const auto check = [this](const Storages& storages) {
    return CheckSchema(*database_->Connect(), Use::kWrite, storages);
  };
  ASSERT_TRUE(Go({.storages = results}));
  EXPECT_THAT(Describe(), Not(HasSubstr("dvo")));
  EXPECT_TRUE(MissingAdditions(*database_->Connect(), results)->empty());
  EXPECT_TRUE(check(results));
  EXPECT_THAT(check({}).error().message(), HasSubstr("no tables of the storage `workloads`"));
  // Whatever its version is.
  To(Storage::kWorkloads, 2);
  ASSERT_TRUE(Go({.storages = results}));
  EXPECT_TRUE(check(results));

  To(Storage::kWorkloads, 4);
  To(Storage::kResults, 30);
  ASSERT_TRUE(Go({.storages = workloads}));
  EXPECT_TRUE(check(workloads));
  EXPECT_TRUE(MissingAdditions(*database_->Connect(), workloads)->empty());
  EXPECT_THAT(check(results).error().message(), HasSubstr("version 30 of the storage `results`"));
}

TEST_F(MigrateTest, AllTheWayDownLeavesNothingButTheVersion) {
  ASSERT_TRUE(Go({}));
  for (const Storage storage : {Storage::kOwn, Storage::kWorkloads, Storage::kResults}) {
    To(storage, 0);
  }
  EXPECT_THAT(
      Rows("SELECT schemaname, tablename FROM pg_tables "
           "WHERE schemaname IN ('public', 'dvo') ORDER BY 1, 2"),
      ElementsAre("dvo|migration_info", "public|insightd_version", "public|migration_info"));
  EXPECT_THAT(Rows("SELECT version FROM migration_info"), ElementsAre("0"));
}

TEST_F(MigrateTest, HitsAreReadFromStoredReports) {
  Results(12);
  Do(fmt::format(R"(INSERT INTO report VALUES
    (1, 'a', '{{"reports": [{{"component": "x.report", "key": "K", "details": {{"b": 1,  "a": [2]}}}},
                            {{"component": "x.report", "key": "K", "details": {{"b": 2}}}},
                            {{"component": "y.report", "key": "L", "details": "just \"text\""}},
                            {{"component": "z.report", "key": "M"}}], "info": []}}', {0}, {0}),
    (2, 'b', '{{"reports": []}}', {0}, {0}), (2, 'c', '{{"reports": null}}', {0}, {0}),
    (2, 'd', '{{}}', {0}, {0}))",
                 kTime));
  Results(13);
  EXPECT_THAT(Rows("SELECT * FROM rule_hit ORDER BY 1, 2, 3, 4"),
              ElementsAre(R"(1|a|x.report|K|{"b": 1,  "a": [2]})", R"(1|a|y.report|L|just "text")",
                          "1|a|z.report|M|null"));
}

TEST_F(MigrateTest, AReportThatCannotBeReadIsNamedAndNothingIsDone) {
  Results(12);
  Do(
      fmt::format("INSERT INTO report VALUES (1, 'good', '{{}}', {0}, {0}), "
                  "(7, 'c0ffee', '{{\"reports\": 3}}', {0}, {0})",
                  kTime));
  const auto moved = Go({.storage = Storage::kResults});
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message(),
              HasSubstr("the stored report of cluster c0ffee in organization 7"));
  EXPECT_THAT(moved.error().message(), HasSubstr("step 13 up"));
  EXPECT_THAT(Rows("SELECT version FROM migration_info"), ElementsAre("12"));
}

TEST_F(MigrateTest, WhatWasSaidOfARuleWithOneKeyIsAboutThatKey) {
  Results(14);
  Do(fmt::format(R"(INSERT INTO report VALUES (1, 'a', '{{}}', {0}, {0});
    INSERT INTO cluster_rule_toggle VALUES
      ('a', 'ccx_rules_ocp.external.rules.operator_unmanaged.report', 'u', 1, {0}, NULL, {0}),
      ('a', 'ccx_rules_ocp.external.rules.two_keys.report', 'u', 1, {0}, NULL, {0});
    INSERT INTO cluster_rule_user_feedback VALUES
      ('a', 'ccx_rules_ocp.external.bug_rules.bug_1765280', 'u', '', 1, {0}, {0});
    INSERT INTO cluster_user_rule_disable_feedback VALUES
      ('a', 'u', 'ccx_rules_ocp.external.security.CVE_2021_30465_runc.report', '', {0}, {0}))",
                 kTime));
  Results(15);
  EXPECT_THAT(
      Rows("SELECT rule_id, error_key FROM cluster_rule_toggle ORDER BY 1"),
      ElementsAre("ccx_rules_ocp.external.rules.operator_unmanaged.report|OPERATOR_UNMANAGED",
                  "ccx_rules_ocp.external.rules.two_keys.report|"));
  EXPECT_THAT(Rows("SELECT error_key FROM cluster_rule_user_feedback"),
              ElementsAre("BUGZILLA_BUG_1765280"));
  EXPECT_THAT(Rows("SELECT error_key FROM cluster_user_rule_disable_feedback"),
              ElementsAre("CVE_2021_30465_RUNC_VULN"));
}

TEST_F(MigrateTest, RecommendationsComeFromHitsAndAreRepairedLater) {
  Results(15);
  Do("INSERT INTO rule_hit VALUES (1, 'a', 'x.y.report', 'K', '{}'), (1, 'a', 'x.z', 'L', '{}')");
  Results(16);
  EXPECT_THAT(Rows("SELECT rule_fqdn, error_key FROM recommendation ORDER BY 1"),
              ElementsAre("x.y.K|K", "x.z|L"));
  // As a writer of that time stored it.
  Do("INSERT INTO recommendation VALUES (1, 'b', 'x.y|K', 'K')");
  Results(19);
  const std::vector<std::string> repaired = {"a|x|L|x|L", "a|x.y|K|x.y|K", "b|x.y|K|x.y|K"};
  const char* const kAll =
      "SELECT cluster_id, rule_fqdn, error_key, rule_id FROM recommendation ORDER BY 1, 2";
  EXPECT_EQ(Rows(kAll), repaired);
  EXPECT_THAT(Rows("SELECT count(*) FROM recommendation WHERE created_at > now() - '1h'::interval"),
              ElementsAre("3"));
  Results(18);
  Results(19);
  EXPECT_EQ(Rows(kAll), repaired) << "down and up again cut the names twice";
}

TEST_F(MigrateTest, RatingsGetARuleIdAndBecomeEmptyInTheEnd) {
  Results(19);
  Do(fmt::format("INSERT INTO advisor_ratings VALUES ('u', '1', 'x.y', 'K', {0}, {0}, -1)", kTime));
  Results(20);
  EXPECT_THAT(Rows("SELECT rule_fqdn, error_key, rule_id FROM advisor_ratings"),
              ElementsAre("x.y|K|x.y|K"));
  Results(19);
  EXPECT_THAT(Rows("SELECT rule_id FROM advisor_ratings"), ElementsAre("x.y"));
  Results(31);
  EXPECT_THAT(Rows("SELECT * FROM advisor_ratings"), IsEmpty());
}

TEST_F(MigrateTest, WhatIsAboutNoRuleOrNoClusterGoes) {
  Results(21);
  Do(fmt::format(R"(INSERT INTO report VALUES (5, 'a', '{{}}', {0}, {0}, 0, NULL);
    INSERT INTO cluster_rule_toggle (cluster_id, rule_id, disabled, updated_at, error_key) VALUES
      ('a', 'x.report', 1, {0}, 'K'), ('a', 'x', 1, {0}, 'K'), ('gone', 'x.report', 1, {0}, 'K'),
      ('a', 'y.report', 0, {0}, '');
    INSERT INTO cluster_rule_user_feedback VALUES ('a', 'x', 'u', '', 1, {0}, {0}, 'K');
    INSERT INTO cluster_user_rule_disable_feedback VALUES
      ('a', 'u', 'x.report', '', {0}, {0}, 'K'), ('a', 'u', 'x', '', {0}, {0}, 'K'),
      ('gone', 'u', 'x.report', '', {0}, {0}, 'K'))",
                 kTime));
  const char* const kToggles = "SELECT cluster_id, rule_id FROM cluster_rule_toggle ORDER BY 1, 2";
  Results(22);
  EXPECT_THAT(Rows(kToggles), ElementsAre("a|x.report", "a|y.report", "gone|x.report"));
  EXPECT_THAT(Rows("SELECT cluster_id, rule_id FROM cluster_user_rule_disable_feedback ORDER BY 1"),
              ElementsAre("a|x.report", "gone|x.report"));
  EXPECT_THAT(Rows("SELECT rule_id FROM cluster_rule_user_feedback"), ElementsAre("x"));
  Results(26);
  EXPECT_THAT(Rows("SELECT cluster_id, org_id FROM cluster_rule_toggle ORDER BY 1, rule_id"),
              ElementsAre("a|5", "a|5", "gone|0"));
  EXPECT_THAT(Rows("SELECT org_id FROM cluster_rule_user_feedback"), ElementsAre("5"));
  Results(27);
  EXPECT_THAT(Rows(kToggles), ElementsAre("a|x.report", "a|y.report"));
  EXPECT_THAT(Rows("SELECT cluster_id FROM cluster_user_rule_disable_feedback"), ElementsAre("a"));
  Results(31);
  EXPECT_THAT(Rows(kToggles), ElementsAre("a|x.report", "a|y.report"));
  Results(32);
  EXPECT_THAT(Rows(kToggles), ElementsAre("a|x.report"));
}

TEST_F(MigrateTest, RowsOfTodaySurviveTheWayDownToTheFirstTablesAndUpAgain) {
  Results(32);
  Do(fmt::format(R"(INSERT INTO report VALUES
      (5, 'a', '{{"reports": [{{"component": "x.report", "key": "K", "details": {{}}}}]}}', {0}, {0},
       0, {0});
    INSERT INTO rule_hit VALUES (5, 'a', 'x.report', 'K', '{{}}', {0});
    INSERT INTO recommendation VALUES (5, 'a', 'x', 'K', 'x|K', {0}, {0});
    INSERT INTO cluster_rule_toggle VALUES ('a', 'x.report', 1, {0}, NULL, {0}, NULL, 'K', '5');
    INSERT INTO rule_disable VALUES ('5', 'x', 'K', 'because', {0}, NULL);
    INSERT INTO advisor_ratings VALUES ('5', 'x', 'K', {0}, {0}, 1, 'x|K');
    INSERT INTO cluster_rule_user_feedback VALUES ('a', 'x', 'u', 'm', 1, {0}, {0}, 'K', '5'))",
                 kTime));
  Results(4);
  EXPECT_THAT(Rows("SELECT user_id, message, user_vote FROM cluster_rule_user_feedback"),
              ElementsAre("u|m|1"));
  Results(32);
  EXPECT_THAT(Rows("SELECT org_id, cluster_id, rule_fqdn, error_key FROM rule_hit"),
              ElementsAre("5|a|x.report|K"));
  EXPECT_THAT(Rows("SELECT rule_id FROM recommendation"), ElementsAre("x|K"));
  EXPECT_THAT(Rows("SELECT cluster_id, org_id FROM cluster_rule_user_feedback"),
              ElementsAre("a|5"));
}

TEST_F(MigrateTest, WrongReportsOnWorkloadsGo) {
  To(Storage::kWorkloads, 2);
  Do("INSERT INTO dvo.dvo_report (org_id, cluster_id, namespace_id, recommendations, objects, "
     "last_checked_at) VALUES (1, 'a', 'old', 1, 1, '2024-03-09 00:00:00'), "
     "(1, 'a', 'new', 1, 1, '2024-03-09 00:00:01')");
  To(Storage::kWorkloads, 4);
  EXPECT_THAT(Rows("SELECT namespace_id, rule_hits_count FROM dvo.dvo_report"),
              ElementsAre("new|{}"));
}

TEST_F(MigrateTest, ToldIsEachStepAndWhatCameOfIt) {
  To(Storage::kWorkloads, 2);
  ASSERT_TRUE(Go({.storage = Storage::kWorkloads}));
  // The server may still be ending the connection of the migration before.
  std::erase_if(told_.lines, [](const std::string& line) { return line.starts_with("waits for"); });
  EXPECT_THAT(told_.lines, ElementsAre("workloads 3 up", "workloads 4 up", "workloads: 2 to 4"));
  const auto again = Go({.storage = Storage::kWorkloads});
  ASSERT_TRUE(again);
  EXPECT_THAT(*again, IsEmpty());
  std::erase_if(told_.lines, [](const std::string& line) { return line.starts_with("waits for"); });
  EXPECT_THAT(told_.lines, IsEmpty());
}

TEST_F(MigrateTest, TheTablesOfAnAggregatorGetOursBesideThem) {
  Results(32);
  To(Storage::kWorkloads, 4);
  const auto moved = Go({});
  ASSERT_TRUE(moved) << moved.error().message();
  ASSERT_EQ(moved->size(), 1U);
  EXPECT_EQ(moved->front().storage, Storage::kOwn);
  const auto missing = MissingAdditions(*database_->Connect());
  ASSERT_TRUE(missing);
  EXPECT_THAT(*missing, IsEmpty());
}

TEST_F(MigrateTest, WhatWeAddComesBackWhenATableWasMadeAnew) {
  ASSERT_TRUE(Go({}));
  Results(15);
  ASSERT_TRUE(Go({}));
  EXPECT_THAT(told_.lines, ::testing::Contains("index recommendation by rule"));
  const auto missing = MissingAdditions(*database_->Connect());
  ASSERT_TRUE(missing);
  EXPECT_THAT(*missing, IsEmpty());
}

TEST_F(MigrateTest, WhatIsOursCanBeTakenAwayWhole) {
  ASSERT_TRUE(Go({}));
  To(Storage::kOwn, 0);
  Do("DROP TABLE insightd_version");
  EXPECT_EQ(Describe(ColumnOrder::kAsIs), kAggregatorTables);
  EXPECT_THAT(Rows("SELECT attcompression FROM pg_attribute "
                   "WHERE attrelid = 'report'::regclass AND attname = 'report'"),
              ElementsAre(""));
}

TEST_F(MigrateTest, AnIndexThatWasInterruptedIsMadeAgain) {
  ASSERT_TRUE(Go({}));
  Do("UPDATE pg_index SET indisvalid = false "
     "WHERE indexrelid = 'insightd_recommendation_rule'::regclass");
  ASSERT_TRUE(Go({}));
  EXPECT_THAT(told_.lines, ElementsAre("index recommendation by rule"));
}

TEST_F(MigrateTest, ATargetOutOfRangeIsRefused) {
  const auto moved = Go({.storage = Storage::kResults, .to = 33});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().message(), "invalid target version (available version range is 0-32)");
}

TEST_F(MigrateTest, ANewerDatabaseIsRefusedWithBothVersions) {
  ASSERT_TRUE(Go({}));
  Do("UPDATE migration_info SET version = 33");
  const auto moved = Go({});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kInvalid);
  EXPECT_THAT(moved.error().message(), HasSubstr("has version 33 of the storage `results`"));
  EXPECT_THAT(moved.error().message(), HasSubstr("up to 32"));
}

TEST_F(MigrateTest, ATableOfVersionsWithTwoRowsIsRefused) {
  Results(1);
  Do("INSERT INTO migration_info VALUES (2)");
  const auto moved = Go({});
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message(), HasSubstr("migration info table contain 2 rows"));
}

TEST_F(MigrateTest, NobodyGoesDownByMistake) {
  Results(32);
  const auto moved = Go({.storage = Storage::kResults, .to = 3});
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message(), HasSubstr("--down"));
  EXPECT_THAT(Rows("SELECT version FROM migration_info"), ElementsAre("32"));
}

TEST_F(MigrateTest, OneMigratorAtATime) {
  const auto other = database_->Connect();
  const std::string lock = fmt::format("({}, {})", kLockClass, kMigrationLock);
  ASSERT_TRUE(other->Execute("SELECT pg_advisory_lock" + lock));
  const auto moved = Go({}, "", {.migrator_wait_max = milliseconds(0)});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kConflict);
  EXPECT_THAT(moved.error().message(), HasSubstr(fmt::format("process {}", other->process())));
  EXPECT_THAT(told_.lines, ElementsAre(HasSubstr("waits for process")));
  ASSERT_TRUE(other->Execute("SELECT pg_advisory_unlock" + lock));
  EXPECT_TRUE(Go({}));
}

TEST_F(MigrateTest, ATableInUseIsNotWaitedForWithoutEnd) {
  Results(7);
  const auto other = database_->Connect();
  ASSERT_TRUE(other->Execute("BEGIN; SELECT * FROM report"));
  const auto moved = Go({.storage = Storage::kResults}, "", {.table_wait_max = milliseconds(50)});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kConflict);
  EXPECT_THAT(moved.error().message(), HasSubstr("results, step 8 up"));
  EXPECT_THAT(moved.error().message(), HasSubstr("stop the programs that write"));
  EXPECT_THAT(Rows("SELECT version FROM migration_info"), ElementsAre("7"));
}

TEST_F(MigrateTest, WhoIsKilledInTheMiddleLeavesNothingBehind) {
  Results(12);
  const std::string before = Describe();
  // Ends the session from within, after some steps were done.
  struct Killer final : MigrationObserver {
    explicit Killer(const TestDatabase& of) : database(of) {}
    void Waits(std::string_view) override {}
    void Begins(Storage, std::int32_t number, bool, std::string_view) override {
      if (number == 20) {
        database.Do(fmt::format("SELECT pg_terminate_backend({}, 5000)", process));
      }
    }
    void Ended(microseconds) override {}
    void Moved(const Move&, microseconds) override {}
    void Adds(std::string_view) override {}
    const TestDatabase& database;
    int process = 0;
  };
  Killer killer(*database_);
  const auto connection = database_->Connect();
  killer.process = connection->process();
  const auto moved = Migrate(*connection, {.storage = Storage::kResults}, killer);
  ASSERT_FALSE(moved);
  EXPECT_EQ(VerdictFor(moved.error().code()), Verdict::kRetry);
  EXPECT_EQ(Describe(), before);
  EXPECT_TRUE(Go({}));
}

}  // namespace
}  // namespace insightd::store::pg
