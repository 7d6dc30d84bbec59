#include "app/compat/go_config/postgres.h"

#include <gtest/gtest.h>

namespace insightd::app::go {
namespace {

PostgresKeys Keys() {
  return {.username = "user",
          .password = "password",
          .host = "localhost",
          .port = 5432,
          .db_name = "aggregator",
          .params = "sslmode=disable"};
}

TEST(GoPostgresTest, EachKeyIsOneWord) {
  const auto target = ToPostgres(Keys(), false);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->conninfo,
            "host='localhost' port='5432' dbname='aggregator' user='user' sslmode='disable'");
  EXPECT_EQ(target->password, "password");
}

TEST(GoPostgresTest, NoValueGetsOutOfItsPlace) {
  PostgresKeys keys = Keys();
  keys.username = "o'brien \\ host=evil";
  keys.password = "p@ss/w:rd#%";
  keys.params = "";
  const auto target = ToPostgres(keys, true);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->conninfo,
            R"(host='localhost' port='5432' dbname='aggregator' user='o\'brien \\ host=evil')");
  EXPECT_EQ(target->password, "p@ss/w:rd#%");
}

TEST(GoPostgresTest, EscapesOfAUrlAreTakenAsTheirDriverDoes) {
  PostgresKeys keys = Keys();
  keys.password = "p%40ss%2Fword";
  const auto target = ToPostgres(keys, false);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->password, "p@ss/word");
}

TEST(GoPostgresTest, WithoutAnSslmodeItIsRequired) {
  PostgresKeys keys = Keys();
  keys.params = "";
  EXPECT_NE(ToPostgres(keys, false)->conninfo.find("sslmode='require'"), std::string::npos);
  EXPECT_EQ(ToPostgres(keys, true)->conninfo.find("sslmode"), std::string::npos);
}

TEST(GoPostgresTest, UnknownParametersAreOfTheSessionAndTheDriversOwnAreTold) {
  PostgresKeys keys = Keys();
  keys.params = "sslmode=disable&statement_timeout=5000&search_path=a+b&binary_parameters=yes";
  const auto target = ToPostgres(keys, false);
  ASSERT_TRUE(target);
  EXPECT_NE(target->conninfo.find(R"(options='-c statement_timeout=5000 -c search_path=a\\ b')"),
            std::string::npos)
      << target->conninfo;
  EXPECT_EQ(target->notices.size(), 1U);
}

TEST(GoPostgresTest, APortThatIsNoneIsAMistake) {
  PostgresKeys keys = Keys();
  keys.port = 70'000;
  EXPECT_FALSE(ToPostgres(keys, false));
}

}  // namespace
}  // namespace insightd::app::go
