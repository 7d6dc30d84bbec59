#include "base/uuid.h"

#include <gtest/gtest.h>

namespace insightd {
namespace {

TEST(UuidTest, TakesTheFormsThatReadersTake) {
  EXPECT_TRUE(IsUuid("f2511ded-26d0-4d13-9ff1-1764d4323426"));
  EXPECT_TRUE(IsUuid("F2511DED-26D0-4D13-9FF1-1764D4323426"));
  EXPECT_TRUE(IsUuid("f2511ded26d04d139ff11764d4323426"));
  EXPECT_TRUE(IsUuid("urn:uuid:f2511ded-26d0-4d13-9ff1-1764d4323426"));
  EXPECT_TRUE(IsUuid("{f2511ded-26d0-4d13-9ff1-1764d4323426}"));
}

TEST(UuidTest, RefusesEverythingElse) {
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("f2511ded-26d0-4d13-9ff1-1764d432342"));
  EXPECT_FALSE(IsUuid("f2511ded-26d0-4d13-9ff1-1764d432342g"));
  EXPECT_FALSE(IsUuid("f2511ded-26d04-d13-9ff1-1764d4323426"));
  EXPECT_FALSE(IsUuid("f2511ded-26d0-4d13-9ff1-1764d4323426\n"));
}

TEST(UuidTest, ComparesWithoutCaseAndForm) {
  EXPECT_TRUE(SameUuid("F2511DED-26d0-4d13-9ff1-1764d4323426", "f2511ded26d04d139ff11764d4323426"));
  EXPECT_TRUE(SameUuid("{f2511ded-26d0-4d13-9ff1-1764d4323426}",
                       "urn:uuid:f2511ded-26d0-4d13-9ff1-1764d4323426"));
  EXPECT_FALSE(
      SameUuid("f2511ded-26d0-4d13-9ff1-1764d4323426", "f2511ded-26d0-4d13-9ff1-1764d4323427"));
}

}  // namespace
}  // namespace insightd
