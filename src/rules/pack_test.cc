#include "rules/pack.h"

#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using testing::Files;
using testing::Good;
using testing::Mistakes;
using testing::RuleText;

TEST(LoadPackTest, ReadsEveryFieldOfARule) {
  const PackPointer pack = Good(Files(R"yaml(
- module: external.rules.first
  key: FIRST_KEY
  kind: info
  title: A title
  needs: [version, "nodes | logs"]
  params: {days: 30, names: [a, b], deep: {x: 1.5}}
  let:
    bad: "nodes.filter(n, get(n, 'a', 0) > days)"
  when: "size(bad) > 0"
  details:
    count: "size(bad)"
    fixed: 5
    tree: {list: ["days", true], none: ~}
  tags: [etcd, security]
  impact: High Impact
  likelihood: 4
  versions: ">=4.14 <4.18"
  absence: true
  status: inactive
  publish_date: "2026-09-01 00:00:00"
  resolution_risk: Restart
  node_id: 7005
  content:
    generic: What it is about.
    reason: |
      {{=pydata.count}} nodes
  tests:
    - name: one
      now: 2026-01-01T00:00:00Z
      files: {a/b.json: {x: [1, y]}, a/c: text, a/d: 12}
      expect: hit
      details: {count: 1}
    - name: made
      generate: {seed: a, nodes: 6}
      expect: skip
)yaml"));
  ASSERT_NE(pack, nullptr);
  ASSERT_EQ(pack->rules.size(), 1u);
  const Rule& rule = pack->rules[0];
  EXPECT_EQ(rule.component, "test_rules.external.rules.first.report");
  EXPECT_EQ(rule.Id(), "first|FIRST_KEY");
  EXPECT_EQ(rule.kind, RuleKind::kInfo);
  EXPECT_EQ(rule.Family(), "external");
  ASSERT_EQ(rule.needs.size(), 2u);
  EXPECT_EQ(rule.needs[1].size(), 2u);
  EXPECT_EQ(rule.params.root()["days"].AsInt(), 30);
  EXPECT_EQ(rule.lets.size(), 1u);
  EXPECT_EQ(rule.details.names, (std::vector<std::string>{"count", "fixed", "tree"}));
  EXPECT_EQ(rule.impact, 3);
  EXPECT_EQ(rule.total_risk(), 3);
  EXPECT_EQ(rule.resolution_risk, 2);
  EXPECT_TRUE(rule.absence);
  EXPECT_TRUE(rule.versions->Contains(ParseVersion("4.15").value()));
  EXPECT_EQ(rule.node_id, "7005");
  EXPECT_EQ(rule.texts->generic, "What it is about.");
  ASSERT_EQ(rule.tests.size(), 2u);
  EXPECT_EQ(rule.tests[0].files[0].second, "{\"x\":[1,\"y\"]}");
  EXPECT_EQ(rule.tests[0].files[1].second, "text");
  EXPECT_EQ(rule.tests[0].files[2].second, "12");
  EXPECT_EQ(rule.tests[0].now_s, 1'767'225'600);
  EXPECT_EQ(rule.tests[1].now_s, testing::kNow);
  EXPECT_EQ(rule.tests[1].generate, "{\"seed\":\"a\",\"nodes\":6}");
}

TEST(LoadPackTest, AnUnknownFieldIsRefusedWithTheNearestName) {
  EXPECT_EQ(Mistakes(Files(RuleText("  whem: \"true\"\n  when: \"true\"\n"))),
            "rules.yaml:5:3: a rule has no field \"whem\"; did you mean \"when\"?\n"
            "      whem: \"true\"\n"
            "      ^");
}

TEST(LoadPackTest, AMistakeInAnExpressionIsPlacedInTheFile) {
  const std::string mistakes =
      Mistakes(Files(RuleText("  when: >-\n"
                              "    size(nodes) > 0 &&\n"
                              "    size(nodez) > 1\n")));
  EXPECT_EQ(mistakes.substr(0, mistakes.find(':', 13)), "rules.yaml:7:10") << mistakes;
  EXPECT_NE(mistakes.find("did you mean \"nodes\"?"), std::string::npos) << mistakes;
  EXPECT_NE(mistakes.find("\n        size(nodez) > 1\n             ^"), std::string::npos)
      << mistakes;
}

TEST(LoadPackTest, EveryMistakeIsReportedInOneRun) {
  const std::string mistakes =
      Mistakes(Files(RuleText("  needs: [node]\n"
                              "  let: {a: \"size(nodes) + 'x'\", nodes: \"1\"}\n"
                              "  when: \"size(nodes)\"\n"
                              "  impact: Lov Impact\n"
                              "  likelihood: 5\n"
                              "  versions: \">=4.x\"\n"
                              "  status: maybe\n"
                              "  tests: [{name: a, files: {}, expect: hits}]\n")));
  for (const std::string_view expected :
       {"rules.yaml:5:11: needs: there is no input \"node\"; did you mean \"nodes\"?",
        "rules.yaml:6:", "let \"nodes\" would hide the input of that name",
        "rules.yaml:7:", "key \"impact\" twice; first in line 3, column 3",
        "key \"likelihood\" twice; first in line 4, column 3", "\"4.x\" is no version",
        "status \"maybe\"", "expect \"hits\" has to be hit, pass, skip or error"}) {
    EXPECT_NE(mistakes.find(expected), std::string::npos) << expected << "\n---\n" << mistakes;
  }
}

TEST(LoadPackTest, ALikelihoodIsANumberFrom1To4) {
  EXPECT_NE(Mistakes(Files("- {module: a.b, key: K, when: \"true\", impact: Low Impact, "
                           "likelihood: 5}\n"))
                .find("\"likelihood\" has to be a whole number from 1 to 4"),
            std::string::npos);
}

TEST(LoadPackTest, AnImpactThatIsNotInTheTableIsRefused) {
  const std::string mistakes = Mistakes(
      Files("- {module: a.b, key: K, when: \"true\", impact: Hig Impact, likelihood: 1}\n"));
  EXPECT_NE(mistakes.find("impact \"Hig Impact\" is not in the table of pack.yaml; did you mean "
                          "\"High Impact\"?"),
            std::string::npos)
      << mistakes;
}

TEST(LoadPackTest, AnEntryOfLetSeesThoseAboveItOnly) {
  EXPECT_EQ(Mistakes(Files(RuleText("  let: {a: \"1\", b: \"a + 1\"}\n  when: \"b > a\"\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText("  let: {b: \"a + 1\", a: \"1\"}\n  when: \"b > a\"\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText("  let: {a: \"a + 1\"}\n  when: \"a > 1\"\n"))), "");
}

TEST(LoadPackTest, ANameMayNotHideAnother) {
  for (const std::string_view bad : {"now", "ocp", "masters", "version", "p"}) {
    EXPECT_NE(Mistakes(Files(RuleText("  params: {p: 1}\n  let: {" + std::string(bad) +
                                      ": \"1\"}\n  when: \"true\"\n"))),
              "")
        << bad;
  }
  EXPECT_NE(Mistakes(Files(RuleText("  let: {in: \"1\"}\n  when: \"true\"\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText("  let: {1a: \"1\"}\n  when: \"true\"\n"))), "");
}

TEST(LoadPackTest, ModuleAndKeyAreUniqueTogetherAndWellFormed) {
  const std::string one = RuleText("  when: \"true\"\n");
  EXPECT_EQ(Mistakes(Files(one + RuleText("  when: \"true\"\n", "OTHER"))), "");
  EXPECT_NE(Mistakes(Files(one + one)).find("external.rules.a|KEY twice; first in rules.yaml:1"),
            std::string::npos);
  EXPECT_NE(Mistakes(Files(RuleText("  when: \"true\"\n", "lower"))), "");
  EXPECT_NE(Mistakes(Files("- {module: a..b, key: K, when: \"true\", impact: Low Impact, "
                           "likelihood: 1}\n")),
            "");
}

TEST(LoadPackTest, LiteralsAreCheckedWhenLoading) {
  EXPECT_NE(Mistakes(Files(RuleText("  when: \"'a'.matches('(')\"\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText("  when: \"size(grep(logs, '(')) > 0\"\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText("  when: \"semver_match(ocp.current, '>=4.x')\"\n"))), "");
}

TEST(LoadPackTest, ParamsHaveTheTypeOfTheirValue) {
  const auto with = [](std::string_view when) {
    return Mistakes(
        Files(RuleText("  params: {n: 1, f: 1.5, s: [a], m: {a: 1}, x: [1, a]}\n"
                       "  when: \"" +
                       std::string(when) + "\"\n")));
  };
  EXPECT_EQ(with("n + 1 > 0 && f > 0.5 && 'a' in s && m.a == 1 && x[0] == 1"), "");
  EXPECT_NE(with("n + 'x' == ''"), "");
  EXPECT_NE(with("n + 1.0 > f"), "");
  EXPECT_NE(with("s[0] + 1 == 2"), "");
}

TEST(LoadPackTest, TextsNeedGenericAndReasonAndNoTemplateInGeneric) {
  EXPECT_NE(Mistakes(Files(RuleText("  when: \"true\"\n  content: {generic: a}\n"))), "");
  EXPECT_NE(Mistakes(Files(RuleText(
                "  when: \"true\"\n  content: {generic: 'a {{=pydata.x}}', reason: b}\n"))),
            "");
}

TEST(LoadPackTest, InputsAreChecked) {
  const auto with = [](std::string inputs) {
    return Mistakes(Files(RuleText("  when: \"true\"\n"), std::move(inputs), "g: \"1\"\n"));
  };
  EXPECT_EQ(with("a: {path: x}\n"), "");
  EXPECT_NE(with("a: {path: /x}\n"), "");
  EXPECT_NE(with("a: {path: x, as: jsn}\n").find("did you mean \"json\"?"), std::string::npos);
  EXPECT_NE(with("a: {pth: x}\n"), "");
  EXPECT_NE(with("a: {path: x, as: metrics, many: true}\n"), "");
  EXPECT_NE(with("a-b: {path: x}\n"), "");
  EXPECT_NE(with("a: x\n"), "");
}

TEST(LoadPackTest, FilesOfAFolderAreNamedAsTheyCanBeOpened) {
  PackFiles files = Files(RuleText("  when: \"tru\"\n"));
  files.folder = "some/pack/";
  EXPECT_NE(Mistakes(files).find("some/pack/rules.yaml:5:10: "), std::string::npos)
      << Mistakes(files);
}

TEST(LoadPackTest, APackWithoutInputsIsToldThatAlone) {
  PackFiles files = Files(RuleText("  needs: [nodes]\n  when: \"size(nodes) > 0\"\n"));
  files.files[2].text = "name: a\nversion: 1.0.0\ncomponent: a\nrules: rules.yaml\n";
  const std::string mistakes = Mistakes(files);
  EXPECT_NE(mistakes.find("write `extends: base`"), std::string::npos) << mistakes;
  EXPECT_EQ(mistakes.find("nodes"), std::string::npos) << mistakes;
}

TEST(LoadPackTest, FilesThatAreMissingOrNoYamlAreNamed) {
  PackFiles files = Files(RuleText("  when: \"true\"\n"));
  files.files[2].text += "gathering: gather.yaml\n";
  EXPECT_NE(Mistakes(files).find("gather.yaml: no such file in the pack"), std::string::npos);
  EXPECT_NE(Mistakes(PackFiles{"here", {}}).find("here/pack.yaml: no such file"),
            std::string::npos);
  EXPECT_NE(Mistakes(Files("- [\n")).find("rules.yaml:"), std::string::npos);
  files = Files("");
  files.files[2].text =
      "name: a\nversion: 1\ncomponent: a.b\ninputs: inputs.yaml\nrules: r/*.yaml\n";
  const std::string mistakes = Mistakes(files);
  EXPECT_NE(mistakes.find("component \"a.b\""), std::string::npos) << mistakes;
  EXPECT_NE(mistakes.find("no file of the pack is \"r/*.yaml\""), std::string::npos) << mistakes;
}

TEST(LoadPackTest, FilesOfRulesComeInTheOrderOfPatternsThenPaths) {
  PackFiles files = Files(RuleText("  when: \"true\"\n", "LAST"));
  files.files.push_back({"rules/b.yaml", RuleText("  when: \"true\"\n", "B")});
  files.files.push_back({"rules/x/a.yaml", RuleText("  when: \"true\"\n", "XA")});
  files.files.push_back({"rules/z.yaml", RuleText("  when: \"true\"\n", "Z")});
  std::string& text = files.files[2].text;
  text.replace(text.find("rules: rules.yaml"), 17,
               "rules: [rules/z.yaml, \"rules/**/*.yaml\", rules.yaml]");
  const PackPointer pack = Good(files);
  ASSERT_NE(pack, nullptr);
  std::vector<std::string> keys;
  for (const Rule& rule : pack->rules) keys.push_back(rule.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"Z", "B", "XA", "LAST"}));
}

TEST(PackTest, WantsWhatInputsNameAlsoBelowALeadingFolder) {
  const PackPointer pack = Good(Files(RuleText("  when: \"true\"\n")));
  EXPECT_TRUE(pack->Wants("config/node/a.json"));
  EXPECT_TRUE(pack->Wants("top/config/node/a.json"));
  EXPECT_TRUE(pack->Wants("config/id"));
  EXPECT_TRUE(pack->Wants("insights-operator/gathers.json"));
  EXPECT_FALSE(pack->Wants("config/other.json"));
  EXPECT_FALSE(pack->Wants("a/b/config/node/a.json"));
}

TEST(PackTest, AMistakeSaysWhatItsAuthorMayHaveMeant) {
  const auto pack = LoadPack(testing::Files(testing::RuleText(
      "  let:\n    first: \"size(second) > 0\"\n    second: \"[1]\"\n"
      "    third: \"true and true\"\n"
      "  when: \"first\"\n  details: {text: a fixed text}\n  resolution_risk: Nothing\n")));
  ASSERT_FALSE(pack);
  const std::string mistakes = pack.error().ToText();
  for (const std::string_view expected :
       {"unknown name 'second'; it stands further down, and an entry of let sees those above it",
        "unexpected 'and' behind the expression; and is written &&",
        "; a fixed text has quotes of its own: \"'text'\"",
        "resolution_risk \"Nothing\" is not in the table of pack.yaml; there are Restart (2), …"}) {
    EXPECT_NE(mistakes.find(expected), std::string::npos) << expected << "\n---\n" << mistakes;
  }
}

}  // namespace
}  // namespace insightd::rules
