#include "content/catalogue.h"

#include <gtest/gtest.h>

namespace insightd::content {
namespace {

rules::Rule MakeRule(std::string module, std::string key) {
  rules::Rule rule;
  rule.module = std::move(module);
  rule.key = std::move(key);
  rule.title = "A title";
  rule.impact = 2;
  rule.likelihood = 3;
  return rule;
}

std::shared_ptr<const Catalogue> Make(std::vector<rules::Rule> all) {
  rules::Pack pack;
  rules::PackInfo& info = pack.packs.emplace_back();
  info.name = "base";
  info.version = "1.2.3";
  info.component = "prefix";
  pack.rules = std::move(all);
  return Catalogue::FromPack(pack);
}

TEST(CatalogueTest, FindsARuleByComponentModuleAndSelector) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  const auto catalogue = Make(std::move(all));
  const RuleContent* found = catalogue->Find("prefix.external.rules.a.report", "KEY");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(catalogue->Find("prefix.external.rules.a", "KEY"), found);
  EXPECT_EQ(catalogue->FindSelector("prefix.external.rules.a|KEY"), found);
  EXPECT_EQ(found->Selector(), "prefix.external.rules.a|KEY");
  EXPECT_EQ(catalogue->version(), "base-1.2.3");
}

TEST(CatalogueTest, DoesNotKnowOtherRules) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  const auto catalogue = Make(std::move(all));
  EXPECT_EQ(catalogue->Find("external.rules.a", "KEY"), nullptr);
  EXPECT_EQ(catalogue->Find("prefix.external.rules.a", "OTHER"), nullptr);
  EXPECT_EQ(catalogue->FindSelector("prefix.external.rules.a"), nullptr);
}

TEST(CatalogueTest, ARuleWithoutTextsShowsItsTitle) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  const auto catalogue = Make(std::move(all));
  const RuleContent& content = catalogue->rules().front();
  EXPECT_EQ(content.description, "A title");
  EXPECT_FALSE(content.has_texts);
  EXPECT_EQ(content.total_risk, 2);
  EXPECT_EQ(content.publish_date, "0001-01-01T00:00:00Z");
}

TEST(CatalogueTest, TextsAndDatesAreTakenOver) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  rules::RuleTexts texts;
  texts.description = "Line";
  texts.reason = "r";
  all.back().texts = texts;
  all.back().publish_date = "2026-09-01 10:00:00";
  const auto catalogue = Make(std::move(all));
  const RuleContent& content = catalogue->rules().front();
  EXPECT_EQ(content.description, "Line");
  EXPECT_EQ(content.reason, "r");
  EXPECT_EQ(content.publish_date, "2026-09-01T10:00:00Z");
}

TEST(CatalogueTest, FillsTextsWithTheDetailsOfAHit) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  rules::RuleTexts texts;
  texts.description = "{{=pydata.n}} nodes of <{{=pydata.x}}>";
  texts.reason = "Node **{{=pydata.x}}**";
  texts.resolution = "`oc get node {{=pydata.x}}`";
  all.back().texts = texts;
  const auto catalogue = Make(std::move(all));
  const RenderedTexts rendered =
      catalogue->rules().front().templates.Render(std::string_view(R"({"n":2,"x":"a*b"})"));
  EXPECT_EQ(rendered.description.text, "2 nodes of <a*b>");
  EXPECT_EQ(rendered.reason.text, R"(Node **a\*b**)");
  EXPECT_EQ(rendered.resolution.text, "`oc get node a*b`");
  EXPECT_EQ(rendered.more_info.text, "");
  EXPECT_EQ(rendered.reason.error, "");
  EXPECT_EQ(catalogue->rules().front().reason, "Node **{{=pydata.x}}**");
}

TEST(CatalogueTest, ABrokenTemplateLeavesTheOthersAsTheyAre) {
  std::vector<rules::Rule> all;
  all.push_back(MakeRule("external.rules.a", "KEY"));
  rules::RuleTexts texts;
  texts.reason = "{{=pydata.}}";
  texts.resolution = "{{=pydata.a.b}}";
  texts.more_info = "{{=pydata.n}}";
  all.back().texts = texts;
  const auto catalogue = Make(std::move(all));
  const RenderedTexts rendered =
      catalogue->rules().front().templates.Render(std::string_view(R"({"n":2})"));
  EXPECT_EQ(rendered.reason.text, "{{=pydata.}}");
  EXPECT_EQ(rendered.reason.error,
            "prefix.external.rules.a|KEY reason, line 1: {{=pydata.}}: expected a name before the "
            "end of the tag");
  EXPECT_EQ(rendered.resolution.text, "{{=pydata.a.b}}");
  EXPECT_NE(rendered.resolution.error, "");
  EXPECT_EQ(rendered.more_info.text, "2");
}

TEST(CatalogueTest, TheFamilyDecidesWhoIsMeant) {
  EXPECT_TRUE(IsInternalModule("ccx_rules_ocp.internal.rules.a"));
  EXPECT_TRUE(IsInternalModule("internal.rules.a"));
  EXPECT_TRUE(IsInternalModule("ccx_rules_ocp.ocs.a"));
  EXPECT_FALSE(IsInternalModule("ccx_rules_ocp.external.rules.internal"));
  EXPECT_FALSE(IsInternalModule("a"));
}

}  // namespace
}  // namespace insightd::content
