#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "app/cleaning/cluster_list.h"
#include "app/cleaning/summary_table.h"
#include "base/testing/temp_folder.h"

namespace insightd::app::cleaning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> All(ClusterList& list) {
  std::vector<std::string> entries;
  while (true) {
    auto entry = list.Next();
    EXPECT_TRUE(entry);
    if (!entry || !*entry) return entries;
    entries.push_back(**entry);
  }
}

TEST(ClusterList, WordsStandBetweenCommas) {
  ClusterList list = ClusterList::OfWords(" a , b,,c");
  EXPECT_THAT(All(list), ElementsAre("a", "b", "", "c"));
  ASSERT_TRUE(list.Rewind());
  EXPECT_THAT(All(list), ElementsAre("a", "b", "", "c"));
}

TEST(ClusterList, OfAFileWholeLinesCountAsTheOriginalHasIt) {
  const insightd::testing::TempFolder folder;
  const std::string path = folder / "list";
  std::ofstream(path) << "a\nb\r\n\nlast";
  auto list = ClusterList::OfFile(path, /*whole_lines_only=*/true);
  ASSERT_TRUE(list);
  EXPECT_THAT(All(*list), ElementsAre("a", "b\r", ""));
  ASSERT_TRUE(list->Rewind());
  EXPECT_THAT(All(*list), ElementsAre("a", "b\r", ""));
}

TEST(ClusterList, OfAFileEveryLineCountsForUs) {
  const insightd::testing::TempFolder folder;
  const std::string path = folder / "list";
  std::ofstream(path) << "a\nb\r\n\nlast";
  auto list = ClusterList::OfFile(path, /*whole_lines_only=*/false);
  ASSERT_TRUE(list);
  EXPECT_THAT(All(*list), ElementsAre("a", "b", "last"));
  std::ofstream(path, std::ios::trunc).close();
  ASSERT_TRUE(list->Rewind());
  EXPECT_THAT(All(*list), IsEmpty());
}

TEST(ClusterList, AFileThatIsNotThereIsTold) {
  const auto list = ClusterList::OfFile("/nowhere/list", true);
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().message(), ::testing::HasSubstr("/nowhere/list"));
  EXPECT_FALSE(ClusterList::OfFile("/tmp", true));
}

TEST(SummaryTable, IsAsWideAsItsWords) {
  EXPECT_EQ(Print({.proper_entries = 2, .improper_entries = 0, .deletions = {{"rule_hit", 5}}}),
            "┌─────────────────────────────────┬───────┐\n"
            "│             SUMMARY             │ COUNT │\n"
            "├─────────────────────────────────┼───────┤\n"
            "│ Proper cluster entries          │ 2     │\n"
            "│ Improper cluster entries        │ 0     │\n"
            "│                                 │       │\n"
            "│ Deletions from table 'rule_hit' │ 5     │\n"
            "├─────────────────────────────────┼───────┤\n"
            "│                 Total deletions │     5 │\n"
            "└─────────────────────────────────┴───────┘\n");
}

TEST(SummaryTable, LargeNumbersMakeItWider) {
  const std::string text = Print({.deletions = {{"report", 123'456'789}, {"rule_hit", 1}}});
  EXPECT_THAT(text, ::testing::HasSubstr("│ 123456789 │"));
  EXPECT_THAT(text, ::testing::HasSubstr("│ 123456790 │"));
  EXPECT_THAT(text, ::testing::HasSubstr("│   COUNT   │"));
}

}  // namespace
}  // namespace insightd::app::cleaning
