// Odd archives, made here, through reader and shipped pack at once: each uncovered a difference
// between what was written down and what was done.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "archive/testing/tar.h"
#include "archive/unpack.h"
#include "base/json.h"
#include "rules/embedded_pack.h"
#include "rules/judge.h"
#include "rules/rule_tests.h"

namespace insightd::rules {
namespace {

using archive::testing::TarBuilder;

// 2026-03-01T00:00:00Z
constexpr std::int64_t kNow = 1'772'323'200;

const PackPointer& BasePack() {
  static const PackPointer pack = [] {
    tl::expected<PackPointer, Diagnostics> loaded = LoadPack(EmbeddedBasePack());
    EXPECT_TRUE(loaded) << loaded.error().ToText();
    return *loaded;
  }();
  return pack;
}

Result<Report> Judged(const std::string& upload) {
  Judge judge(BasePack());
  archive::MemorySource source(upload);
  Result<archive::FileTree> tree = archive::Unpacker().Unpack(source, judge.wanted(), {});
  if (!tree) return Fail(std::move(tree.error()));
  return judge.Run(*tree);
}

std::string Archive(const std::map<std::string, std::string>& files) {
  TarBuilder tar;
  for (const auto& [name, bytes] : files) {
    tar.Add({.name = name, .bytes = bytes, .modified_s = kNow});
  }
  return archive::Gzip(tar.End());
}

// The outcome of the base pack's rule `key`.
Outcome OutcomeOf(const std::string& upload, std::string_view key) {
  const Result<Report> report = Judged(upload);
  EXPECT_TRUE(report) << report.error().message();
  if (!report) return {};
  for (const Outcome& outcome : report->outcomes) {
    if (outcome.rule->key == key) return outcome;
  }
  ADD_FAILURE() << "no rule " << key;
  return {};
}

// An archive whose node lies outside the machine network of this install-config, when it is read.
std::string WithInstallConfig(const std::string& yaml) {
  return Archive({{"config/configmaps/kube-system/cluster-config-v1/install-config", yaml},
                  {"config/infrastructure.json", R"({"status":{"platformStatus":{"type":"AWS"}}})"},
                  {"config/node/n.json",
                   R"({"status":{"addresses":[{"type":"InternalIP","address":"192.168.1.1"}]}})"}});
}

// The machine networks that the rule read, as JSON; the outcome's name when it is no hit.
std::string MachineNetworks(const std::string& install_config) {
  const Outcome outcome =
      OutcomeOf(WithInstallConfig(install_config), "NODE_IP_OUTSIDE_MACHINE_NETWORK");
  if (outcome.kind != OutcomeKind::kHit) return std::string(OutcomeName(outcome.kind));
  return json::Parse(outcome.details)->root()["machine_networks"].ToText();
}

TEST(OddArchivesTest, AFractionOfASecondDecidesAtALimit) {
  const auto kind = [](std::string_view time) {
    return OutcomeOf(
               archive::Gzip(TarBuilder()
                                 .Pax({{"mtime", time}})
                                 .Add({.name = "config/clusteroperator/dns.json",
                                       .bytes = R"({"status":{"conditions":[{"type":"Degraded",
                                 "status":"True","lastTransitionTime":"2026-03-01T00:00:00Z"}]}})"})
                                 .End()),
               "CLUSTER_OPERATOR_DEGRADED")
        .kind;
  };
  EXPECT_EQ(kind("1772325000"), OutcomeKind::kPass);
  EXPECT_EQ(kind("1772325000.000000001"), OutcomeKind::kHit);
}

TEST(OddArchivesTest, AnInstallConfigMayHaveAnchorsTagsAndEscapes) {
  const std::string networks = R"(["10.0.0.0/16"])";
  EXPECT_EQ(MachineNetworks("x: &n [{cidr: 10.0.0.0/16}]\nnetworking: {machineNetwork: *n}\n"),
            networks);
  EXPECT_EQ(MachineNetworks("- &n networking\n"), "pass");
  EXPECT_EQ(MachineNetworks("&n networking:\n  machineNetwork:\n  - !!str cidr: 10.0.0.0/16\n"),
            networks);
  EXPECT_EQ(MachineNetworks("networking: !own\n  machineNetwork:\n  - cidr: !x '10.0.0.0/16'\n"),
            networks);
  EXPECT_EQ(MachineNetworks("x: \"\\N\\_\"\rnetworking: {machineNetwork: [{\"cidr\": "
                            "\"10\\x2e0.0.0\\/16\"}]}\r"),
            networks);
  EXPECT_EQ(MachineNetworks("networking: {\n  machineNetwork: [\n  {cidr: 10.0.0.0/16},\n]\n}\n"),
            networks);
  EXPECT_EQ(
      MachineNetworks("b: &b {machineNetwork: [{cidr: 10.0.0.0/16}]}\nnetworking: {<<: *b}\n"),
      "pass");
}

TEST(OddArchivesTest, AnInstallConfigThatIsNoYamlIsSkipped) {
  const std::string good = "networking: {machineNetwork: [{cidr: 10.0.0.0/16}]}\n";
  EXPECT_EQ(MachineNetworks(good), R"(["10.0.0.0/16"])");
  for (const std::string& bad :
       {good + "x: \"open\n", good + "x: a\nbare\n", good + "x: [a, , b]\n", good + "x: a\x01\n",
        good + good, good + "---\nx: 1\n", good + "x: *none\n", good + "x: 1e400\n"}) {
    EXPECT_EQ(MachineNetworks(bad), "skip") << bad;
  }
  std::string bomb = good + "a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            ", " + before + ", " + before + "]\n";
  }
  EXPECT_EQ(MachineNetworks(bomb), "skip");
}

TEST(OddArchivesTest, ARangeWithALeadingZeroOverlapsNothing) {
  const auto kind = [](const std::string& service) {
    return OutcomeOf(Archive({{"config/network.json",
                               R"({"status":{"clusterNetwork":[{"cidr":"10.0.0.0/14"}],)"
                               R"("serviceNetwork":[")" +
                                   service + "\"]}}"}}),
                     "OVERLAPPING_NETWORK_CIDRS")
        .kind;
  };
  EXPECT_EQ(kind("10.0.0.0/8"), OutcomeKind::kHit);
  EXPECT_EQ(kind("10.0.0.0/08"), OutcomeKind::kPass);
}

std::string WithCustomFeatures(const std::string& custom) {
  return Archive(
      {{"config/featuregate.json",
        R"({"spec":{"featureSet":"CustomNoUpgrade","customNoUpgrade":)" + custom + "}}"}});
}

TEST(OddArchivesTest, DetailsWithoutAListOfTheirOwnAreNotTruncated) {
  const std::string long_text(70'000, 'y');
  for (const std::string& custom :
       {"{\"x\":\"" + long_text + "\"}", "{\"enabled\":[\"" + long_text + "\"]}"}) {
    const Outcome outcome = OutcomeOf(WithCustomFeatures(custom), "FEATURE_SET_PREVENTS_UPGRADE");
    EXPECT_EQ(outcome.kind, OutcomeKind::kHit);
    EXPECT_GT(outcome.details.size(), long_text.size());
    EXPECT_EQ(outcome.details.find("truncated"), std::string::npos);
  }
}

TEST(OddArchivesTest, NumbersStayWhatTheyAre) {
  const Outcome outcome = OutcomeOf(
      WithCustomFeatures("[-0, 1.0, 10e-1, 9223372036854775807, 9223372036854775808, 5e-324, "
                         "1e-400, 9007199254740993, 1" +
                         std::string(40, '0') + "]"),
      "FEATURE_SET_PREVENTS_UPGRADE");
  ASSERT_EQ(outcome.kind, OutcomeKind::kHit);
  EXPECT_TRUE(SameJson(json::Parse(outcome.details)->root()["custom"].ToText(),
                       "[0, 1.0, 1.0, 9223372036854775807, 9223372036854775808.0, 5e-324, 0.0, "
                       "9007199254740993, 1e40]"))
      << outcome.details;
}

TEST(OddArchivesTest, ADocumentNestedDeeperThanTheLimitDoesNotParse) {
  const auto kind = [](std::size_t depth) {
    return OutcomeOf(WithCustomFeatures(std::string(depth, '[') + std::string(depth, ']')),
                     "FEATURE_SET_PREVENTS_UPGRADE")
        .kind;
  };
  EXPECT_EQ(kind(json::kDepthMax - 3), OutcomeKind::kHit);
  EXPECT_EQ(kind(json::kDepthMax), OutcomeKind::kSkip);
}

TEST(OddArchivesTest, AnEntryOfAFolderIsNoMemberOutsideTheLeadingFolder) {
  const std::string upload =
      archive::Gzip(TarBuilder()
                        .Add({.name = "other/", .flag = '5'})
                        .Add({.name = "must/config/id", .bytes = "abc", .modified_s = kNow})
                        .Add({.name = "must/config/version.json",
                              .bytes = R"({"status":{"desired":{"version":"4.17.9"}}})"})
                        .End());
  const Result<Report> report = Judged(upload);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->cluster_id, "abc");
  EXPECT_EQ(report->cluster_version, "4.17.9");
  EXPECT_EQ(report->now.seconds, kNow);
}

TEST(OddArchivesTest, ZerosBehindTheLastGzipMemberArePadding) {
  const std::string upload = Archive({{"config/id", "abc"}});
  const Result<Report> report = Judged(upload + std::string(10'240, '\0'));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->cluster_id, "abc");
  EXPECT_FALSE(Judged(upload + std::string(10, '\0') + "x"));
}

}  // namespace
}  // namespace insightd::rules
