#include "archive/memory_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace insightd::archive {
namespace {

TEST(TreeFromMemoryTest, HoldsCopiesSortedByName) {
  std::string text = "42";
  const std::string big(500'000, 'x');
  const auto tree = TreeFromMemory(
      std::vector<PackMember>{{.name = "x", .bytes = big, .modified_s = 9},
                              {.name = "config/id", .bytes = text, .modified_s = 5}});
  text = "gone";
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->members()[0].name, "config/id");
  EXPECT_EQ(tree->members()[0].bytes, "42");
  EXPECT_EQ(tree->members()[1].bytes, big);
  EXPECT_EQ(tree->newest().seconds, 9);
}

TEST(TreeFromMemoryTest, RefusesANameThatLeavesTheRoot) {
  EXPECT_FALSE(
      TreeFromMemory(std::vector<PackMember>{{.name = "../x", .bytes = "", .modified_s = 0}}));
}

TEST(TreeFromMemoryTest, MakesAnEmptyTreeOfNothing) {
  const auto tree = TreeFromMemory({});
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->members().empty());
}

}  // namespace
}  // namespace insightd::archive
