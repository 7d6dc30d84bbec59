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
  std::unique_ptr<Maintenance> Open() override { return OpenOn(""); }
  static std::unique_ptr<Maintenance> OpenOn(const std::string& more) {
    auto opened = OpenPostgresMaintenance({.conninfo = Database().Conninfo(more)});
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

// Rows of recommendations and workloads where no report says that they are.
class PostgresStrays : public ::testing::Test {
 protected:
  static constexpr const char* kClusters = "('a'), ('b'), ('c'), ('d')";

  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    PostgresEngine().Execute(fmt::format(
        "INSERT INTO report(org_id, cluster, report) SELECT 1, c, '' FROM (VALUES {0}) v(c) "
        "WHERE c <> 'd'; "
        "INSERT INTO recommendation SELECT o, c, 'x', 'K' FROM (VALUES {0}) v(c), "
        "generate_series(1, 3) o; "
        "INSERT INTO dvo.dvo_report(org_id, cluster_id, namespace_id, recommendations, objects) "
        "SELECT o, c, 'n', 0, 0 FROM (VALUES {0}) v(c), generate_series(1, 2) o",
        kClusters));
  }
  static std::int64_t Left(const std::string& table) {
    return Database().Connect()->Run("SELECT count(*) FROM " + table).value().IntAt(0, 0);
  }
  // In two lists, each with its workloads; what is left is of `c`.
  static void ExpectCleaned(Maintenance& maintenance) {
    const std::vector<std::string> first = {"a"};
    const auto deleted = maintenance.DeleteClusters(Part::kResults, first);
    ASSERT_TRUE(deleted) << deleted.error().message();
    EXPECT_THAT((*deleted)[0].rows, ElementsAre(0, 0, 0, 0, 3, 0, 1));
    EXPECT_THAT(maintenance.DeleteClusters(Part::kWorkloads, first)->at(0).rows, ElementsAre(2));

    const std::vector<std::string> second = {"b", "d", "none"};
    const auto more = maintenance.DeleteClusters(Part::kResults, second);
    ASSERT_TRUE(more) << more.error().message();
    EXPECT_THAT((*more)[0].rows, ElementsAre(0, 0, 0, 0, 3, 0, 1));
    EXPECT_THAT((*more)[1].rows, ElementsAre(0, 0, 0, 0, 3, 0, 0)) << "it has no report";
    EXPECT_THAT((*more)[2].rows, ElementsAre(0, 0, 0, 0, 0, 0, 0));
    EXPECT_EQ(Left("recommendation"), 3);
    const auto workloads = maintenance.DeleteClusters(Part::kWorkloads, second);
    ASSERT_TRUE(workloads) << workloads.error().message();
    EXPECT_THAT((*workloads)[0].rows, ElementsAre(2)) << "its report is gone already";
    EXPECT_THAT((*workloads)[1].rows, ElementsAre(2));
    EXPECT_EQ(Left("dvo.dvo_report"), 2);
  }
};

TEST_F(PostgresStrays, GoWithTheirClusters) { ExpectCleaned(*PostgresEngine::OpenOn("")); }

TEST_F(PostgresStrays, GoWhereNoTemporaryTableMayBeMade) {
  const std::string role = Database().name() + "_cleaner";
  Database().Do(fmt::format(
      "CREATE ROLE {0} LOGIN PASSWORD 'role'; REVOKE TEMPORARY ON DATABASE {1} FROM PUBLIC; "
      "GRANT USAGE ON SCHEMA public, dvo TO {0}; "
      "GRANT ALL ON ALL TABLES IN SCHEMA public, dvo TO {0}; "
      "GRANT ALL ON ALL SEQUENCES IN SCHEMA public, dvo TO {0}",
      role, Database().name()));
  ExpectCleaned(*PostgresEngine::OpenOn("password=role user=" + role));
  Database().Do(
      fmt::format("DROP OWNED BY {0}; DROP ROLE {0}; GRANT TEMPORARY ON DATABASE {1} "
                  "TO PUBLIC",
                  role, Database().name()));
}

TEST_F(PostgresStrays, StayWithAReportOfWhichNobodyKnowsHowOldItIs) {
  const std::vector<std::string> list = {"a"};
  const auto deleted = PostgresEngine::OpenOn("")->DeleteClusters(Part::kResults, list, Time{});
  ASSERT_TRUE(deleted) << deleted.error().message();
  EXPECT_TRUE((*deleted)[0].rows.empty());
  EXPECT_EQ(Left("recommendation"), 12);
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
