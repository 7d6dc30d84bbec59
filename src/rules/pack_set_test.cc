// Several packs that judge together, and what one changes of another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/judge.h"
#include "rules/pack.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using ::testing::ElementsAre;
using testing::Files;
using ::testing::HasSubstr;
using testing::RuleText;

constexpr std::string_view kSlow =
    "  params: {limit: 3, names: [a], share: 0.5}\n"
    "  when: \"size(masters) > limit\"\n  tests:\n"
    "    - {name: few, files: {config/node/a.json: {}}, expect: pass}\n";

// The pack "test" with its rule external.rules.a|SLOW.
PackFiles Below() { return Files(RuleText(kSlow, "SLOW")); }

// A pack "acme" whose pack.yaml goes on with `rest`.
PackFiles Acme(const std::string& rest, const std::string& rules = "",
               const std::string& inputs = "") {
  PackFiles files{"/srv/acme", {}};
  if (!inputs.empty()) files.files.push_back({"inputs.yaml", inputs});
  files.files.push_back(
      {"pack.yaml", "name: acme\nversion: 2.0.0\ncomponent: acme_rules\n" +
                        std::string(inputs.empty() ? "" : "inputs: inputs.yaml\n") +
                        (rules.empty() ? "" : "rules: rules.yaml\n") + rest});
  if (!rules.empty()) files.files.push_back({"rules.yaml", rules});
  return files;
}

std::string MistakesOf(const std::vector<PackFiles>& packs) {
  const auto loaded = LoadPacks(packs);
  return loaded ? "" : loaded.error().ToText();
}

PackPointer Load(const std::vector<PackFiles>& packs, const LoadOptions& options = {}) {
  const auto loaded = LoadPacks(packs, options);
  EXPECT_TRUE(loaded) << loaded.error().ToText();
  return loaded ? *loaded : nullptr;
}

PackPointer WithOverride(const std::string& change, const LoadOptions& options = {}) {
  return Load({Below(), Acme("extends: test\noverrides:\n  - {rule: SLOW, " + change + "}\n")},
              options);
}

std::string MistakeOfOverride(const std::string& override) {
  return MistakesOf({Below(), Acme("extends: test\noverrides:\n  - " + override + "\n")});
}

TEST(PackSetTest, APackSeesTheNamesOfThePackThatItExtends) {
  const PackPointer all =
      Load({Below(), Acme("extends: test\n",
                          RuleText("  needs: [nodes, own]\n"
                                   "  when: \"size(masters) > 0 && size(own) > 0\"\n"),
                          "own: {path: config/own.json}\n")});
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->Title(), "test-1.0.0+acme-2.0.0");
  ASSERT_EQ(all->rules.size(), 2u);
  EXPECT_EQ(all->rules[1].component, "acme_rules.external.rules.a.report");
  EXPECT_EQ(all->PackOf(all->rules[1]).name, "acme");
  Judge judge(all);
  archive::FileTree tree =
      testing::Tree({{"config/node/a.json", "{}"}, {"config/own.json", "{\"x\": 1}"}});
  const Report report = judge.Run(tree);
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kPass);
  EXPECT_EQ(report.outcomes[1].kind, OutcomeKind::kHit);
}

TEST(PackSetTest, APackThatExtendsNothingStandsAlone) {
  EXPECT_THAT(MistakesOf({Below(), Acme("", RuleText("  when: \"size(masters) > 0\"\n"),
                                        "own: {path: x}\n")}),
              HasSubstr("acme/rules.yaml:5:15: when: "));
  // What others name so is nothing to it.
  const PackPointer all = Load(
      {Below(), Acme("impacts: {Low Impact: 4}\n", RuleText("  when: \"nodes.x == 1\"\n", "OTHER"),
                     "nodes: {path: config/other.json}\n")});
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->rules[0].impact, 1);
  EXPECT_EQ(all->rules[1].impact, 4);
  Judge judge(all);
  archive::FileTree tree =
      testing::Tree({{"config/node/a.json", "{}"}, {"config/other.json", "{\"x\": 1}"}});
  EXPECT_EQ(judge.Run(tree).outcomes[1].kind, OutcomeKind::kHit);
}

TEST(PackSetTest, AnInputThatTwoPacksHaveAlikeIsOne) {
  const PackPointer one = Load({Below()});
  const PackPointer both = Load({Below(), Acme("impacts: {Low Impact: 1}\n",
                                               RuleText("  when: \"size(nodes) > 0\"\n", "OTHER"),
                                               "nodes: {path: config/node/*.json, many: true}\n")});
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(both->inputs.size(), one->inputs.size());
}

TEST(PackSetTest, TwoPacksMayReadAFileInTwoWays) {
  PackFiles below = Below();
  below.files[3].text = RuleText("  needs: [doc]\n  when: \"true\"\n", "JSON");
  const PackPointer both = Load({below, Acme("impacts: {Low Impact: 1}\n",
                                             RuleText("  needs: [doc]\n"
                                                      "  when: \"get(doc, 'a', 0) == 1\"\n",
                                                      "YAML"),
                                             "doc: {path: config/doc.json, as: yaml}\n")});
  ASSERT_NE(both, nullptr);
  archive::FileTree tree = testing::Tree({{"config/doc.json", "a: 1\n"}});
  const Report report = Judge(both).Run(tree);
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kSkip) << "it is no JSON";
  EXPECT_EQ(report.outcomes[1].kind, OutcomeKind::kHit);
}

TEST(PackSetTest, ANameWithAnotherMeaningIsAMistakeThatNamesBothPlaces) {
  const std::string mistakes =
      MistakesOf({Below(), Acme("extends: test\n", RuleText("  when: \"true\"\n", "B"),
                                "nodes: {path: elsewhere}\n")});
  EXPECT_THAT(mistakes, HasSubstr("acme/inputs.yaml:1:1: input \"nodes\" would hide the input of "
                                  "that name with another meaning in test/inputs.yaml:1"));
}

TEST(PackSetTest, RulesAndPacksAreThereOnce) {
  EXPECT_THAT(
      MistakesOf({Below(), Acme("extends: test\n", RuleText("  when: \"true\"\n", "SLOW"))}),
      HasSubstr("external.rules.a|SLOW twice; first in test/rules.yaml:1"));
  EXPECT_THAT(MistakesOf({Below(), Below()}), HasSubstr("pack \"test\" is there twice"));
  PackFiles acme = Acme("", RuleText("  when: \"true\"\n", "B"), "own: {path: x}\n");
  std::string& text = acme.files[1].text;
  text.replace(text.find("acme_rules"), 10, "test_rules");
  EXPECT_THAT(MistakesOf({Below(), acme}),
              HasSubstr("component \"test_rules\" is that of pack test"));
}

TEST(PackSetTest, NamesOfPacksArePlain) {
  PackFiles acme = Acme("", RuleText("  when: \"true\"\n", "B"), "own: {path: x}\n");
  std::string& text = acme.files[1].text;
  text.replace(text.find("acme\n"), 5, "../acme\n");
  EXPECT_THAT(MistakesOf({acme}), HasSubstr("name \"../acme\" has to be letters"));
}

TEST(PackSetTest, WhatIsExtendedComesBefore) {
  EXPECT_THAT(
      MistakesOf({Below(), Acme("extends: tset\n", RuleText("  when: \"true\"\n", "B"))}),
      HasSubstr(
          "no pack \"tset\" is loaded before this one; name it first; did you mean \"test\"?"));
  EXPECT_THAT(MistakesOf({Acme("extends: test\n", RuleText("  when: \"true\"\n", "B")), Below()}),
              HasSubstr("no pack \"test\" is loaded before"));
}

TEST(OverrideTest, ChangesParametersRiskAndWhetherARuleIsAsked) {
  const PackPointer all = WithOverride(
      "params: {limit: 0, names: []}, likelihood: 3, "
      "impact: High Impact, reason: because");
  ASSERT_NE(all, nullptr);
  const Rule& rule = all->rules[0];
  EXPECT_EQ(rule.total_risk(), 3);
  ASSERT_EQ(rule.overrides.size(), 1u);
  EXPECT_THAT(rule.overrides[0].changes,
              ElementsAre("limit 0 (was 3)", "names [] (was [\"a\"])",
                          "impact High Impact (was Low Impact)", "likelihood 3 (was 1)"));
  EXPECT_EQ(rule.overrides[0].reason, "because");
  EXPECT_EQ(all->packs[rule.overrides[0].pack].name, "acme");
  Judge judge(all);
  archive::FileTree tree = testing::Tree({{"config/node/a.json", "{}"}});
  EXPECT_EQ(judge.Run(tree).outcomes[0].kind, OutcomeKind::kHit);
}

TEST(OverrideTest, ARuleThatIsSwitchedOffIsInNoReport) {
  const PackPointer all = WithOverride("enabled: false");
  ASSERT_NE(all, nullptr);
  archive::FileTree tree = testing::Tree({{"config/node/a.json", "{}"}});
  EXPECT_TRUE(Judge(all).Run(tree).outcomes.empty());
}

TEST(OverrideTest, DoesNotCountForTheTestsOfRules) {
  const PackPointer all = WithOverride("params: {limit: 0}", {.apply_overrides = false});
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->rules[0].params.root()["limit"].AsInt(), 3);
  EXPECT_TRUE(all->rules[0].overrides.empty());
}

TEST(OverrideTest, APackMayBeNothingButOverrides) {
  PackFiles local{"local", {}};
  local.files = {{"overrides.yaml", "- {rule: external.rules.a|SLOW, enabled: false}\n"},
                 {"pack.yaml", "name: local\nversion: 7\nextends: test\n"}};
  const PackPointer all = Load({Below(), local});
  ASSERT_NE(all, nullptr);
  EXPECT_FALSE(all->rules[0].is_enabled);
  EXPECT_EQ(all->packs[1].component, "local");
}

TEST(OverrideTest, WhatDoesNotFitIsShownWhereItStands) {
  EXPECT_THAT(
      MistakeOfOverride("{rule: SLOWW, enabled: false}"),
      HasSubstr("acme/pack.yaml:6:12: there is no rule \"SLOWW\" in what this pack extends; "
                "did you mean \"SLOW\"?"));
  EXPECT_THAT(
      MistakeOfOverride("{rule: SLOW, params: {limt: 4}}"),
      HasSubstr("acme/pack.yaml:6:27: rule external.rules.a|SLOW has no parameter \"limt\"; "
                "did you mean \"limit\"?"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, params: {limit: many}}"),
              HasSubstr("parameter \"limit\" of rule external.rules.a|SLOW is int; here it is "
                        "string"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, params: {share: 1}}"), HasSubstr("1.0"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, params: {names: [1]}}"), HasSubstr("list(string)"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, impact: High Impcat}"),
              HasSubstr("did you mean \"High Impact\"?"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, likelihood: 9}"), HasSubstr("6:"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW, likelyhood: 2}"),
              HasSubstr("did you mean \"likelihood\"?"));
  EXPECT_THAT(MistakeOfOverride("{rule: SLOW}"), HasSubstr("changes nothing"));
}

TEST(OverrideTest, ReachesTheRulesOfExtendedPacksAlone) {
  EXPECT_THAT(
      MistakesOf({Below(), Acme("overrides: [{rule: SLOW, enabled: false}]\n",
                                RuleText("  when: \"true\"\n", "B"), "own: {path: x}\n")}),
      HasSubstr("\"SLOW\" is a rule of pack test, which this pack does not extend; write `extends: "
                "test`"));
  EXPECT_THAT(MistakesOf({Below(), Acme("extends: test\noverrides: [{rule: B, enabled: false}]\n",
                                        RuleText("  when: \"true\"\n", "B"))}),
              HasSubstr("\"B\" is a rule of this pack; change it in acme/rules.yaml:1"));
}

TEST(OverrideTest, AKeyThatSeveralRulesHaveNamesNone) {
  PackFiles below = Below();
  below.files[3].text +=
      "- module: external.rules.b\n  key: SLOW\n  impact: Low Impact\n"
      "  likelihood: 1\n  when: \"true\"\n";
  EXPECT_THAT(
      MistakesOf({below, Acme("extends: test\noverrides: [{rule: SLOW, enabled: false}]\n")}),
      HasSubstr("\"SLOW\" is the key of 2 rules; name one of them: external.rules.a|SLOW, "
                "external.rules.b|SLOW"));
}

}  // namespace
}  // namespace insightd::rules
