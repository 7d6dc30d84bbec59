#include "store/testing/maintenance_contract.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace insightd::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const std::string kOne = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
const std::string kTwo = "74ae54aa-6577-4e80-85e7-697cb646ff37";
const std::string kThree = "a7467445-8d6a-43cc-b82c-7007664bdf69";

Time Day(int day) { return Time(std::chrono::days(19'000 + day)); }

template <class Row>
Visit<Row> Fill(std::vector<std::string>& into, const std::function<std::string(const Row&)>& as) {
  return [&into, as](const Row& row) -> Result<void> {
    into.push_back(as(row));
    return {};
  };
}

std::string Shown(const OldReport& report) {
  return fmt::format("{} {} {}", report.org_id, report.cluster,
                     report.reported ? FormatTimeSeconds(*report.reported) : "-");
}

std::map<std::string, std::vector<std::string>> ReadAll(Snapshot& snapshot,
                                                        const Selection& selection) {
  std::map<std::string, std::vector<std::string>> all;
  const auto tables = snapshot.Tables();
  if (!tables) ADD_FAILURE() << tables.error().message();
  for (const Table& table : tables.value()) {
    std::vector<std::string>& rows = all[table.name];
    const auto read = snapshot.Read(table, selection, [&](const Row& row) -> Result<void> {
      std::string text;
      for (std::size_t i = 0; i < row.size(); ++i) {
        text += i == 0 ? "" : "|";
        const ColumnKind kind = table.columns[i].kind;
        if (row[i].null) {
          text += "NULL";
        } else if (kind == ColumnKind::kText || kind == ColumnKind::kBytes) {
          text += row[i].text;
        } else if (kind == ColumnKind::kTime) {
          text += FormatTime(Time(microseconds(row[i].number)));
        } else {
          text += std::to_string(row[i].number);
        }
      }
      rows.push_back(text);
      return {};
    });
    if (!read) ADD_FAILURE() << table.name << ": " << read.error().message();
    EXPECT_EQ(static_cast<std::size_t>(read.value_or(-1)), rows.size());
    const auto count = snapshot.Count(table, selection);
    EXPECT_TRUE(count);
    if (selection.rows_max == 0) {
      EXPECT_EQ(static_cast<std::size_t>(count.value_or(-1)), rows.size()) << table.name;
    }
  }
  return all;
}

}  // namespace

void MaintenanceContract::SetUp() {
  engine_ = GetParam().make();
  if (!engine_) GTEST_SKIP() << GetParam().why_not;
  maintenance_ = engine_->Open();
  ASSERT_NE(maintenance_, nullptr);
}

void MaintenanceContract::AddCluster(const std::string& cluster, Time reported, int org_id) {
  const std::string at = L(reported);
  Execute(
      fmt::format("INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                  "VALUES ({}, '{}', '{{}}', {}, {})",
                  org_id, cluster, at, at));
  Execute(fmt::format("INSERT INTO report_info VALUES ({}, '{}', '4.18.3')", org_id, cluster));
  for (const char* key : {"A", "B"}) {
    Execute(fmt::format("INSERT INTO rule_hit VALUES ({}, '{}', 'x.report', '{}', '', {})", org_id,
                        cluster, key, at));
    Execute(fmt::format("INSERT INTO recommendation VALUES ({}, '{}', 'x', '{}', 'x|{}', {}, {})",
                        org_id, cluster, key, key, at, at));
    Execute(
        fmt::format("INSERT INTO cluster_rule_toggle(cluster_id, rule_id, disabled, updated_at, "
                    "error_key, org_id) VALUES ('{}', 'x.report', 1, {}, '{}', '{}')",
                    cluster, at, key, org_id));
  }
  Execute(
      fmt::format("INSERT INTO cluster_rule_user_feedback VALUES ('{}', 'x', 'u', 'good', 1, {}, "
                  "{}, 'A', '{}')",
                  cluster, at, at, org_id));
  Execute(
      fmt::format("INSERT INTO cluster_user_rule_disable_feedback VALUES ('{}', 'u', 'x', 'no', "
                  "{}, {}, 'A', '{}')",
                  cluster, at, at, org_id));
  Execute(
      fmt::format("INSERT INTO insightd_cluster VALUES ({}, '{}', 'r', {}, {}, NULL, '', "
                  "'archive-{}', 2, 0, 0, 0)",
                  org_id, cluster, at, at, cluster));
  Execute(
      fmt::format("INSERT INTO insightd_change(org_id, cluster, rule, key, kind, at, request_id) "
                  "VALUES ({}, '{}', 'x', 'A', 1, {}, 'r')",
                  org_id, cluster, at));
}

TEST_P(MaintenanceContract, AnAgeCountsBackFromNow) {
  const auto now = maintenance_->TimeBefore("0 days");
  const auto old = maintenance_->TimeBefore("90 days");
  ASSERT_TRUE(now && old);
  EXPECT_NEAR(static_cast<double>((*now - *old) / seconds(1)), 90.0 * 86'400, 60);
  const auto wrong = maintenance_->TimeBefore("ninety");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kInvalid);
  EXPECT_THAT(wrong.error().message(), ::testing::HasSubstr("90 days"));
}

TEST_P(MaintenanceContract, OldReportsAreListedOldestFirst) {
  AddCluster(kOne, Day(5));
  AddCluster(kTwo, Day(3), 2);
  AddCluster(kThree, Day(10));
  std::vector<std::string> listed;
  ASSERT_TRUE(maintenance_->OldReports(Day(10), Fill<OldReport>(listed, Shown)));
  EXPECT_THAT(listed, ElementsAre("2 " + kTwo + " " + FormatTimeSeconds(Day(3)),
                                  "1 " + kOne + " " + FormatTimeSeconds(Day(5))));
}

TEST_P(MaintenanceContract, OldWorkloadsRatingsAndErrorsAreListed) {
  Execute(fmt::format("INSERT INTO {} VALUES (1, '{}', 'n', NULL, '', 1, 2, {}, {}, '{{}}')", Dvo(),
                      kOne, L(Day(3)), L(Day(9))));
  Execute(fmt::format("INSERT INTO advisor_ratings VALUES ('7', 'x', 'A', {}, {}, 1, 'x|A')",
                      L(Day(1)), L(Day(2))));
  Execute(fmt::format("INSERT INTO advisor_ratings VALUES ('8', 'x', 'A', {}, {}, NULL, 'x|A')",
                      L(Day(1)), L(Day(4))));
  Execute(fmt::format("INSERT INTO consumer_error VALUES ('t', 1, 7, NULL, {}, {}, 'm', 'e')",
                      L(Day(1)), L(Day(2))));
  std::vector<std::string> listed;
  ASSERT_TRUE(maintenance_->OldWorkloads(Day(5), Fill<OldReport>(listed, Shown)));
  ASSERT_TRUE(maintenance_->OldRatings(
      Day(9), Fill<OldRating>(listed, [](const OldRating& rating) {
        return fmt::format("{} {} {} {} {}", rating.org_id, rating.rule_fqdn, rating.error_key,
                           rating.rating.value_or(-9), FormatTimeSeconds(*rating.updated));
      })));
  ASSERT_TRUE(maintenance_->OldConsumerErrors(
      Day(9), Fill<OldConsumerError>(listed, [](const OldConsumerError& error) {
        return fmt::format("{} {} {} {} {}", error.topic, error.partition, error.offset,
                           error.key.value_or("NULL"), error.message.value_or("NULL"));
      })));
  EXPECT_THAT(listed, ElementsAre("1 " + kOne + " " + FormatTimeSeconds(Day(3)),
                                  "7 x A 1 " + FormatTimeSeconds(Day(2)),
                                  "8 x A -9 " + FormatTimeSeconds(Day(4)), "t 1 7 NULL m"));
}

TEST_P(MaintenanceContract, AVisitThatFailsEndsTheListAndTheNextCallWorks) {
  AddCluster(kOne, Day(5));
  const auto done = maintenance_->OldReports(
      Day(10), [](const OldReport&) -> Result<void> { return Fail(Code::kNoRoom, "full"); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kNoRoom);
  EXPECT_TRUE(maintenance_->CountOld(AgedTable::kReport, Day(10)));
}

TEST_P(MaintenanceContract, ClustersOfAListGoWithAllTheirRows) {
  AddCluster(kOne, Day(5));
  AddCluster(kTwo, Day(5));
  const std::vector<std::string> list = {kOne, kThree, kOne};
  const auto deleted = maintenance_->DeleteClusters(Part::kResults, list);
  ASSERT_TRUE(deleted) << deleted.error().message();
  ASSERT_EQ(deleted->size(), 3U);
  EXPECT_THAT((*deleted)[0].rows, ElementsAre(2, 1, 1, 2, 2, 1, 1));
  EXPECT_THAT((*deleted)[1].rows, ElementsAre(0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT((*deleted)[2].rows, ElementsAre(0, 0, 0, 0, 0, 0, 0));
  for (const std::string_view table : kResultsTables) {
    EXPECT_GE(Rows(std::string(table)), 1) << table;
    EXPECT_EQ(engine_->Number(fmt::format("SELECT count(*) FROM {} WHERE {} = '{}'", table,
                                          table == "report" ? "cluster" : "cluster_id", kOne)),
              0)
        << table;
  }
  EXPECT_EQ(Rows("insightd_cluster"), 1);
  EXPECT_EQ(Rows("insightd_change"), 1);
  EXPECT_EQ(engine_->Number("SELECT count(*) FROM insightd_released WHERE archive = 'archive-" +
                            kOne + "'"),
            1);
}

TEST_P(MaintenanceContract, AClusterThatHasReportedAgainStays) {
  AddCluster(kOne, Day(5));
  AddCluster(kTwo, Day(11));
  const std::vector<std::string> list = {kOne, kTwo};
  const auto deleted = maintenance_->DeleteClusters(Part::kResults, list, Day(10));
  ASSERT_TRUE(deleted) << deleted.error().message();
  EXPECT_THAT((*deleted)[0].rows, ElementsAre(2, 1, 1, 2, 2, 1, 1));
  EXPECT_THAT((*deleted)[1].rows, IsEmpty());
  EXPECT_EQ(Rows("report"), 1);
  EXPECT_EQ(Rows("recommendation"), 2);
}

TEST_P(MaintenanceContract, WorkloadsOfAListGo) {
  for (const char* space : {"n", "m"}) {
    Execute(fmt::format("INSERT INTO {} VALUES (1, '{}', '{}', NULL, '', 1, 2, {}, {}, '{{}}')",
                        Dvo(), kOne, space, L(Day(3)), L(Day(9))));
  }
  Execute(fmt::format("INSERT INTO insightd_workloads VALUES ('{}', 1, 'r', {})", kOne, L(Day(9))));
  const std::vector<std::string> list = {kOne};
  const auto deleted = maintenance_->DeleteClusters(Part::kWorkloads, list);
  ASSERT_TRUE(deleted) << deleted.error().message();
  EXPECT_THAT((*deleted)[0].rows, ElementsAre(2));
  EXPECT_EQ(Rows(Dvo()), 0);
  EXPECT_EQ(Rows("insightd_workloads"), 0);
}

TEST_P(MaintenanceContract, WhatWouldBeDeletedIsCounted) {
  AddCluster(kOne, Day(5));
  AddCluster(kTwo, Day(11));
  const auto counts = maintenance_->CountOldClusters(Day(10));
  ASSERT_TRUE(counts) << counts.error().message();
  EXPECT_THAT(*counts, ElementsAre(2, 1, 1, 0, 0, 1, 1));
  EXPECT_EQ(Rows("report"), 2);
  Execute(fmt::format("UPDATE recommendation SET created_at = {}", L(Day(10))));
  EXPECT_THAT(maintenance_->CountOldClusters(Day(10)).value(), ElementsAre(2, 1, 1, 0, 2, 1, 1));
}

TEST_P(MaintenanceContract, OldRowsGoTableByTable) {
  AddCluster(kOne, Day(5));
  AddCluster(kTwo, Day(10));
  // Hits without a report, and those of another organisation than their report's.
  Execute(fmt::format("INSERT INTO rule_hit VALUES (1, '{}', 'x', 'A', '', NULL)", kThree));
  Execute(fmt::format("INSERT INTO rule_hit VALUES (9, '{}', 'x', 'A', '', NULL)", kTwo));
  Execute(fmt::format("INSERT INTO consumer_error VALUES ('t', 1, 7, NULL, {}, {}, 'm', 'e')",
                      L(Day(1)), L(Day(2))));
  Execute(fmt::format("INSERT INTO consumer_error VALUES ('t', 1, 8, NULL, {}, {}, 'm', 'e')",
                      L(Day(1)), L(Day(20))));
  Execute(fmt::format("INSERT INTO {} VALUES (1, '{}', 'n', NULL, '', 1, 2, {}, {}, '{{}}')", Dvo(),
                      kOne, L(Day(12)), L(Day(9))));
  const std::vector<std::int64_t> wanted = {4, 1, 1, 2, 1};
  for (std::size_t i = 0; i < kAgedTables.size(); ++i) {
    // What depends on reports is counted as long as they are there.
    const auto count = maintenance_->CountOld(kAgedTables[i], Day(10));
    ASSERT_TRUE(count) << count.error().message();
    EXPECT_EQ(*count, wanted[i]) << NameOf(kAgedTables[i]);
  }
  for (std::size_t i = 0; i < kAgedTables.size(); ++i) {
    const auto rows = maintenance_->DeleteOld(kAgedTables[i], Day(10));
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_EQ(*rows, wanted[i]) << NameOf(kAgedTables[i]);
  }
  EXPECT_EQ(Rows("rule_hit"), 2);
  EXPECT_EQ(Rows("report"), 1);
  EXPECT_EQ(Rows("cluster_rule_user_feedback"), 1);
  EXPECT_EQ(Rows("report_info"), 2);
  EXPECT_EQ(Rows("insightd_cluster"), 1);
  EXPECT_EQ(Rows("insightd_change"), 1);
  EXPECT_EQ(Rows("insightd_released"), 1);
}

TEST_P(MaintenanceContract, ManyOldRowsGoToo) {
  for (int i = 0; i < 1'203; ++i) {
    Execute(
        fmt::format("INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                    "VALUES (1, 'c{}', '', {}, {})",
                    i, L(Day(1)), L(Day(1))));
    Execute(fmt::format("INSERT INTO rule_hit VALUES (1, 'c{}', 'x', 'A', '', NULL)", i));
  }
  EXPECT_EQ(maintenance_->DeleteOld(AgedTable::kRuleHit, Day(10)).value_or(-1), 1'203);
  EXPECT_EQ(maintenance_->DeleteOld(AgedTable::kReport, Day(10)).value_or(-1), 1'203);
}

TEST_P(MaintenanceContract, RulesDisabledSeveralTimesAreToldWithTheOrganisation) {
  AddCluster(kOne, Day(5), 42);
  for (const char* key : {"A", "B", "C"}) {
    Execute(
        fmt::format("INSERT INTO cluster_rule_toggle(cluster_id, rule_id, disabled, updated_at, "
                    "error_key) VALUES ('{}', 'y', 1, {}, '{}')",
                    kTwo, L(Day(1)), key));
  }
  Execute(
      fmt::format("INSERT INTO cluster_user_rule_disable_feedback VALUES ('{}', 'v', 'x', 'no', "
                  "{}, {}, 'A', '1')",
                  kOne, L(Day(1)), L(Day(1))));
  std::vector<std::string> told;
  ASSERT_TRUE(
      maintenance_->RepeatedDisables(Fill<RepeatedDisable>(told, [](const RepeatedDisable& one) {
        return fmt::format("{} {} {} {} {}", one.table, one.org_id, one.cluster, one.rule,
                           one.rows);
      })));
  EXPECT_THAT(told, ElementsAre("cluster_rule_toggle -1 " + kTwo + " y 3",
                                "cluster_rule_toggle 42 " + kOne + " x.report 2",
                                "cluster_user_rule_disable_feedback 42 " + kOne + " x 2"));
}

TEST_P(MaintenanceContract, AVacuumLeavesEverythingReadable) {
  AddCluster(kOne, Day(5));
  ASSERT_TRUE(maintenance_->Vacuum());
  EXPECT_EQ(Rows("report"), 1);
}

TEST_P(MaintenanceContract, ASnapshotShowsTheColumnsInTheOrderOfTheTables) {
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  const auto tables = (*snapshot)->Tables();
  ASSERT_TRUE(tables);
  std::map<std::string, std::string> columns;
  for (const Table& table : *tables) {
    EXPECT_EQ(table.own, table.name.starts_with("insightd_"));
    EXPECT_EQ(table.workloads, table.name.starts_with("dvo_"));
    for (const Column& column : table.columns) columns[table.name] += column.name + " ";
  }
  EXPECT_EQ(columns["report"],
            "org_id cluster report reported_at last_checked_at kafka_offset gathered_at ");
  EXPECT_EQ(columns["cluster_rule_toggle"],
            "cluster_id rule_id disabled disabled_at enabled_at updated_at disabled_check "
            "error_key org_id ");
  EXPECT_EQ(columns["advisor_ratings"],
            "org_id rule_fqdn error_key rated_at last_updated_at rating rule_id ");
  EXPECT_EQ(columns["dvo_report"],
            "org_id cluster_id namespace_id namespace_name report recommendations objects "
            "reported_at last_checked_at rule_hits_count ");
  EXPECT_EQ(columns["migration_info"], "version ");
  EXPECT_EQ(columns["dvo_migration_info"], "version ");
}

TEST_P(MaintenanceContract, ASnapshotKnowsWhichColumnsAreTimes) {
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  const auto tables = (*snapshot)->Tables();
  ASSERT_TRUE(tables);
  std::set<std::string> times;
  for (const Table& table : *tables) {
    if (table.own) continue;
    for (const Column& column : table.columns) {
      if (column.kind == ColumnKind::kTime) times.insert(table.name + "." + column.name);
    }
  }
  EXPECT_THAT(
      times,
      UnorderedElementsAre(
          "advisor_ratings.last_updated_at", "advisor_ratings.rated_at",
          "cluster_rule_toggle.disabled_at", "cluster_rule_toggle.enabled_at",
          "cluster_rule_toggle.updated_at", "cluster_rule_user_feedback.added_at",
          "cluster_rule_user_feedback.updated_at", "cluster_user_rule_disable_feedback.added_at",
          "cluster_user_rule_disable_feedback.updated_at", "consumer_error.consumed_at",
          "consumer_error.produced_at", "dvo_report.last_checked_at", "dvo_report.reported_at",
          "recommendation.created_at", "recommendation.impacted_since", "report.gathered_at",
          "report.last_checked_at", "report.reported_at", "rule_disable.created_at",
          "rule_disable.updated_at", "rule_hit.created_at"));
}

TEST_P(MaintenanceContract, RowsAreReadWithNullsAndTimes) {
  const Time at = Day(3) + microseconds(639'083);
  Execute(
      fmt::format("INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                  "VALUES (1, '{}', '\"a\",\nb', {}, NULL)",
                  kOne, L(at)));
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto all = ReadAll(**snapshot, {});
  EXPECT_THAT(all.at("report"),
              ElementsAre("1|" + kOne + "|\"a\",\nb|" + FormatTime(at) + "|NULL|0|NULL"));
  EXPECT_THAT(all.at("migration_info"), ElementsAre("32"));
  EXPECT_THAT(all.at("dvo_migration_info"), ElementsAre("4"));
}

TEST_P(MaintenanceContract, ASnapshotDoesNotSeeWhatCameLater) {
  AddCluster(kOne, Day(3));
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto before = ReadAll(**snapshot, {});
  auto other = engine_->Open();
  AddCluster(kTwo, Day(3));
  ASSERT_TRUE(other->DeleteOld(AgedTable::kConsumerError, Day(10)));
  EXPECT_EQ(ReadAll(**snapshot, {}), before);
  snapshot->reset();
  snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(ReadAll(**snapshot, {}).at("report").size(), 2U);
}

TEST_P(MaintenanceContract, OfSomeOrganisationsNothingOfOthersIsRead) {
  AddCluster(kOne, Day(3), 1);
  AddCluster(kTwo, Day(3), 2);
  Execute(fmt::format("INSERT INTO consumer_error VALUES ('t', 1, 7, NULL, {}, {}, 'm', 'e')",
                      L(Day(1)), L(Day(2))));
  for (const int org_id : {1, 2}) {
    Execute(fmt::format("INSERT INTO rule_disable VALUES ('{}', 'x', 'A', NULL, {}, NULL)", org_id,
                        L(Day(1))));
    Execute(fmt::format("INSERT INTO {} VALUES ({}, '{}', 'n', NULL, '', 1, 2, {}, {}, '{{}}')",
                        Dvo(), org_id, org_id == 1 ? kOne : kTwo, L(Day(3)), L(Day(9))));
  }
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto all = ReadAll(**snapshot, {.organizations = std::vector<std::uint64_t>{2, 77}});
  for (const auto& [table, rows] : all) {
    for (const std::string& row : rows) {
      EXPECT_EQ(row.find(kOne), std::string::npos) << table << ": " << row;
    }
  }
  for (const std::string_view table : kResultsTables) {
    EXPECT_FALSE(all.at(std::string(table)).empty()) << table;
  }
  EXPECT_EQ(all.at("dvo_report").size(), 1U);
  EXPECT_EQ(all.at("rule_disable").size(), 1U);
  EXPECT_THAT(all.at("consumer_error"), IsEmpty());
  EXPECT_THAT(all.at("migration_info"), ElementsAre("32"));
  const auto none = ReadAll(**snapshot, {.organizations = std::vector<std::uint64_t>()});
  EXPECT_THAT(none.at("report"), IsEmpty());
  EXPECT_THAT(none.at("rule_disable"), IsEmpty());
}

TEST_P(MaintenanceContract, NoMoreRowsAreReadThanAskedFor) {
  AddCluster(kOne, Day(3));
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto all = ReadAll(**snapshot, {.rows_max = 1});
  EXPECT_EQ(all.at("rule_hit").size(), 1U);
  EXPECT_EQ(all.at("report").size(), 1U);
}

TEST_P(MaintenanceContract, RulesAcknowledgedSeveralTimesAreCounted) {
  for (const int org_id : {1, 2, 3}) {
    Execute(fmt::format("INSERT INTO rule_disable VALUES ('{}', 'x', 'A', NULL, {}, NULL)", org_id,
                        L(Day(1))));
  }
  for (const int org_id : {1, 2}) {
    Execute(fmt::format("INSERT INTO rule_disable VALUES ('{}', 'y', 'A', NULL, {}, NULL)", org_id,
                        L(Day(1))));
  }
  Execute(
      fmt::format("INSERT INTO rule_disable VALUES ('1', 'z', 'A', NULL, {}, NULL)", L(Day(1))));
  auto snapshot = maintenance_->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto shown = [&](const Selection& selection) {
    std::vector<std::pair<std::string, std::int64_t>> pairs;
    const auto rules = (*snapshot)->DisabledRules(selection);
    for (const DisabledRule& one : rules.value()) {
      pairs.emplace_back(one.rule, one.count);
    }
    return pairs;
  };
  EXPECT_THAT(shown({}), ElementsAre(Pair("x", 3), Pair("y", 2)));
  EXPECT_THAT(shown({.organizations = std::vector<std::uint64_t>{1, 3}}),
              ElementsAre(Pair("x", 2)));
}

TEST_P(MaintenanceContract, TestRowsAreInsertedAndListed) {
  ASSERT_TRUE(maintenance_->InsertTestRow("report", 1, kOne, "", 0, 0, Day(1)));
  EXPECT_TRUE(maintenance_->InsertTestRow("rule_hit", 1, kOne, "", 0, 0, Day(1)));
  EXPECT_TRUE(maintenance_->InsertTestRow("cluster_rule_user_feedback", 1, kOne, "", 0, 0, Day(1)));
  EXPECT_TRUE(
      maintenance_->InsertTestRow("cluster_user_rule_disable_feedback", 1, kOne, "", 0, 0, Day(1)));
  EXPECT_TRUE(maintenance_->InsertTestRow("dvo.dvo_report", 1, kOne, "n", 2, 3, Day(1)));
  // The column user_id is no more.
  EXPECT_FALSE(maintenance_->InsertTestRow("cluster_rule_toggle", 1, kOne, "", 0, 0, Day(1)));
  // It is there already.
  EXPECT_FALSE(maintenance_->InsertTestRow("report", 1, kOne, "", 0, 0, Day(1)));
  EXPECT_EQ(Rows("rule_hit"), 1);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MaintenanceContract);

}  // namespace insightd::store::testing
