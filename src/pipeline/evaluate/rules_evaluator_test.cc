#include "pipeline/evaluate/rules_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "pipeline/settings.h"
#include "rules/testing/packs.h"

namespace insightd::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Rule(std::string_view name, std::string_view key, std::string_view rest) {
  return "- module: external.rules." + std::string(name) + "\n  key: " + std::string(key) +
         "\n  impact: Low Impact\n  likelihood: 1\n" + std::string(rest);
}

// A hit, a pass, a skip, an error, an info and a hit of the family of workloads.
std::string Rules() {
  return Rule("hits", "HITS",
              "  when: \"true\"\n  details: {n: \"size(nodes)\"}\n  tags: [etcd]\n") +
         Rule("passes", "PASSES", "  when: \"false\"\n") +
         Rule("skips", "SKIPS", "  needs: [doc]\n  when: \"true\"\n") +
         Rule("fails", "FAILS", "  when: \"1 / size(nodes.filter(n, false)) > 0\"\n") +
         Rule("informs", "INFORMS", "  kind: info\n  when: \"true\"\n") +
         "- module: external.dvo.workloads\n  key: W\n  impact: Low Impact\n  likelihood: 1\n"
         "  when: \"true\"\n";
}

Evaluated Evaluate(metrics::Registry& registry, bool list_passes = false, bool evidence = false) {
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  const auto pack = rules::testing::Good(rules::testing::Files(Rules()));
  const MakeEvaluator make =
      MakeRulesEvaluators({.packs = std::make_shared<rules::CurrentPack>(pack),
                           .limits = {},
                           .list_passes = list_passes,
                           .evidence = evidence,
                           .build = "insightd-1"},
                          SystemClock(), registry);
  const std::unique_ptr<Evaluator> evaluator = make();
  EXPECT_TRUE(evaluator->Wants("config/node/a.json"));
  EXPECT_FALSE(evaluator->Wants("config/other.json"));
  Result<Evaluated> evaluated =
      evaluator->Evaluate(rules::testing::Tree({{"config/node/a.json", "{}"}}));
  EXPECT_TRUE(evaluated);
  return *std::move(evaluated);
}

TEST(RulesEvaluatorTest, PutsEachOutcomeWhereReadersLookForIt) {
  metrics::Registry registry;
  const Evaluated evaluated = Evaluate(registry);
  const results::Report& report = evaluated.report;
  ASSERT_EQ(report.hits.size(), 1u);
  EXPECT_EQ(report.hits[0].component, "test_rules.external.rules.hits.report");
  EXPECT_EQ(report.hits[0].id, "hits|HITS");
  EXPECT_EQ(report.hits[0].details, R"({"n":1})");
  EXPECT_THAT(report.hits[0].tags, ElementsAre("etcd"));
  ASSERT_EQ(report.infos.size(), 1u);
  EXPECT_EQ(report.infos[0].id, "informs|INFORMS");
  ASSERT_EQ(report.skips.size(), 2u);
  EXPECT_EQ(report.skips[0].reason, results::kReasonMissing);
  EXPECT_EQ(report.skips[0].details, "All: ['doc'] Any: ");
  EXPECT_EQ(report.skips[1].reason, results::kReasonRuleError);
  EXPECT_NE(report.skips[1].details, "");
  EXPECT_EQ(evaluated.passes, 1);
  EXPECT_TRUE(report.passes.empty());
}

TEST(RulesEvaluatorTest, HitsOnWorkloadsHaveAPlaceOfTheirOwnWhereThereIsData) {
  metrics::Registry registry;
  EXPECT_FALSE(Evaluate(registry).report.workloads) << "the archive has no such data";

  log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  const MakeEvaluator make =
      MakeRulesEvaluators({.packs = std::make_shared<rules::CurrentPack>(
                               rules::testing::Good(rules::testing::Files(Rules()))),
                           .limits = {},
                           .build = "insightd-1"},
                          SystemClock(), registry);
  const auto evaluated = make()->Evaluate(
      rules::testing::Tree({{"config/node/a.json", "{}"}, {"config/dvo_metrics", ""}}));
  ASSERT_TRUE(evaluated);
  ASSERT_TRUE(evaluated->report.workloads);
  ASSERT_EQ(evaluated->report.workloads->size(), 1u);
  EXPECT_EQ(evaluated->report.workloads->front().key, "W");
  EXPECT_EQ(evaluated->report.hits.size(), 1u) << "not here";
}

TEST(RulesEvaluatorTest, ListsPassesWhereItIsAskedFor) {
  metrics::Registry registry;
  const Evaluated evaluated = Evaluate(registry, true);
  ASSERT_EQ(evaluated.report.passes.size(), 1u);
  EXPECT_EQ(evaluated.report.passes[0].id, "passes|PASSES");
}

TEST(RulesEvaluatorTest, HitsCarryEvidenceWhereItIsAskedFor) {
  metrics::Registry registry;
  EXPECT_EQ(Evaluate(registry).report.hits[0].evidence, "");
  EXPECT_THAT(Evaluate(registry, false, true).report.hits[0].evidence, HasSubstr("\"files\""));
}

TEST(RulesEvaluatorTest, EvidenceIsForOurOwnBusUnlessSettingsSayOtherwise) {
  Settings settings;
  EXPECT_TRUE(settings.WithEvidence(/*bus_is_ours=*/true));
  EXPECT_FALSE(settings.WithEvidence(/*bus_is_ours=*/false));
  settings.evidence = "always";
  EXPECT_TRUE(settings.WithEvidence(/*bus_is_ours=*/false));
  settings.evidence = "never";
  EXPECT_FALSE(settings.WithEvidence(/*bus_is_ours=*/true));
}

TEST(RulesEvaluatorTest, NamesEngineAndPack) {
  metrics::Registry registry;
  const results::Report report = Evaluate(registry).report;
  ASSERT_EQ(report.plugin_sets.size(), 3u);
  EXPECT_EQ(report.plugin_sets[0].version, "insightd-1");
  EXPECT_EQ(report.plugin_sets[2].name, "test_rules");
  EXPECT_EQ(report.plugin_sets[2].version, "test-1.0.0");
}

TEST(RulesEvaluatorTest, NamesEachOfSeveralPacks) {
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  const rules::PackFiles local{"local",
                               {{"pack.yaml",
                                 "name: local\nversion: 2\nextends: test\noverrides:\n"
                                 "  - {rule: HITS, enabled: false}\n"}}};
  const auto packs = rules::LoadPacks({rules::testing::Files(Rules()), local});
  ASSERT_TRUE(packs) << packs.error().ToText();
  metrics::Registry registry;
  const MakeEvaluator make =
      MakeRulesEvaluators({.packs = std::make_shared<rules::CurrentPack>(*packs),
                           .limits = {},
                           .list_passes = false,
                           .build = "insightd-1"},
                          SystemClock(), registry);
  const results::Report report =
      make()->Evaluate(rules::testing::Tree({{"config/node/a.json", "{}"}}))->report;
  ASSERT_EQ(report.plugin_sets.size(), 4u);
  EXPECT_EQ(report.plugin_sets[2].name, "test_rules");
  EXPECT_EQ(report.plugin_sets[3].name, "local");
  EXPECT_EQ(report.plugin_sets[3].version, "local-2");
  EXPECT_TRUE(report.hits.empty()) << "it was switched off";
}

TEST(RulesEvaluatorTest, TheNextArchiveIsJudgedByThePacksThatAreInForceThen) {
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
  const auto current = std::make_shared<rules::CurrentPack>(
      rules::testing::Good(rules::testing::Files(Rule("old", "OLD", "  when: \"true\"\n"))));
  metrics::Registry registry;
  const MakeEvaluator make =
      MakeRulesEvaluators({.packs = current, .limits = {}, .build = "x"}, SystemClock(), registry);
  const std::unique_ptr<Evaluator> evaluator = make();
  const auto judged = [&evaluator] {
    return evaluator->Evaluate(rules::testing::Tree({{"config/node/a.json", "{}"}}))
        ->report.hits.front()
        .key;
  };
  evaluator->Begin();
  current->Set(
      rules::testing::Good(rules::testing::Files(Rule("new", "NEW", "  when: \"true\"\n"))));
  EXPECT_EQ(judged(), "OLD") << "it had begun before";
  evaluator->Begin();
  EXPECT_EQ(judged(), "NEW");
}

TEST(RulesEvaluatorTest, CountsOutcomesAndFailedRules) {
  metrics::Registry registry;
  Evaluate(registry);
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("insightd_rule_outcomes_total{outcome=\"hit\"} 3"));
  EXPECT_THAT(text, HasSubstr("key=\"FAILS\""));
}

}  // namespace
}  // namespace insightd::pipeline
