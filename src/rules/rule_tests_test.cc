#include "rules/rule_tests.h"

#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using testing::Files;
using testing::Good;
using testing::RuleText;

std::vector<TestResult> Results(const PackFiles& files) {
  return RunRuleTests(Good(files), {files});
}

constexpr std::string_view kRule =
    "  needs: [doc]\n"
    "  when: \"doc.n > 1\"\n"
    "  details: {n: \"double(doc.n)\", at: \"now\"}\n"
    "  tests:\n";

std::vector<TestResult> ResultsOf(const std::string& tests) {
  return Results(Files(RuleText(std::string(kRule) + tests)));
}

TEST(RuleTestsTest, ATestThatHoldsPasses) {
  const auto results = ResultsOf(
      "    - {name: hit, files: {config/doc.json: {n: 2}}, expect: hit,\n"
      "       details: {at: \"2026-03-01T00:00:00Z\", n: 2}}\n"
      "    - {name: pass, files: {config/doc.json: {n: 1}}, expect: pass}\n"
      "    - {name: skip, files: {config/id: x}, expect: skip}\n"
      "    - {name: error, files: {config/doc.json: {}}, expect: error}\n");
  ASSERT_EQ(results.size(), 4u);
  for (const TestResult& result : results) {
    EXPECT_EQ(result.verdict, TestVerdict::kPassed) << result.test->name << result.message;
  }
}

TEST(RuleTestsTest, AFailureShowsWhatWasExpectedAndWhatWasFound) {
  const auto results = ResultsOf(
      "    - {name: a, files: {config/doc.json: {n: 1}}, expect: hit}\n"
      "    - {name: b, files: {config/doc.json: {n: 2}}, expect: hit, details: {n: 3}}\n"
      "    - {name: c, files: {config/id: x}, expect: pass}\n");
  EXPECT_EQ(results[0].verdict, TestVerdict::kFailed);
  EXPECT_EQ(results[0].message, "expected hit\nfound    pass");
  EXPECT_EQ(results[1].message,
            "expected {\"n\":3}\nfound    {\"n\":2.0,\"at\":\"2026-03-01T00:00:00Z\"}");
  EXPECT_EQ(
      results[2].message,
      "expected pass\nfound    skip: no file of the test is an input `doc` (config/doc.json)");
}

TEST(RuleTestsTest, AFailureBySkippingTellsWhichInputsAreMissingAndWhere) {
  const auto results = Results(
      Files(RuleText("  needs: [version, nodes | logs]\n  when: \"true\"\n  versions: '>=4.1'\n"
                     "  tests:\n"
                     "    - {name: a, files: {config/id: x}, expect: hit}\n"
                     "    - {name: b, files: {config/version: 'null', logs/a: x}, expect: hit}\n"
                     "    - {name: c, files: {config/version: '{}', logs/a: x}, expect: hit}\n")));
  EXPECT_EQ(results[0].message,
            "expected hit\nfound    skip: no file of the test is an input `version` "
            "(config/version.json, config/version); none is `nodes` (config/node/*.json) or `logs` "
            "(logs/**)");
  EXPECT_EQ(results[1].message,
            "expected hit\nfound    skip: no file of the test is an input `version` "
            "(config/version.json, config/version) that can be read: config/version does not "
            "parse, or is null");
  EXPECT_EQ(results[2].message,
            "expected hit\nfound    skip: the cluster's version is not known; the rule is for "
            ">=4.1");
}

TEST(RuleTestsTest, AGeneratedArchiveIsSkippedWithALine) {
  const auto results = ResultsOf("    - {name: a, generate: {seed: x}, expect: hit}\n");
  EXPECT_EQ(results[0].verdict, TestVerdict::kSkipped);
  EXPECT_FALSE(results[0].message.empty());
}

TEST(RuleTestsTest, AFolderOfThePackCanBeTheArchive) {
  PackFiles files =
      Files(RuleText(std::string(kRule) + "    - {name: a, archive: tests/one, expect: hit}\n"));
  files.files.push_back({"tests/one/config/doc.json", "{\"n\": 5}"});
  EXPECT_EQ(Results(files)[0].verdict, TestVerdict::kPassed) << Results(files)[0].message;
}

TEST(RuleTestsTest, JsonIsComparedByMeaning) {
  EXPECT_TRUE(SameJson("{\"a\":4,\"b\":[1.0]}", "{\"b\":[1],\"a\":4.0}"));
  EXPECT_FALSE(SameJson("{\"a\":4}", "{\"a\":\"4\"}"));
  EXPECT_FALSE(SameJson("[1,2]", "[2,1]"));
  EXPECT_FALSE(SameJson("{\"a\":null}", "{}"));
  EXPECT_FALSE(SameJson("{", "{"));
}

}  // namespace
}  // namespace insightd::rules
