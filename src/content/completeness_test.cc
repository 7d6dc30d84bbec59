#include "content/completeness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "rules/testing/packs.h"

namespace insightd::content {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A rule that lacks nothing, but for what stands for TEXT in the second line of its reason.
constexpr std::string_view kRule = R"yaml(
  needs: [doc]
  when: "doc.n > 1"
  details: {count: "int(doc.n)", names: ["'a'", "'b'"]}
  tags: [performance]
  status: active
  publish_date: "2026-09-01 00:00:00"
  resolution_risk: Restart
  content:
    description: There are several
    generic: One is enough.
    reason: |
      First line.
      TEXT
    resolution: |
      1. Take one away.
  tests:
    - {name: two, files: {config/doc.json: {n: 2}}, expect: hit, details: {count: 2}}
    - {name: one, files: {config/doc.json: {n: 1}}, expect: pass}
    - {name: none, files: {config/id: x}, expect: skip}
)yaml";

struct Loaded {
  rules::PackFiles files;
  rules::PackPointer pack;
};

Loaded Load(const std::string& text) {
  std::string rule(kRule.substr(1));
  rule.replace(rule.find("TEXT"), 4, text);
  Loaded loaded;
  loaded.files = rules::testing::Files(rules::testing::RuleText(rule));
  loaded.pack = rules::testing::Good(loaded.files);
  return loaded;
}

std::vector<std::string> Messages(const std::vector<Lack>& lacks) {
  std::vector<std::string> messages;
  for (const Lack& lack : lacks) {
    messages.push_back(std::to_string(lack.place.line) + ": " + lack.message);
  }
  return messages;
}

std::vector<std::string> LacksOf(const std::string& text) {
  const Loaded loaded = Load(text);
  return Messages(FindLacks(*loaded.pack, rules::RunRuleTests(loaded.pack, {loaded.files})));
}

TEST(CompletenessTest, ACompleteRuleLacksNothing) {
  EXPECT_THAT(LacksOf("{{=pydata.count}} nodes: {{~ pydata.names :n }}`{{=n}}` {{~}}"), IsEmpty());
}

TEST(CompletenessTest, WhatShowsNothingIsFoundWithItsLineAndTest) {
  EXPECT_THAT(LacksOf("{{=pydata.cuont}}"),
              ElementsAre("17: text `reason`, line 2: {{=pydata.cuont}}: shows `undefined` "
                          "(details of the test \"two\")"));
  EXPECT_THAT(LacksOf("{{=pydata}} {{=pydata.names * 2}} {{=null}}"),
              AllOf(Contains(HasSubstr("shows `[object Object]`")),
                    Contains(HasSubstr("shows `NaN`")), Contains(HasSubstr("shows `null`"))));
}

TEST(CompletenessTest, ATextThatDoesNotRenderIsFound) {
  EXPECT_THAT(LacksOf("{{=pydata.a.b}}"),
              ElementsAre("17: text `reason`, line 2: {{=pydata.a.b}}: cannot read \"b\" of "
                          "undefined (details of the test \"two\")"));
}

TEST(CompletenessTest, ALoopOrConditionOverWhatNoHitHasIsFound) {
  EXPECT_THAT(LacksOf("a {{~ pydata.nams :n }}{{=n}}{{~}}"),
              ElementsAre("17: text `reason`, line 2: {{~ pydata.nams :n }}: no hit of the rule's "
                          "tests has \"nams\" in its details; did you mean \"names\"?"));
  EXPECT_THAT(LacksOf("a {{?pydata.count && pydata['nams']}}b{{??pydata.zzz}}c{{?}}"),
              ElementsAre(HasSubstr("{{?pydata.count && pydata['nams']}}: no hit of"),
                          HasSubstr("{{??pydata.zzz}}: no hit of")));
  EXPECT_THAT(
      LacksOf("a {{=pydata.cuont ? 'b' : 'c'}}{{ var x = pydata.nams; }}"),
      ElementsAre(HasSubstr("did you mean \"count\"?"), HasSubstr("did you mean \"names\"?")));
}

TEST(CompletenessTest, AMemberThatOneHitHasMayLackInOthers) {
  EXPECT_THAT(LacksOf("a {{?pydata.count > 5}}{{~pydata.names :n}}{{?n.size}}b{{?}}{{~}}{{?}}"),
              IsEmpty());
}

TEST(CompletenessTest, ATextThatDoesNotParseIsFoundWithoutAHit) {
  const Loaded loaded = Load("{{=pydata.}}");
  const std::string expected =
      "17: text `reason`, line 2: {{=pydata.}}: expected a name before the end of the tag";
  EXPECT_THAT(Messages(FindTemplateMistakes(*loaded.pack)), ElementsAre(expected));
  EXPECT_THAT(Messages(FindLacks(*loaded.pack, {})), ElementsAre(expected));
}

TEST(CompletenessTest, BracesThatAreNoTagsAreFound) {
  EXPECT_THAT(LacksOf("{{=pydata.count} nodes"), Contains(HasSubstr("braces that are no tag")));
  EXPECT_THAT(LacksOf("`oc patch -p '{\"spec\":{\"a\":{}}}'`"), IsEmpty());
}

TEST(CompletenessTest, UnusedNamesAreFoundWhereTheyStand) {
  std::string rule(kRule.substr(1));
  rule.replace(0, 0, "  params: {\n    limit: 1}\n  let: {bad: \"doc.n\"}\n");
  const rules::PackFiles files = rules::testing::Files(rules::testing::RuleText(rule));
  const rules::PackPointer pack = rules::testing::Good(files);
  EXPECT_THAT(Messages(FindLacks(*pack, rules::RunRuleTests(pack, {files}))),
              ElementsAre("6: param `limit` is not used; use it or take it out",
                          "7: let `bad` is not used; use it or take it out"));
}

TEST(CompletenessTest, PlaceholdersAreFound) {
  EXPECT_THAT(LacksOf("TODO"), ElementsAre(HasSubstr("holds the placeholder \"TODO\"")));
}

}  // namespace
}  // namespace insightd::content
