#include "rules/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/judge.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Explanation Explained(std::string_view rest, archive::FileTree tree) {
  const auto pack = LoadPack(testing::Files(testing::RuleText(rest)));
  EXPECT_TRUE(pack) << pack.error().ToText();
  Judge judge(*pack);
  return judge.Explain((*pack)->rules.front(), tree);
}

constexpr std::string_view kBadNodes = R"yaml(  needs: [nodes]
  let:
    bad: "nodes.filter(n, get(n, 'spec.bad', false))"
    unused: "size(nodes)"
  when: "size(bad) > 0 && get(doc, 'on', false)"
  details: {names: "bad.map(n, get(n, 'metadata.name', ''))"}
)yaml";

TEST(ExplainTest, AHitTellsEachNameWithItsValueAndWhereThatCameFrom) {
  const Explanation explanation = Explained(
      kBadNodes,
      testing::Tree({{"config/node/a.json", R"({"spec":{"bad":false}})"},
                     {"config/node/b.json", R"({"metadata":{"name":"b"},"spec":{"bad":true}})"},
                     {"config/doc.json", R"({"on":true})"}}));
  EXPECT_EQ(explanation.outcome.kind, OutcomeKind::kHit);
  ASSERT_EQ(explanation.names.size(), 1U);
  EXPECT_EQ(explanation.names[0].label, "let bad");
  EXPECT_THAT(explanation.names[0].value, HasSubstr("a list of 1"));
  ASSERT_EQ(explanation.names[0].files.size(), 1U);
  EXPECT_EQ(explanation.names[0].files[0].path, "config/node/b.json");
  EXPECT_EQ(explanation.names[0].files[0].places[0].at, "spec.bad");
  EXPECT_EQ(explanation.when.value, "true");
  ASSERT_EQ(explanation.when.files.size(), 1U);
  EXPECT_EQ(explanation.when.files[0].path, "config/doc.json");
  EXPECT_THAT(explanation.unused, ElementsAre("let unused"));
  ASSERT_EQ(explanation.details.size(), 1U);
  EXPECT_EQ(explanation.details[0].value, "a list of 1: ['b']");
}

TEST(ExplainTest, APassTellsThePartsOfItsCondition) {
  const Explanation explanation =
      Explained(kBadNodes, testing::Tree({{"config/node/b.json", R"({"spec":{"bad":true}})"},
                                          {"config/doc.json", R"({"on":false})"}}));
  EXPECT_EQ(explanation.outcome.kind, OutcomeKind::kPass);
  std::string parts;
  for (const ExplainedPart& part : explanation.when.parts) {
    parts += part.text + " -> " + part.value + "\n";
  }
  EXPECT_THAT(parts, HasSubstr("size(bad) > 0 -> true\n"));
  EXPECT_THAT(parts, HasSubstr("get(doc, 'on', false) -> false\n"));
  EXPECT_THAT(explanation.details, IsEmpty());
}

TEST(ExplainTest, ASkipTellsTheInputThatIsMissing) {
  const Explanation explanation =
      Explained(kBadNodes, testing::Tree({{"config/doc.json", R"({"on":true})"}}));
  EXPECT_EQ(explanation.outcome.kind, OutcomeKind::kSkip);
  ASSERT_EQ(explanation.inputs.size(), 2U);
  EXPECT_EQ(explanation.inputs[0].name, "nodes");
  EXPECT_TRUE(explanation.inputs[0].is_needed);
  EXPECT_EQ(explanation.inputs[0].files_total, 0U);
  EXPECT_THAT(explanation.names, IsEmpty());
}

TEST(ExplainTest, AFailureTellsWhichNameFailed) {
  const Explanation explanation = Explained("  let: {n: \"doc.a.b + 1\"}\n  when: \"n > 2\"\n",
                                            testing::Tree({{"config/doc.json", R"({"a":{}})"}}));
  EXPECT_EQ(explanation.outcome.kind, OutcomeKind::kError);
  ASSERT_EQ(explanation.names.size(), 1U);
  EXPECT_TRUE(explanation.names[0].is_error);
  EXPECT_TRUE(explanation.when.is_error);
}

TEST(MeasureTest, EachRuleHasItsTimeAndSteps) {
  const auto pack = LoadPack(testing::Files(testing::RuleText("  when: \"size(nodes) > 0\"\n") +
                                            testing::RuleText("  when: \"false\"\n", "OTHER")));
  ASSERT_TRUE(pack);
  archive::FileTree tree = testing::Tree({{"config/node/a.json", "{}"}});
  const ArchiveCost cost = Judge(*pack).Measure(tree, 3);
  ASSERT_EQ(cost.rules.size(), 2U);
  EXPECT_EQ(cost.rules[0].kind, OutcomeKind::kHit);
  EXPECT_GT(cost.rules[0].steps, 0U);
  EXPECT_EQ(cost.rules[1].kind, OutcomeKind::kPass);
  EXPECT_GE(cost.rules_us, cost.rules[0].time_us);
}

}  // namespace
}  // namespace insightd::rules
