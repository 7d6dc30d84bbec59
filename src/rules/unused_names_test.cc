#include "rules/unused_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

UnusedNames UnusedOf(std::string_view rest) {
  return FindUnusedNames(testing::Good(testing::Files(testing::RuleText(rest)))->rules.front());
}

TEST(UnusedNamesTest, AreThoseThatNoExpressionUses) {
  const UnusedNames unused = UnusedOf(
      "  params: {limit: 3, least: 1}\n"
      "  let: {bad: \"size(nodes)\", few: \"least\", worse: \"bad + 1\"}\n"
      "  when: \"get(doc, 'limit') == doc.few && bad > 0\"\n");
  EXPECT_THAT(unused.params, ElementsAre("limit"));
  EXPECT_THAT(unused.lets, ElementsAre("few", "worse"));
}

TEST(UnusedNamesTest, DetailsAndOtherLetsAreUses) {
  const UnusedNames unused = UnusedOf(
      "  params: {limit: 3, on: false}\n"
      "  let: {bad: \"size(nodes) - limit\", worse: \"bad + 1\"}\n"
      "  when: \"on && bad > 0\"\n"
      "  details: {list: [{n: \"worse\"}]}\n");
  EXPECT_THAT(unused.params, IsEmpty());
  EXPECT_THAT(unused.lets, IsEmpty());
}

TEST(UnusedNamesTest, ARuleWithoutNamesHasNone) {
  const UnusedNames unused = UnusedOf("  when: \"true\"\n");
  EXPECT_THAT(unused.params, IsEmpty());
  EXPECT_THAT(unused.lets, IsEmpty());
}

}  // namespace
}  // namespace insightd::rules
