#include "store/postgres/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::store::pg {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string MistakeIn(const std::string& conninfo) {
  const auto checked = CheckConninfo("store.postgres_read", conninfo);
  if (checked) return "none";
  EXPECT_EQ(checked.error().code(), Code::kInvalid);
  return checked.error().message();
}

TEST(ConninfoTest, WhatNeedsAServerIsNotJudged) {
  EXPECT_EQ(MistakeIn("host=db"), "none");
  EXPECT_EQ(MistakeIn("host=a,b port=5432,5433 dbname=x target_session_attrs=read-write"), "none");
  EXPECT_EQ(MistakeIn("hostaddr=10.0.0.1 host=db port=5432 user=me"), "none");
  EXPECT_EQ(MistakeIn("postgresql://me@[::1]:5432,db/x?sslmode=require"), "none");
  EXPECT_EQ(MistakeIn("host=/var/run/postgresql sslmode=verify-full"), "none");
}

TEST(ConninfoTest, NamesTheSettingAndNeverAPassword) {
  EXPECT_THAT(MistakeIn("nonsense"),
              HasSubstr("store.postgres_read is no connection string of PostgreSQL"));
  EXPECT_THAT(MistakeIn("host=db password=hush hush"), Not(HasSubstr("hush")));
}

TEST(ConninfoTest, NamesTheValueThatCannotBe) {
  EXPECT_THAT(MistakeIn("host=db port=99999"), HasSubstr("\"99999\" is no port"));
  EXPECT_THAT(MistakeIn("host=a,b port=5432,x"), HasSubstr("\"5432,x\" is no port"));
  EXPECT_THAT(MistakeIn("postgresql://me@db:xx/d"), HasSubstr("\"xx\" is no port"));
  EXPECT_THAT(MistakeIn("host=db sslmode=nonsense"),
              AllOf(HasSubstr("store.postgres_read"), HasSubstr("sslmode is \"nonsense\"")));
  EXPECT_THAT(MistakeIn("host=db target_session_attrs=x"),
              HasSubstr("target_session_attrs is \"x\""));
  EXPECT_THAT(MistakeIn("host=db sslmode=verify-full sslrootcert=/nowhere/ca.pem"),
              HasSubstr("sslrootcert=/nowhere/ca.pem: No such file"));
}

}  // namespace
}  // namespace insightd::store::pg
