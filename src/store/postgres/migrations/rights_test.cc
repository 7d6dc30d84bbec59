// Roles that may not do what they are to do; the message names right and role.
#include "store/postgres/migrations/rights.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/postgres/migrations/check.h"
#include "store/postgres/migrations/migrate.h"
#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

using ::testing::HasSubstr;

class RightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    role_ = database_->name() + "_role";
    database_->Do(fmt::format(
        "CREATE ROLE {0} LOGIN PASSWORD 'role'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; "
        "REVOKE CREATE ON DATABASE {1} FROM PUBLIC",
        role_, database_->name()));
  }
  void TearDown() override {
    if (database_ != nullptr) {
      database_->Do(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role_));
    }
  }

  std::unique_ptr<Connection> AsRole() { return database_->Connect("password=role user=" + role_); }
  Result<std::vector<Move>> MigrateAsRole() {
    struct : MigrationObserver {
      void Waits(std::string_view) override {}
      void Begins(Storage, std::int32_t, bool, std::string_view) override {}
      void Ended(microseconds) override {}
      void Moved(const Move&, microseconds) override {}
      void Adds(std::string_view) override {}
    } silent;
    return Migrate(*AsRole(), {}, silent);
  }
  std::string VersionsAsRole() {
    const auto versions = ReadSchemaVersions(*AsRole());
    return versions ? "" : versions.error().message();
  }
  void Grant(const std::string& what) { database_->Do(fmt::format("GRANT {} TO {}", what, role_)); }

  std::unique_ptr<TestDatabase> database_;
  std::string role_;
};

TEST_F(RightsTest, WhoMayNotMakeTablesIsTold) {
  const auto moved = MigrateAsRole();
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kInvalid);
  EXPECT_THAT(moved.error().message(), HasSubstr("role " + role_));
  EXPECT_THAT(moved.error().message(),
              HasSubstr("GRANT CREATE, USAGE ON SCHEMA public TO " + role_));
}

TEST_F(RightsTest, WhoMayNotMakeTheSchemaIsTold) {
  Grant("CREATE, USAGE ON SCHEMA public");
  const auto moved = MigrateAsRole();
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message(), HasSubstr(fmt::format("GRANT CREATE ON DATABASE {} TO {}",
                                                             database_->name(), role_)));
}

TEST_F(RightsTest, WhoMayNotReadTheVersionsIsTold) {
  MigrateToLatest(*database_);
  EXPECT_THAT(VersionsAsRole(), HasSubstr(fmt::format("GRANT USAGE ON SCHEMA dvo TO {}", role_)));
  Grant("USAGE ON SCHEMA public, dvo");
  const std::string told = VersionsAsRole();
  EXPECT_THAT(told, HasSubstr(fmt::format("role {} lacks the right SELECT on dvo.migration_info, "
                                          "public.insightd_version, public.migration_info",
                                          role_)));
  EXPECT_THAT(told, HasSubstr("migrate as their owner"));
  Grant("SELECT ON dvo.migration_info, insightd_version, migration_info");
  EXPECT_EQ(VersionsAsRole(), "");
}

TEST_F(RightsTest, TheRightsThatAreAskedForAreEnough) {
  Grant("CREATE, USAGE ON SCHEMA public");
  Grant(fmt::format("CREATE ON DATABASE {}", database_->name()));
  const auto moved = MigrateAsRole();
  ASSERT_TRUE(moved) << moved.error().message();
  EXPECT_TRUE(CheckSchema(*AsRole(), Use::kWrite));
}

TEST_F(RightsTest, TablesOfAnotherRoleAreNotChangedHalfway) {
  MigrateToLatest(*database_);
  database_->Do("UPDATE insightd_version SET version = 0; DROP INDEX insightd_toggle_org");
  Grant("CREATE, USAGE ON SCHEMA public");
  Grant("SELECT ON ALL TABLES IN SCHEMA public");
  Grant("USAGE ON SCHEMA dvo");
  Grant("SELECT ON ALL TABLES IN SCHEMA dvo");
  const auto moved = MigrateAsRole();
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message(), HasSubstr("may not change tables of role"));
}

TEST_F(RightsTest, WhoMayOnlyReadMayNotWrite) {
  MigrateToLatest(*database_);
  Grant("USAGE ON SCHEMA public, dvo");
  Grant("SELECT ON ALL TABLES IN SCHEMA public, dvo");
  EXPECT_TRUE(CheckSchema(*AsRole(), Use::kRead));
  const auto checked = CheckSchema(*AsRole(), Use::kWrite);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("role " + role_));
  EXPECT_THAT(checked.error().message(), HasSubstr("DELETE, INSERT, UPDATE on dvo.dvo_report"));
}

TEST_F(RightsTest, WithoutAnyRightTheFirstOneIsNamed) {
  MigrateToLatest(*database_);
  const auto checked = CheckSchema(*AsRole(), Use::kRead);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kInvalid);
  EXPECT_THAT(checked.error().message(), HasSubstr("GRANT USAGE ON SCHEMA dvo TO " + role_));
}

TEST_F(RightsTest, AnOlderDatabaseNamesTheCommand) {
  database_->Do(
      "CREATE TABLE migration_info (version integer); INSERT INTO migration_info VALUES (31)");
  const auto checked = CheckSchema(*database_->Connect(), Use::kWrite);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("has version 31 of the storage `results`"));
  EXPECT_THAT(checked.error().message(), HasSubstr("run `insightd migrate`"));
}

TEST_F(RightsTest, AnEmptyDatabaseNamesTheCommand) {
  const auto checked = CheckSchema(*database_->Connect(), Use::kWrite);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("has no tables of the storage `results`"));
}

}  // namespace
}  // namespace insightd::store::pg
