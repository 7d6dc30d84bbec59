#include "store/postgres/maintenance.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "store/postgres/params.h"
#include "store/postgres/testing/test_database.h"
#include "store/testing/maintenance_contract.h"

namespace insightd::store {
namespace {

using ::testing::ElementsAre;
using testing::MaintenanceContract;

// One database for all tests, since making one takes longer than most of them; each test begins
// with empty tables.
const pg::TestDatabase& Database() {
  static const pg::TestDatabase made;
  static const bool migrated = (pg::MigrateToLatest(made), true);
  INSIGHTD_ASSERT(migrated);
  return made;
}

class PostgresEngine final : public testing::MaintenanceEngine {
 public:
  PostgresEngine() {
    Execute(
        "TRUNCATE report, rule_hit, recommendation, report_info, consumer_error, "
        "cluster_rule_toggle, cluster_rule_user_feedback, cluster_user_rule_disable_feedback, "
        "rule_disable, advisor_ratings, dvo.dvo_report, insightd_cluster, insightd_released, "
        "insightd_workloads, insightd_change");
  }
  std::unique_ptr<Maintenance> Open() override {
    auto opened = OpenPostgresMaintenance({.conninfo = Database().Conninfo()});
    if (!opened) ADD_FAILURE() << opened.error().message();
    return opened ? *std::move(opened) : nullptr;
  }
  void Execute(const std::string& sql) override { Database().Do(sql); }
  std::int64_t Number(const std::string& sql) override {
    return Database().Connect()->Run(sql).value().IntAt(0, 0);
  }
  std::string Literal(Time time) const override {
    return fmt::format("(timestamp '2000-01-01' + interval '1 microsecond' * {})",
                       pg::TimestampOf(time));
  }
  std::string Workloads() const override { return "dvo.dvo_report"; }
};

INSTANTIATE_TEST_SUITE_P(Postgres, MaintenanceContract,
                         ::testing::Values(testing::MaintenanceFactory{
                             .name = "Server",
                             .make = []() -> std::unique_ptr<testing::MaintenanceEngine> {
                               if (pg::TestServer("POSTGRES").empty()) return nullptr;
                               return std::make_unique<PostgresEngine>();
                             },
                             .why_not = "no PostgreSQL server: INSIGHTD_TEST_SERVERS names none"}),
                         testing::MaintenanceName);

TEST(PostgresMaintenance, ATableThatIsMissingIsToldAndTheOthersAreCleaned) {
  INSIGHTD_SKIP_WITHOUT_POSTGRES();
  const pg::TestDatabase database;
  database.Do(
      "CREATE TABLE report(org_id integer, cluster varchar, reported_at timestamp); "
      "CREATE TABLE rule_hit(org_id integer, cluster_id varchar); "
      "INSERT INTO report VALUES (1, 'a', '2020-01-01'), (1, 'b', '2020-01-01'); "
      "INSERT INTO rule_hit VALUES (1, 'a'), (1, 'a')");
  auto maintenance = OpenPostgresMaintenance({.conninfo = database.Conninfo()});
  ASSERT_TRUE(maintenance);
  const std::vector<std::string> list = {"a"};
  const auto deleted = (*maintenance)->DeleteClusters(Part::kResults, list);
  ASSERT_TRUE(deleted) << deleted.error().message();
  EXPECT_THAT((*deleted)[0].rows, ElementsAre(-1, -1, -1, 2, -1, -1, 1));
  const auto missing = (*maintenance)->DeleteOld(AgedTable::kConsumerError, Time{});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), ::testing::HasSubstr("consumer_error"));
}

TEST(PostgresMaintenance, OtherTypesAndSchemasAreReadOutAsText) {
  INSIGHTD_SKIP_WITHOUT_POSTGRES();
  const pg::TestDatabase database;
  database.Do(
      "CREATE TABLE \"odd\"\"name\"(n numeric, j jsonb, u uuid, b boolean, f float8, s smallint, "
      "i integer, x bytea, d date, z timestamptz, t timestamp); "
      "INSERT INTO \"odd\"\"name\" VALUES (1.50, '{\"a\": 1}', "
      "'34c3ecc5-624a-49a5-bab8-4fdc5e51a266', true, 0.5, -2, -70000, '\\x00ff', '2026-01-02', "
      "'2026-01-02 03:04:05+02', 'infinity'); "
      "CREATE SCHEMA other; CREATE TABLE other.\"odd\"\"name\"(a text)");
  auto maintenance = OpenPostgresMaintenance({.conninfo = database.Conninfo(), .read_only = true});
  ASSERT_TRUE(maintenance);
  auto snapshot = (*maintenance)->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto tables = (*snapshot)->Tables();
  ASSERT_TRUE(tables);
  ASSERT_EQ(tables->size(), 2U);
  EXPECT_EQ((*tables)[0].name, "odd\"name");
  EXPECT_EQ((*tables)[1].name, "other.odd\"name");
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
  const auto read = (*snapshot)->Read((*tables)[0], {}, [&](const Row& row) -> Result<void> {
    for (const Value& value : row) {
      texts.emplace_back(value.text);
      numbers.push_back(value.number);
    }
    return {};
  });
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(texts, ElementsAre("1.50", "{\"a\": 1}", "34c3ecc5-624a-49a5-bab8-4fdc5e51a266", "",
                                 "0.5", "", "", std::string("\0\xff", 2), "", "", ""));
  EXPECT_EQ(numbers[3], 1);
  EXPECT_EQ(numbers[5], -2);
  EXPECT_EQ(numbers[6], -70'000);
  EXPECT_EQ(FormatTime(Time(microseconds(numbers[8]))), "2026-01-02T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(Time(microseconds(numbers[9]))), "2026-01-02T01:04:05.000000Z");
  EXPECT_EQ(numbers[10], kInfinity);
}

TEST(PostgresMaintenance, ARowThatIsNotTakenEndsTheReading) {
  INSIGHTD_SKIP_WITHOUT_POSTGRES();
  const pg::TestDatabase database;
  database.Do("CREATE TABLE t(a integer); INSERT INTO t SELECT generate_series(1, 100000)");
  auto maintenance = OpenPostgresMaintenance({.conninfo = database.Conninfo()});
  ASSERT_TRUE(maintenance);
  auto snapshot = (*maintenance)->TakeSnapshot();
  ASSERT_TRUE(snapshot);
  const auto tables = (*snapshot)->Tables();
  int rows = 0;
  const auto read = (*snapshot)->Read((*tables)[0], {}, [&](const Row&) -> Result<void> {
    if (++rows == 10) return Fail(Code::kNoRoom, "full");
    return {};
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kNoRoom);
  EXPECT_EQ(rows, 10);
}

}  // namespace
}  // namespace insightd::store
