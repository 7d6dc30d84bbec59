#include "rules/evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/judge.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using testing::Files;
using testing::Good;
using testing::RuleText;
using testing::Tree;

using TestFiles = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Outcome Judged(std::string_view fields, TestFiles files, std::string globals = "") {
  const PackPointer pack = Good(Files(RuleText(fields), "", std::move(globals)));
  Judge judge(pack);
  archive::FileTree plain = Tree(files);
  const Outcome without = judge.RunOne(pack->rules[0], plain);
  EXPECT_FALSE(without.evidence);
  archive::FileTree tree = Tree(files);
  Outcome outcome = judge.RunOne(pack->rules[0], tree, {.evidence = true});
  EXPECT_EQ(outcome.steps, without.steps);
  EXPECT_EQ(outcome.details, without.details);
  return outcome;
}

// "path: at=value, at=(absent); …", then "looked at input (files): paths".
std::string Found(std::string_view fields, TestFiles files, std::string globals = "") {
  const Outcome outcome = Judged(fields, files, std::move(globals));
  if (!outcome.evidence) return "none, " + std::string(OutcomeName(outcome.kind)) + outcome.reason;
  std::string out;
  for (const EvidenceFile& file : outcome.evidence->files) {
    out += file.path + ":";
    for (const EvidencePlace& place : file.places) {
      out += " " + place.at + "=" + (place.is_absent ? "(absent)" : place.value);
    }
    if (file.more_places > 0) out += " +" + std::to_string(file.more_places);
    out += "\n";
  }
  if (outcome.evidence->more_files > 0) {
    out += "+" + std::to_string(outcome.evidence->more_files) + " files\n";
  }
  for (const EvidenceInput& input : outcome.evidence->looked_at) {
    out += "looked at " + input.name + " (" + std::to_string(input.files) + "):";
    for (const std::string& path : input.paths) out += " " + path;
    out += "\n";
  }
  return out + (outcome.evidence->is_complete ? "" : "incomplete\n");
}

constexpr std::string_view kGoodNode =
    R"({"metadata":{"name":"n0"},"status":{"conditions":[{"type":"Ready","status":"True"}]}})";
constexpr std::string_view kBadNode =
    R"({"metadata":{"name":"n1"},"status":{"conditions":[{"type":"Disk","status":"False"},)"
    R"({"type":"Ready","status":"Unknown","reason":"Gone"}]}})";

TEST(EvidenceTest, NamesThePlaceInTheFileOfTheElementThatPassed) {
  EXPECT_EQ(Found("  let: {bad: \"nodes.filter(n, condition(n, 'Ready').status != 'True')\"}\n"
                  "  when: size(bad) > 0\n",
                  {{"config/node/n0.json", kGoodNode}, {"config/node/n1.json", kBadNode}}),
            "config/node/n1.json: status.conditions[1].status='Unknown'\n");
  EXPECT_EQ(Found("  when: nodes.exists(n, brief(n, 'Ready').status == null)\n",
                  {{"config/node/n0.json", kGoodNode}, {"config/node/n1.json", kBadNode}}),
            "config/node/n1.json: status.conditions[1].status='Unknown'\n");
}

TEST(EvidenceTest, ShowsNumbersAndWhatIsAbsent) {
  EXPECT_EQ(Found("  when: get(doc, 'spec.replicas', 0) < 2 && get(doc, 'spec.list.1.n') == 3 &&\n"
                  "    !has(doc.spec.paused)\n",
                  {{"config/doc.json", R"({"spec":{"list":[{"n":1},{"n":3}]}})"}}),
            "config/doc.json: spec.list[1].n=3 spec.paused=(absent) spec.replicas=(absent)\n");
}

TEST(EvidenceTest, OfNamesWithDotsTheBracketsTell) {
  EXPECT_EQ(Found("  when: doc.labels['a.b/c'] == 'x' && doc.list[1] > 1.0\n",
                  {{"config/doc.json", R"({"labels":{"a.b/c":"x"},"list":[1,2.5]})"}}),
            "config/doc.json: labels[\"a.b/c\"]='x' list[1]=2.5\n");
}

TEST(EvidenceTest, AJoinShowsBothSides) {
  EXPECT_EQ(
      Found("  let:\n"
            "    by_name: index_by(nodes, 'metadata.name')\n"
            "    bad: \"doc.items.filter(i, get(by_name, [i.node, 'role'], '') == 'infra')\"\n"
            "  when: size(bad) > 0\n",
            {{"config/doc.json", R"({"items":[{"node":"a"},{"node":"b"}]})"},
             {"config/node/a.json", R"({"metadata":{"name":"a"},"role":"worker"})"},
             {"config/node/b.json", R"({"metadata":{"name":"b"},"role":"infra"})"}}),
      "config/doc.json: items[1].node='b'\nconfig/node/b.json: role='infra'\n");
}

TEST(EvidenceTest, OfAListThatIsNotFoundInTheInputIsNamedThatWasLookedAt) {
  EXPECT_EQ(Found("  let: {names: \"nodes.map(n, n.metadata.name)\"}\n"
                  "  when: doc.items.exists(i, !(i.node in names))\n",
                  {{"config/doc.json", R"({"items":[{"node":"a"},{"node":"z"}]})"},
                   {"config/node/a.json", R"({"metadata":{"name":"a"}})"}}),
            "config/doc.json: items[1].node='z'\nconfig/node/a.json: metadata.name='a'\n");
}

TEST(EvidenceTest, AnAbsenceNamesTheInputsThatWereLookedAt) {
  EXPECT_EQ(Found("  when: nodes.all(n, n.metadata.name != 'x')\n",
                  {{"config/node/n0.json", kGoodNode}, {"config/node/n1.json", kBadNode}}),
            "looked at nodes (2): config/node/n0.json config/node/n1.json\n");
  EXPECT_EQ(Found("  when: size(nodes) == 0 && doc == null\n", {{"config/other", "{}"}}),
            "looked at doc (0): config/doc.json\nlooked at nodes (0): config/node/*.json\n");
}

TEST(EvidenceTest, OnlyTheBranchThatDecidedCounts) {
  EXPECT_EQ(Found("  when: doc.a == 1 || doc.b == 2 || doc.c == 3\n",
                  {{"config/doc.json", R"({"a":0,"b":2,"c":3})"}}),
            "config/doc.json: b=2\n");
}

TEST(EvidenceTest, GlobalsTellWhatTheyRead) {
  EXPECT_EQ(Found("  when: size(bad) == 1\n",
                  {{"config/node/n0.json", kGoodNode}, {"config/node/n1.json", kBadNode}},
                  "bad: nodes.filter(n, n.metadata.name == 'n1')\n"),
            "config/node/n1.json: metadata.name='n1'\n");
}

TEST(EvidenceTest, LinesHaveTheirNumberInTheFile) {
  EXPECT_EQ(
      Found("  when: size(grep(logs, 'panic')) > 0\n",
            {{"logs/a/x.log", "fine\n\nE panic: one\nfine\npanic two"}, {"logs/b.log", "ok"}}),
      "logs/a/x.log: line 3='E panic: one' line 5='panic two'\n");
  EXPECT_EQ(
      Found("  when: grep(logs, 'panic').exists(h, h.line.contains('two'))\n",
            {{"logs/a/x.log", "fine\n\nE panic: one\nfine\npanic two"}, {"logs/b.log", "ok"}}),
      "logs/a/x.log: line 5='panic two'\n");
  EXPECT_EQ(Found("  when: logs.exists(f, f.lines.exists(l, l == 'ok'))\n",
                  {{"logs/a/x.log", "fine"}, {"logs/b.log", "\nok\r\n"}}),
            "logs/b.log: line 2='ok'\n");
}

TEST(EvidenceTest, MetricsShowTheSample) {
  EXPECT_EQ(Found("  when: samples(metrics, 'up').exists(s, s.value < 1.0)\n",
                  {{"config/metrics", "# TYPE up gauge\nup{job=\"a\"} 1\nup{job=\"b\"} 0\n"}}),
            "config/metrics: line 3='up{job=\"b\"} 0'\n");
}

TEST(EvidenceTest, TextAndYamlHavePlacesToo) {
  EXPECT_EQ(Found("  when: texts.exists(t, t.text == 'b')\n",
                  {{"texts/one", "a\n"}, {"texts/two", "b\n"}}),
            "texts/two: line 1='b'\n");
  EXPECT_EQ(Found("  when: text == 'a'\n", {{"texts/one", "a\n"}}),
            "looked at text (1): texts/one\n");
  EXPECT_EQ(Found("  when: yam.a.b[1].c == 2\n", {{"config/yam", "a: {b: [{c: 1}, {c: 2}]}\n"}}),
            "config/yam: a.b[1].c=2\n");
}

TEST(EvidenceTest, WhatTheJudgeItselfReadsIsTracedToo) {
  EXPECT_EQ(Found("  when: ocp.current == '4.16.3'\n",
                  {{"config/version.json",
                    R"({"status":{"history":[{"state":"Partial","version":"4.17.0"},)"
                    R"({"state":"Completed","version":"4.16.3"}]}})"}}),
            "config/version.json: status.history[1].version='4.16.3'\n");
}

TEST(EvidenceTest, IsBoundedAndSaysWhatIsBeyond) {
  std::vector<archive::PackMember> members;
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("config/node/n" + std::to_string(i) + ".json");
  const std::string long_text(400, 'x');
  const std::string node =
      R"({"v":[{"a":1},{"a":1},{"a":1},{"a":1},{"a":1},{"a":1},{"a":1}],"t":")" + long_text + "\"}";
  for (const std::string& name : names) members.push_back({name, node, testing::kNow});
  const PackPointer pack =
      Good(Files(RuleText("  when: size(nodes.filter(n, n.t != '' && size(n.v.filter(x, x.a == 1)) "
                          "> 5)) > 3\n")));
  Judge judge(pack);
  Result<archive::FileTree> tree = archive::TreeFromMemory(members);
  ASSERT_TRUE(tree);
  const Outcome outcome = judge.RunOne(pack->rules[0], *tree, {.evidence = true});
  ASSERT_TRUE(outcome.evidence);
  EXPECT_EQ(outcome.evidence->files.size(), kEvidenceFilesMax);
  EXPECT_EQ(outcome.evidence->more_files, 30 - kEvidenceFilesMax);
  const EvidenceFile& file = outcome.evidence->files[0];
  ASSERT_EQ(file.places.size(), kEvidencePlacesMax);
  EXPECT_EQ(file.more_places, 3U);
  EXPECT_EQ(file.places[0].at, "t");
  EXPECT_LE(file.places[0].value.size(), kEvidenceValueBytesMax + 3);
  EXPECT_TRUE(file.places[0].value.ends_with("…"));
}

TEST(EvidenceTest, OfWhatIsNoHitThereIsNone) {
  EXPECT_EQ(Found("  when: doc.a == 1\n", {{"config/doc.json", R"({"a":0})"}}), "none, pass");
}

TEST(EvidenceTest, AsJsonWhatIsNothingIsLeftOut) {
  Evidence evidence;
  EXPECT_EQ(EvidenceToJson(evidence), R"({"files":[]})");
  evidence.files.push_back({"a", {{"b[1]", "'x'", false}, {"c", "", true}}, 2});
  evidence.more_files = 3;
  evidence.looked_at.push_back({"pods", 0, {"config/pod/**"}});
  evidence.is_complete = false;
  EXPECT_EQ(EvidenceToJson(evidence),
            R"({"files":[{"path":"a","places":[{"at":"b[1]","value":"'x'"},)"
            R"({"at":"c","absent":true}],"more_places":2}],"more_files":3,"looked_at":)"
            R"([{"input":"pods","files":0,"paths":["config/pod/**"]}],"incomplete":true})");
}

}  // namespace
}  // namespace insightd::rules
