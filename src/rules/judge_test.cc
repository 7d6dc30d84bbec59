#include "rules/judge.h"

#include <gtest/gtest.h>

#include "archive/testing/tar.h"
#include "archive/unpack.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using testing::Files;
using testing::Good;
using testing::RuleText;
using testing::Tree;

using TestFiles = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Report Judged(std::string rules, TestFiles files, const JudgeLimits& limits = {}) {
  const PackPointer pack = Good(Files(std::move(rules)));
  archive::FileTree tree = Tree(files);
  return Judge(pack, limits).Run(tree);
}

Outcome Ask(std::string rest, TestFiles files, const JudgeLimits& limits = {}) {
  return Judged(RuleText(rest), files, limits).outcomes.front();
}

// The value of an expression over the files, as JSON.
std::string Value(std::string_view expression, TestFiles files) {
  const Outcome outcome =
      Ask("  when: \"true\"\n  details: {x: \"" + std::string(expression) + "\"}\n", files);
  if (!outcome.detail_errors.empty()) return outcome.detail_errors.front();
  return outcome.details.substr(5, outcome.details.size() - 6);
}

TEST(JudgeTest, TrueIsAHitWithDetailsAndFalseIsAPass) {
  const Outcome hit =
      Ask("  let: {n: \"size(nodes)\"}\n  when: \"n > 0\"\n"
          "  details: {n: n, fixed: [1, 2.5, ~], more: {t: \"'x'\"}}\n",
          {{"config/node/a.json", "{}"}});
  EXPECT_EQ(hit.kind, OutcomeKind::kHit);
  EXPECT_EQ(hit.details, "{\"n\":1,\"fixed\":[1,2.5,null],\"more\":{\"t\":\"x\"}}");
  EXPECT_EQ(Ask("  when: \"size(nodes) > 0\"\n", {{"x", ""}}).kind, OutcomeKind::kPass);
}

TEST(JudgeTest, ARuleWithoutItsInputsIsSkippedAndNamesThem) {
  const Outcome skip =
      Ask("  needs: [version, \"doc|logs\", nodes, \"text|metrics\"]\n  when: \"true\"\n",
          {{"config/version", "{}"}});
  EXPECT_EQ(skip.kind, OutcomeKind::kSkip);
  EXPECT_EQ(skip.reason, "All: ['nodes'] Any: ['doc', 'logs'] Any: ['text', 'metrics']");
  const Outcome one = Ask("  needs: [nodes]\n  when: \"true\"\n", {{"config/id", "x"}});
  EXPECT_EQ(one.reason, "All: ['nodes'] Any: ");
  const Outcome any = Ask("  needs: [\"nodes|doc\"]\n  when: \"true\"\n", {{"config/id", "x"}});
  EXPECT_EQ(any.reason, "All: [] Any: ['nodes', 'doc']");
}

TEST(JudgeTest, AnInputIsThereWhenItParsesAndIsNotNull) {
  const auto kind = [](TestFiles files) {
    return Ask("  needs: [doc]\n  when: \"true\"\n", files).kind;
  };
  EXPECT_EQ(kind({{"config/doc.json", "0"}}), OutcomeKind::kHit);
  EXPECT_EQ(kind({{"config/doc.json", "null"}}), OutcomeKind::kSkip);
  EXPECT_EQ(kind({{"config/doc.json", "{"}}), OutcomeKind::kSkip);
  EXPECT_EQ(kind({{"config/doc.json", ""}}), OutcomeKind::kSkip);
  const Outcome many = Ask("  needs: [nodes]\n  when: \"true\"\n",
                           {{"config/node/a.json", "null"}, {"config/node/b.json", "x"}});
  EXPECT_EQ(many.kind, OutcomeKind::kSkip);
}

TEST(JudgeTest, AnErrorConcernsItsRuleAloneAndNamesItsPlace) {
  const Report report =
      Judged(RuleText("  let:\n    a: \"doc.b.c\"\n    d: \"a + 1\"\n  when: \"d > 0\"\n") +
                 RuleText("  when: \"true\"\n", "OTHER"),
             {{"config/doc.json", "{}"}});
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kError);
  EXPECT_EQ(report.outcomes[0].reason.substr(0, 24), "rules.yaml:6:13: let a: ")
      << report.outcomes[0].reason;
  EXPECT_EQ(report.outcomes[1].kind, OutcomeKind::kHit);
  EXPECT_EQ(report.Count(OutcomeKind::kError), 1u);
}

TEST(JudgeTest, WhenHasToGiveABool) {
  const Outcome outcome = Ask("  when: \"doc\"\n", {{"config/doc.json", "1"}});
  EXPECT_EQ(outcome.kind, OutcomeKind::kError);
  EXPECT_NE(outcome.reason.find("bool"), std::string::npos) << outcome.reason;
}

TEST(JudgeTest, ADetailThatFailsIsNotedAndTheHitStays) {
  const Outcome hit = Ask(
      "  when: \"true\"\n  details: {a: \"doc.missing\", b: \"1\", c: [\"doc.missing\", \"2\"]}\n",
      {{"config/doc.json", "{}"}});
  EXPECT_EQ(hit.kind, OutcomeKind::kHit);
  EXPECT_EQ(hit.details, "{\"b\":1,\"c\":[2]}");
  EXPECT_EQ(hit.detail_errors.size(), 2u);
}

TEST(JudgeTest, ForLogsAnErrorQuotesNothingOfTheArchive) {
  const Outcome failed = Ask("  when: \"int(doc.name) > 0\"\n",
                             {{"config/doc.json", R"({"name": "their: 'secret'"})"}});
  EXPECT_NE(failed.reason.find("secret"), std::string::npos) << failed.reason;
  ASSERT_EQ(failed.unquoted_errors.size(), 1u);
  EXPECT_TRUE(failed.unquoted_errors[0].ends_with(": when: no int")) << failed.unquoted_errors[0];

  const Outcome hit = Ask("  when: \"true\"\n  details: {a: \"int(doc.name)\"}\n",
                          {{"config/doc.json", R"({"name": "secret"})"}});
  ASSERT_EQ(hit.detail_errors.size(), 1u);
  EXPECT_NE(hit.detail_errors[0].find("secret"), std::string::npos);
  ASSERT_EQ(hit.unquoted_errors.size(), 1u);
  EXPECT_EQ(hit.unquoted_errors[0].find("secret"), std::string::npos);
}

TEST(JudgeTest, ARuleEndsAtItsLimitOfSteps) {
  const Outcome outcome = Ask(
      "  let: {l: \"nodes.map(a, nodes.map(b, nodes.map(c, 1)))\"}\n  when: \"size(l) > 0\"\n",
      {{"config/node/a.json", "{}"}, {"config/node/b.json", "{}"}, {"config/node/c.json", "{}"}},
      {.rule_steps_max = 20});
  EXPECT_EQ(outcome.kind, OutcomeKind::kError);
  EXPECT_NE(outcome.reason.find("more steps than rules.rule_steps_max: 20; "), std::string::npos)
      << outcome.reason;
}

TEST(JudgeTest, VersionsLimitARule) {
  const std::string rule = "  versions: \">=4.14 <4.16\"\n  when: \"true\"\n";
  const auto version = [](std::string_view current) {
    return "{\"status\":{\"history\":[{\"state\":\"Partial\",\"version\":\"4.20.0\"},"
           "{\"state\":\"Completed\",\"version\":\"" +
           std::string(current) + "\"}],\"desired\":{\"version\":\"4.20.0\"}}}";
  };
  EXPECT_EQ(Ask(rule, {{"config/version.json", version("4.15.3")}}).kind, OutcomeKind::kHit);
  const Outcome outside = Ask(rule, {{"config/version.json", version("4.16.0")}});
  EXPECT_EQ(outside.kind, OutcomeKind::kSkip);
  EXPECT_EQ(outside.reason, "version 4.16.0 is not in >=4.14 <4.16");
  EXPECT_EQ(Ask(rule, {{"x", ""}}).kind, OutcomeKind::kSkip);
}

TEST(JudgeTest, AbsenceIsNoEvidenceInAnIncompleteArchive) {
  const std::string rule = "  absence: true\n  when: \"true\"\n";
  const auto kind = [&](std::string_view gathers) {
    return Ask(rule, {{"insights-operator/gathers.json", gathers}}).kind;
  };
  EXPECT_EQ(kind("{\"status_reports\":[{\"panic\":null,\"errors\":[\"not found\"]}]}"),
            OutcomeKind::kHit);
  EXPECT_EQ(kind("{\"status_reports\":[{\"panic\":\"x\"}]}"), OutcomeKind::kSkip);
  EXPECT_EQ(kind("{\"status_reports\":[{\"errors\":[\"record dropped: archive size limit\"]}]}"),
            OutcomeKind::kSkip);
}

TEST(JudgeTest, DocumentsHaveTheirPathAndName) {
  EXPECT_EQ(Value("nodes.map(n, [n._path, n._name, n.x])",
                  {{"config/node/b.c.json", "{\"x\":1}"}, {"config/node/a.json", "{\"x\":2}"}}),
            "[[\"config/node/a.json\",\"a\",2],[\"config/node/b.c.json\",\"b.c\",1]]");
  EXPECT_EQ(Value("doc", {{"config/doc.json", "[1, 2.0, 1e2, 9223372036854775808]"}}),
            "[1,2.0,100.0,9.223372036854776e+18]");
}

TEST(JudgeTest, OfSeveralPathsTheFirstThatIsThereCounts) {
  EXPECT_EQ(Value("version.a", {{"config/version", "{\"a\":1}"}}), "1");
  EXPECT_EQ(
      Value("version.a", {{"config/version", "{\"a\":1}"}, {"config/version.json", "{\"a\":2}"}}),
      "2");
}

TEST(JudgeTest, LinesEndWithLfCrLfOrCrAndEmptyOnesAreDropped) {
  EXPECT_EQ(Value("logs.map(l, l.lines)",
                  {{"logs/a/b.log", "one\n\ntwo\r\nthree\rfour"}, {"logs/c.log", ""}}),
            "[[\"one\",\"two\",\"three\",\"four\"],[]]");
}

TEST(JudgeTest, GrepFindsLinesAndTheirNumbers) {
  const TestFiles files = {{"logs/a.log", "x one\n\ny two\nx three\n"},
                           {"logs/b.log", "y\r\nx\rx four"}};
  EXPECT_EQ(Value("grep(logs, '^x').map(h, [h.path, h.number, h.line])", files),
            "[[\"logs/a.log\",1,\"x one\"],[\"logs/a.log\",3,\"x three\"],"
            "[\"logs/b.log\",2,\"x\"],[\"logs/b.log\",3,\"x four\"]]");
  EXPECT_EQ(Value("grep(logs, 'e$').map(h, h.number)", files), "[1,3]");
  // Nothing is found across lines, whatever blanks an expression allows.
  EXPECT_EQ(Value("grep(logs, 'one[^z]*y')", files), "[]");
  EXPECT_EQ(Value("grep(logs, '(?i)X T|TWO').map(h, h.number)", files), "[2,3]");
  EXPECT_EQ(Value("size(grep(logs, ''))", files), "6");
}

TEST(JudgeTest, GrepGivesAThousandLinesAtMost) {
  std::string log;
  for (int i = 0; i < 1500; ++i) log += "hit\n";
  EXPECT_EQ(Value("size(grep(logs, 'hit'))", {{"logs/a.log", log}, {"logs/b.log", log}}), "1000");
}

TEST(JudgeTest, TextsAreStrippedAndRepaired) {
  EXPECT_EQ(Value("text", {{"texts/one", " \t\r\n a b \n"}}), "\"a b\"");
  EXPECT_EQ(Value("texts.map(t, t.text + t._name)", {{"texts/one", "a\xff\xc3"}}),
            "[\"a\xef\xbf\xbd\xef\xbf\xbdone\"]");
}

TEST(JudgeTest, MetricsAreTheirSamples) {
  EXPECT_EQ(
      Value("metrics", {{"config/metrics",
                         "# TYPE a untyped\na{x=\"1\",y=\"q\\\"\\n\"} 2 1700000000000\nb 1e3\n"
                         "bad line here\nc{x=1} 2\nd NaN\ne{} +4.5\n"}}),
      "[{\"name\":\"a\",\"labels\":{\"x\":\"1\",\"y\":\"q\\\"\\n\"},\"value\":2.0},"
      "{\"name\":\"b\",\"labels\":{},\"value\":1000.0},"
      "{\"name\":\"d\",\"labels\":{},\"value\":null},"
      "{\"name\":\"e\",\"labels\":{},\"value\":4.5}]");
  EXPECT_EQ(Value("samples(metrics, 'b').map(s, s.value)", {{"config/metrics", "a 1\nb 2\nb 3\n"}}),
            "[2.0,3.0]");
}

TEST(JudgeTest, YamlIsReadByTheCoreSchema) {
  EXPECT_EQ(Value("[yam.a, yam.b, yam.c, yam._path]",
                  {{"config/yam", "a: yes\nb: 1.0\nc: 2026-01-01\n"}}),
            "[\"yes\",1.0,\"2026-01-01\",\"config/yam\"]");
}

TEST(JudgeTest, YamlMayHaveAliasesTagsAndNumbersThatAreNotFinite) {
  EXPECT_EQ(Value("yam", {{"config/yam", "a: &x [!!str 5, !mine 6]\nb: *x\n_path: y\n"}}),
            R"({"_path":"config/yam","_name":"yam","a":["5",6],"b":["5",6]})");
  EXPECT_EQ(Value("[yam.i > 1e308, yam.n != yam.n, yam.i]", {{"config/yam", "i: .inf\nn: .nan\n"}}),
            "[true,true,null]");
}

TEST(JudgeTest, ABombOfAliasesIsNoted) {
  std::string bomb = "- &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = ", *a" + std::to_string(i - 1);
    bomb += "- &a" + std::to_string(i) + " [0" + before + before + before + before + "]\n";
  }
  const Report report =
      Judged(RuleText("  when: \"yam == null\"\n"), {{"config/yam", bomb}, {"config/id", "x"}});
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kHit);
  ASSERT_EQ(report.files.size(), 1u);
  EXPECT_NE(report.files[0].reason.find("more than 100000 values"), std::string::npos)
      << report.files[0].reason;
}

TEST(JudgeTest, FilesThatDoNotParseAreNotedAndTheRestIsJudged) {
  const Report report = Judged(RuleText("  when: \"size(nodes) == 1 && yam == null\"\n"),
                               {{"config/node/a.json", "{\"a\":"},
                                {"config/node/b.json", "{}"},
                                {"config/node/c.json", "null"},
                                {"config/yam", "a: [\n"}});
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kHit);
  ASSERT_EQ(report.files.size(), 3u);
  EXPECT_EQ(report.files[0].path, "config/node/a.json");
  EXPECT_EQ(report.files[1].reason, "the document is null");
  EXPECT_EQ(report.files_total, 3u);
}

TEST(JudgeTest, TheClusterIsNamedByItsIdOrItsVersion) {
  const std::string rule = RuleText("  when: \"true\"\n");
  EXPECT_EQ(Judged(rule, {{"config/id", "abc\n"}}).cluster_id, "abc");
  EXPECT_EQ(Judged(rule, {{"config/version", "{\"spec\":{\"clusterID\":\"xyz\"}}"}}).cluster_id,
            "xyz");
  EXPECT_EQ(Judged(rule, {{"x", ""}}).cluster_id, "");
}

TEST(JudgeTest, NowIsTheTimeOfGathering) {
  EXPECT_EQ(Value("now", {{"x", ""}}), "\"2026-03-01T00:00:00Z\"");
  EXPECT_EQ(Judged(RuleText("  when: \"true\"\n"), {{"x", ""}}).now,
            (cel::Instant{testing::kNow, 0}));
}

TEST(JudgeTest, NowHasTheFractionOfTheNewestFile) {
  const PackPointer pack = Good(
      Files(RuleText("  when: \"since('2023-03-23T09:39:14.5Z', now) == duration('0.2068613s')\"\n"
                     "  details: {now: now}\n")));
  const std::string tar = archive::testing::TarBuilder()
                              .Pax({{"mtime", "1679564354.7068613"}})
                              .Add({.name = "config/id", .bytes = "x"})
                              .End();
  archive::MemorySource upload(tar);
  Result<archive::FileTree> tree = archive::Unpack(upload);
  ASSERT_TRUE(tree) << tree.error().message();
  const Report report = Judge(pack).Run(*tree);
  EXPECT_EQ(report.NowText(), "2023-03-23T09:39:14.7068613Z");
  EXPECT_EQ(report.outcomes[0].kind, OutcomeKind::kHit);
  EXPECT_EQ(report.outcomes[0].details, "{\"now\":\"2023-03-23T09:39:14.7068613Z\"}");
}

TEST(JudgeTest, WhatOfTheDetailsFailsIsLeftOutAndNoted) {
  const Outcome hit =
      Ask("  when: \"true\"\n"
          "  details: {a: \"1 / 0\", l: [\"'x'\", \"1 / 0\", {m: \"doc.no\", n: \"2\"}, \"3\"]}\n",
          {{"config/doc.json", "{}"}});
  EXPECT_EQ(hit.kind, OutcomeKind::kHit);
  EXPECT_EQ(hit.details, R"({"l":["x",{"n":2},3]})");
  EXPECT_EQ(hit.detail_errors.size(), 3u);
}

TEST(JudgeTest, DetailsWithoutAListAreNotCutAndDoNotSaySo) {
  const std::string text(200, 'x');
  const Outcome hit = Ask("  when: \"true\"\n  details: {t: \"text\", m: {l: \"[text, text]\"}}\n",
                          {{"texts/one", text}}, {.details_bytes_max = 100});
  EXPECT_EQ(hit.details,
            "{\"t\":\"" + text + "\",\"m\":{\"l\":[\"" + text + "\",\"" + text + "\"]}}");
}

TEST(JudgeTest, ManyDetailsLoseTheSecondHalfOfTheirLongestList) {
  std::string document = "{\"l\":[";
  for (int i = 0; i < 100; ++i) document += (i > 0 ? ",\"" : "\"") + std::string(20, 'x') + "\"";
  document += "]}";
  const Outcome hit = Ask("  when: \"true\"\n  details: {l: \"doc.l\", s: \"[1, 2, 3]\"}\n",
                          {{"config/doc.json", document}}, {.details_bytes_max = 700});
  EXPECT_LE(hit.details.size(), 700u);
  const Result<json::Document> details = json::Parse(hit.details);
  EXPECT_EQ(details->root()["l"].size(), 25u);
  EXPECT_EQ(details->root()["s"].size(), 3u);
  EXPECT_TRUE(details->root()["truncated"].AsBool());
}

TEST(JudgeTest, IsUsedAgainAndAgain) {
  const PackPointer pack =
      Good(Files(RuleText("  when: \"size(nodes) > 0\"\n  details: {n: \"nodes[0].x\"}\n")));
  Judge judge(pack);
  for (int i = 0; i < 3; ++i) {
    archive::FileTree tree = Tree({{"config/node/a.json", "{\"x\":" + std::to_string(i) + "}"}});
    EXPECT_EQ(judge.Run(tree).outcomes[0].details, "{\"n\":" + std::to_string(i) + "}");
    archive::FileTree empty = Tree({});
    EXPECT_EQ(judge.Run(empty).outcomes[0].kind, OutcomeKind::kPass);
  }
}

TEST(JudgeTest, DocumentsBeyondTheirLimitsAreNotedAndTheRestIsJudged) {
  JudgeLimits limits;
  limits.facts.document_bytes_max = 40;
  const std::string long_one = "{\"a\":\"" + std::string(40, 'x') + "\"}";
  const Report one =
      Judged(RuleText("  when: \"size(nodes) == 1\"\n"),
             {{"config/node/a.json", long_one}, {"config/node/b.json", "{}"}}, limits);
  EXPECT_EQ(one.outcomes[0].kind, OutcomeKind::kHit);
  ASSERT_EQ(one.files.size(), 1u);
  EXPECT_EQ(one.files[0].reason, "48 bytes, more than 40 that a document may have");

  limits.facts = {.document_bytes_max = 1000, .documents_bytes_max = 300};
  const std::string many = "[0,0,0,0,0,0,0,0]";
  const Report all = Judged(RuleText("  when: \"size(nodes) == 1\"\n"),
                            {{"config/node/a.json", many}, {"config/node/b.json", many}}, limits);
  EXPECT_EQ(all.outcomes[0].kind, OutcomeKind::kHit);
  EXPECT_EQ(all.files_total, 1u);
}

TEST(JudgeTest, SamplesAndLinesEndAtTheBytesOfARule) {
  std::string samples, lines;
  for (int i = 0; i < 2000; ++i) {
    samples += "a 1\n";
    lines += "x\n";
  }
  const Outcome outcome =
      Ask("  when: \"true\"\n  details: {m: \"size(metrics)\", l: \"size(logs[0].lines)\"}\n",
          {{"config/metrics", samples}, {"logs/a", lines}}, {.rule_bytes_max = 20'000});
  const Result<json::Document> details = json::Parse(outcome.details);
  ASSERT_TRUE(details) << outcome.details;
  EXPECT_LT(details->root()["m"].AsInt(), 2000);
  EXPECT_LT(details->root()["l"].AsInt(), 2000);
}

TEST(JudgeTest, ADetailThatNamesOneDocumentTooOftenIsNotWritten) {
  std::string document = "[";
  for (int i = 0; i < 1000; ++i) document += i > 0 ? ",0" : "0";
  document += "]";
  const Outcome hit =
      Ask("  when: \"true\"\n"
          "  details: {a: \"doc.map(x, doc.map(y, doc))\", b: \"size(doc)\"}\n",
          {{"config/doc.json", document}});
  EXPECT_EQ(hit.kind, OutcomeKind::kHit);
  EXPECT_EQ(hit.details, "{\"b\":1000}");
  ASSERT_EQ(hit.detail_errors.size(), 1u);
  EXPECT_NE(hit.detail_errors[0].find("as JSON the details take more bytes than 16777216"),
            std::string::npos)
      << hit.detail_errors[0];
}

}  // namespace
}  // namespace insightd::rules
