#include "fleet/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/source_text.h"

namespace insightd::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

const Time kNow = *ParseTime("2026-08-01T10:00:00Z");
const Time kInstalled = *ParseTime("2026-01-01T00:00:00Z");

class TemplateTest : public ::testing::Test {
 protected:
  TemplateTest() {
    facts_["version"] = "4.18.3";
    facts_["pods"] = std::int64_t{7};
    Fact node;
    node["name"] = "a";
    facts_["nodes"] = Fact(std::vector<Fact>{node, node});
    facts_["nodes"].list()[1]["name"] = "b";
  }

  std::string Text(std::string_view text) {
    std::string out;
    const auto done = Filler(facts_, *random_, kNow, kInstalled).Text(text, out);
    return done ? out : "error: " + done.error().message();
  }
  std::string Json(std::string_view yaml) {
    const rules::SourceText source("test", std::string(yaml));
    const rules::yaml::Parsed parsed = rules::yaml::Parse(source);
    EXPECT_TRUE(parsed.mistakes.empty());
    std::string out;
    const auto done = Filler(facts_, *random_, kNow, kInstalled).Json(parsed.root, out);
    return done ? out : "error: " + done.error().message();
  }

  Fact facts_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
};

TEST_F(TemplateTest, FillsFactsIntoTexts) {
  EXPECT_EQ(Text("v${version}, ${nodes.1.name}, ${pods}"), "v4.18.3, b, 7");
  EXPECT_EQ(Text("plain"), "plain");
}

TEST_F(TemplateTest, CountsTimesFromGathering) {
  EXPECT_EQ(Text("${ago 90m} ${ahead 1d} ${epoch_ms}"),
            "2026-08-01T08:30:00Z 2026-08-02T10:00:00Z 1785578400000");
  for (int i = 0; i < 100; ++i) {
    const Time past = *ParseTime(Text("${past}"));
    EXPECT_GE(past, kInstalled);
    EXPECT_LE(past, kNow - std::chrono::hours(24));
    const Time between = *ParseTime(Text("${ago 1h 2h}"));
    EXPECT_GE(between, kNow - std::chrono::hours(2) - seconds(1));
    EXPECT_LE(between, kNow - std::chrono::hours(1));
  }
}

TEST_F(TemplateTest, FillsRandomThingsInTheirForm) {
  EXPECT_THAT(Text("${uuid}"), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]"
                                            "[0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_THAT(Text("${digest}"), MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_THAT(Text("${word 5}"), MatchesRegex("[a-z0-9]{5}"));
  EXPECT_THAT(Text("${int 3 4}${pick x y}"), MatchesRegex("[34][xy]"));
}

TEST_F(TemplateTest, KeepsTheTypesOfATree) {
  EXPECT_EQ(Json("{a: 1, b: true, c: null, d: text, e: '5', f: [1.5], g: \"${pods}\", "
                 "h: \"${pods} pods\"}"),
            R"({"a":1,"b":true,"c":null,"d":"text","e":"5","f":[1.5],"g":7,"h":"7 pods"})");
}

TEST_F(TemplateTest, RepeatsElementsAndMembers) {
  EXPECT_EQ(Json("[0, {$each: nodes, $as: node, $value: \"${index}${node.name}\"}, 9]"),
            R"([0,"0a","1b",9])");
  EXPECT_EQ(Json("{$each: [x, y], $key: \"k${it}\", $value: {n: \"${it}\"}}"),
            R"({"kx":{"n":"x"},"ky":{"n":"y"}})");
  EXPECT_EQ(Json("[{$each: 3, $value: \"${it}\"}]"), "[0,1,2]");
}

TEST_F(TemplateTest, LeavesOutWhatDoesNotHold) {
  EXPECT_EQ(Json("{a: {$when: {version: [4.18.3]}, $value: 1}, b: {$when: {version: x}, "
                 "$value: 2}, c: {$when: {nodes: {from: 2}}, d: 1}}"),
            R"({"a":1,"c":{"d":1}})");
  EXPECT_EQ(Json("[{$when: {pods: {to: 6}}, x: 1}, {$when: {pods: {from: 7, to: 7}}, x: 2}]"),
            R"([{"x":2}])");
}

TEST_F(TemplateTest, SaysWhatCannotBeFilled) {
  EXPECT_THAT(Text("${nothing}"), HasSubstr("nothing is called nothing"));
  EXPECT_THAT(Text("${open"), HasSubstr("does not end"));
  EXPECT_THAT(Json("{a: {$when: {absent: 1}, $value: 1}}"), HasSubstr("no fact absent"));
}

}  // namespace
}  // namespace insightd::fleet
