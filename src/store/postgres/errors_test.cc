#include "store/postgres/errors.h"

#include <gtest/gtest.h>

namespace insightd::store::pg {
namespace {

TEST(PostgresErrors, RefusedRowsAreInvalid) {
  for (const char* state : {"22003", "22021", "23505", "23514", "54000"}) {
    EXPECT_EQ(CodeFor(state), Code::kInvalid) << state;
  }
}

TEST(PostgresErrors, LostRacesMayBeRunAgain) {
  for (const char* state : {"40001", "40P01", "55P03"}) {
    EXPECT_EQ(CodeFor(state), Code::kConflict) << state;
    EXPECT_TRUE(IsLostRace(state)) << state;
  }
  EXPECT_TRUE(IsLostRace("23505")) << "another session may have inserted the row meanwhile";
  EXPECT_FALSE(IsLostRace("23503"));
  EXPECT_FALSE(IsLostRace(""));
}

TEST(PostgresErrors, WhatOthersCanMendIsNoFaultOfTheRow) {
  for (const char* state : {"08006", "53100", "53300", "57P01", "57014", "58030", "42501", "42P01",
                            "3D000", "28P01", "25006", "XX000", ""}) {
    EXPECT_EQ(CodeFor(state), Code::kUnavailable) << state;
  }
}

TEST(PostgresErrors, HintsNameTheWayOut) {
  EXPECT_NE(HintFor("57014").find("store.postgres_statement_ms_max"), std::string_view::npos);
  EXPECT_NE(HintFor("53100").find("disk"), std::string_view::npos);
  EXPECT_NE(HintFor("53200"), "");
  EXPECT_NE(HintFor("42P01").find("insightd migrate"), std::string_view::npos);
  EXPECT_EQ(HintFor("23505"), "");
}

TEST(PostgresErrors, AConnectionThatIsNotMadeNamesTheSettingToo) {
  EXPECT_NE(HintForConnecting("FATAL:  password authentication failed for user \"x\"")
                .find("store.postgres_password_file"),
            std::string_view::npos);
  EXPECT_NE(HintForConnecting("FATAL:  database \"x\" does not exist").find("dbname="),
            std::string_view::npos);
  EXPECT_NE(HintForConnecting("root certificate file \"/x\" does not exist").find("sslrootcert="),
            std::string_view::npos);
  EXPECT_EQ(HintForConnecting("Connection refused"), "");
}

}  // namespace
}  // namespace insightd::store::pg
