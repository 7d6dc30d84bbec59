#include "blob/key.h"

#include <gtest/gtest.h>

#include <string>

namespace insightd::blob {
namespace {

TEST(KeyTest, TakesRequestIdsAndPaths) {
  for (const char* key : {"0123456789abcdef0123456789abcdef", "a", "2026/08/01/x-y_z.tar.gz"}) {
    EXPECT_TRUE(CheckKey(key)) << key;
  }
  EXPECT_TRUE(CheckKey(std::string(200, 'k')));
}

TEST(KeyTest, RefusesWhatCouldLeaveTheFolderOrBreakAName) {
  for (const char* key : {"", "../x", "a/../b", "a..b", "/a", "a/", ".a", "a.", "a//b", "a b",
                          "a%2Fb", "a\n", "ä", "-a"}) {
    const auto checked = CheckKey(key);
    ASSERT_FALSE(checked) << key;
    EXPECT_EQ(checked.error().code(), Code::kInvalid);
  }
  EXPECT_FALSE(CheckKey(std::string(201, 'k')));
}

}  // namespace
}  // namespace insightd::blob
