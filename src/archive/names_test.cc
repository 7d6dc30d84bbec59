#include "archive/names.h"

#include <gtest/gtest.h>

namespace insightd::archive {
namespace {

std::string Normal(std::string_view name) {
  std::string scratch;
  const auto normal = NormalName(name, scratch);
  return normal ? std::string(*normal) : "(refused)";
}

TEST(NormalNameTest, LeavesAGoodNameAsItIs) {
  EXPECT_EQ(Normal("config/node/a.b..c.json"), "config/node/a.b..c.json");
  EXPECT_EQ(Normal("a"), "a");
}

TEST(NormalNameTest, LeavesOutWhatMeansNothing) {
  EXPECT_EQ(Normal("./a"), "a");
  EXPECT_EQ(Normal("a//b/./c/"), "a/b/c");
  EXPECT_EQ(Normal("./"), "");
  EXPECT_EQ(Normal(""), "");
  EXPECT_EQ(Normal("a/.hidden"), "a/.hidden");
}

TEST(NormalNameTest, RefusesWhatLeavesTheRoot) {
  for (const char* name : {"/", "/a", "..", "a/..", "../a", "a/../b", "./.."}) {
    EXPECT_EQ(Normal(name), "(refused)") << name;
  }
  EXPECT_EQ(Normal(std::string_view("a\0b", 3)), "(refused)");
}

TEST(ShownNameTest, IsShortAndPrintable) {
  EXPECT_EQ(ShownName("a\nb"), "\"a?b\"");
  EXPECT_EQ(ShownName("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_LT(ShownName(std::string(5000, 'x')).size(), 210U);
}

}  // namespace
}  // namespace insightd::archive
