#include "api/aggregator/go_text.h"

#include <gtest/gtest.h>

namespace insightd::api::aggregator {
namespace {

constexpr const char* kUuid = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";

TEST(GoTextTest, QuotesWhatIsNotPrintable) {
  EXPECT_EQ(GoQuoted("a\"\\\n\x01\x7f"), R"("a\"\\\n\x01\x7f")");
  EXPECT_EQ(GoQuoted("ä\xff\u0085\u00a0"), "\"ä\\xff\\u0085\\u00a0\"");
}

TEST(GoTextTest, TrimsWhiteSpaceOfUnicode) {
  EXPECT_EQ(TrimmedSpace(" \t\v\u00a0a b\u3000\n"), "a b");
  EXPECT_EQ(TrimmedSpace("\u2003 "), "");
  EXPECT_EQ(TrimmedSpace("\xff "), "\xff");
}

TEST(GoTextTest, TakesUuidsInFourForms) {
  const std::string uuid = kUuid;
  EXPECT_EQ(UuidProblem(uuid), "");
  EXPECT_EQ(UuidProblem("34C3ECC5-624A-49A5-BAB8-4FDC5E51A266"), "");
  EXPECT_EQ(UuidProblem("34c3ecc5624a49a5bab84fdc5e51a266"), "");
  EXPECT_EQ(UuidProblem("urn:uuid:" + uuid), "");
  EXPECT_EQ(UuidProblem("URN:UUID:" + uuid), "");
  EXPECT_EQ(UuidProblem("{" + uuid + "}"), "");
  EXPECT_EQ(UuidProblem("x" + uuid + "y"), "") << "what is around it is not looked at";
}

TEST(GoTextTest, TellsWhyATextIsNoUuid) {
  const std::string uuid = kUuid;
  EXPECT_EQ(UuidProblem(""), "invalid UUID length: 0");
  EXPECT_EQ(UuidProblem("ä"), "invalid UUID length: 2");
  EXPECT_EQ(UuidProblem("34c3ecc5_624a-49a5-bab8-4fdc5e51a266"), "invalid UUID format");
  EXPECT_EQ(UuidProblem("34c3ecc5-624a-49a5-bab8-4fdc5e51a26g"), "invalid UUID format");
  EXPECT_EQ(UuidProblem("34c3ecc5624a49a5bab84fdc5e51a26-"), "invalid UUID format");
  EXPECT_EQ(UuidProblem("urn-uuid\"" + uuid), R"(invalid urn prefix: "urn-uuid\"")");
  EXPECT_EQ(UuidProblem(std::string(1, '\0') + uuid + "}"), "invalid UUID format")
      << "no row can hold it";
}

}  // namespace
}  // namespace insightd::api::aggregator
