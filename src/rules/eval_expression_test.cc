#include "rules/eval_expression.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "archive/memory_tree.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

PackPointer SmallPack() {
  const auto pack = LoadPack(testing::Files(testing::RuleText("  when: \"true\"\n")));
  EXPECT_TRUE(pack) << pack.error().ToText();
  return *pack;
}

TEST(EvalExpression, GivesTheValueAsAnExpressionAndAsJson) {
  Judge judge(SmallPack());
  archive::FileTree tree = EmptyTree();
  const auto result = EvaluateExpression(judge, 0, "{'a': [1, 2.5], 'b': duration('90m')}", tree);
  EXPECT_EQ(result.text, "{'a': [1, 2.5], 'b': duration('5400s')}");
  EXPECT_EQ(result.json, R"({"a":[1,2.5],"b":"5400s"})");
  EXPECT_EQ(result.type, "map(string, dyn)");
  EXPECT_EQ(result.error + result.mistakes, "");
}

TEST(EvalExpression, SeesInputsAndGlobalsOfAnArchive) {
  Judge judge(SmallPack());
  archive::FileTree tree = testing::Tree({{"config/node/a.json", R"({"metadata":{"name":"a"}})"}});
  EXPECT_EQ(EvaluateExpression(judge, 0, "masters.map(n, n.metadata.name)", tree).text, "['a']");
}

TEST(EvalExpression, WithoutAnArchiveInputsAreEmptyAndTheTimeIsThatOfTests) {
  Judge judge(SmallPack());
  archive::FileTree tree = EmptyTree();
  EXPECT_EQ(EvaluateExpression(judge, 0, "[doc, nodes, now]", tree).text,
            "[null, [], timestamp('2026-03-01T00:00:00Z')]");
}

TEST(EvalExpression, ShowsEveryMistakeWithACaret) {
  Judge judge(SmallPack());
  archive::FileTree tree = EmptyTree();
  const auto result = EvaluateExpression(judge, 0, "size(nodess) > maxx", tree);
  EXPECT_NE(result.mistakes.find("did you mean 'nodes'?"), std::string::npos) << result.mistakes;
  EXPECT_NE(result.mistakes.find("1:16: unknown name 'maxx'"), std::string::npos);
  EXPECT_EQ(result.text, "");
}

TEST(EvalExpression, SaysWhereAnEvaluationFailed) {
  Judge judge(SmallPack());
  archive::FileTree tree = EmptyTree();
  EXPECT_EQ(EvaluateExpression(judge, 0, "1 + 1 / size(nodes)", tree).error,
            "1:7: division by zero");
}

TEST(EvalExpression, ListsFunctionsWithSignaturesAndMacrosWithout) {
  const std::vector<FunctionSignatures> list = ListFunctions(*SmallPack());
  const auto find = [&](std::string_view name) {
    return std::find_if(list.begin(), list.end(),
                        [&](const auto& one) { return one.name == name; });
  };
  ASSERT_NE(find("contains"), list.end());
  EXPECT_EQ(find("contains")->signatures.front(), "string.contains(string) -> bool");
  ASSERT_NE(find("get"), list.end());
  EXPECT_EQ(find("get")->signatures.back(), "get(dyn, dyn, dyn) -> dyn");
  ASSERT_NE(find("transformList"), list.end());
  EXPECT_TRUE(find("transformList")->signatures.empty());
  EXPECT_EQ(find("in"), list.end());
  EXPECT_EQ(find("+"), list.end());
}

}  // namespace
}  // namespace insightd::rules
