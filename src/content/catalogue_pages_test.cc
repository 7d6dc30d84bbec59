#include "content/catalogue_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::content {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kTested = R"(  title: Pool paused
  needs: ["doc|nodes"]
  versions: ">=4.14"
  params: {limit: 1}
  let:
    bad: "[get(doc, 'name', '')]"
  when: "size(bad) >= limit"
  details: {names: bad}
  content:
    description: A pool is paused
    generic: About pools.
    reason: "{{~pydata.names :n}}- `{{=n}}` is paused{{~}}"
    resolution: Resume it.
  tests:
    - name: one of them
      files:
        config/doc.json: {name: worker}
        config/version.json: {status: {desired: {version: 4.18.1}}}
      expect: hit
    - name: none is there
      files: {config/id: x}
      expect: skip
)";

std::vector<CataloguePage> PagesOf(std::string_view rest) {
  const rules::PackFiles files = rules::testing::Files(rules::testing::RuleText(rest));
  const auto pack = rules::LoadPack(files);
  EXPECT_TRUE(pack) << pack.error().ToText();
  return CataloguePages(**pack, rules::RunRuleTests(*pack, {files}));
}

TEST(CataloguePagesTest, APageShowsTheTextsAsTheRulesOwnTestFillsThem) {
  const auto pages = PagesOf(kTested);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages[1].path, "KEY.md");
  EXPECT_THAT(pages[1].text, HasSubstr("# A pool is paused\n"));
  EXPECT_THAT(pages[1].text, HasSubstr("- `worker` is paused"));
  EXPECT_THAT(pages[1].text, HasSubstr("`doc` (`config/doc.json`) or `nodes`"));
  EXPECT_THAT(pages[1].text, HasSubstr("Only for versions `>=4.14`."));
  EXPECT_THAT(pages[1].text, HasSubstr("- param `limit`: `1`"));
  EXPECT_THAT(pages[1].text, HasSubstr("- hits: one of them\n- cannot tell: none is there\n"));
}

TEST(CataloguePagesTest, TheFirstPageListsAllRules) {
  const auto pages = PagesOf(kTested);
  EXPECT_EQ(pages[0].path, "README.md");
  EXPECT_THAT(pages[0].text, HasSubstr("| low | [KEY](KEY.md) | A pool is paused |"));
}

TEST(CataloguePagesTest, ARuleWithoutTextsAndTestsHasItsTitleAndCondition) {
  const auto pages = PagesOf("  title: Something\n  when: \"size(nodes) > 3\"\n");
  EXPECT_THAT(pages[1].text, HasSubstr("# Something\n"));
  EXPECT_THAT(pages[1].text, HasSubstr("size(nodes) > 3"));
  EXPECT_THAT(pages[1].text, Not(HasSubstr("## What to do")));
}

}  // namespace
}  // namespace insightd::content
