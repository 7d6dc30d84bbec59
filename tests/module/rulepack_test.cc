// The pack that the binary carries, against archives whose hits are known.
//
// The archives lie beside the checkout (../shared/data) or where INSIGHTD_TEST_DATA points to;
// without them these tests are skipped. tests/flow/rulepack_test.py judges many that are made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "archive/memory_tree.h"
#include "archive/unpack.h"
#include "base/json.h"
#include "rules/embedded_pack.h"
#include "rules/judge.h"
#include "rules/rule_tests.h"

namespace insightd::rules {
namespace {

namespace fs = std::filesystem;

std::string DataFolder() {
  const char* given = std::getenv("INSIGHTD_TEST_DATA");
  return given != nullptr ? given : INSIGHTD_SOURCE_DIR "/../shared/data";
}

const PackPointer& BasePack() {
  static const PackPointer pack = [] {
    tl::expected<PackPointer, Diagnostics> loaded = LoadPack(EmbeddedBasePack());
    EXPECT_TRUE(loaded) << loaded.error().ToText();
    return *loaded;
  }();
  return pack;
}

Report Judged(const std::string& path) {
  Judge judge(BasePack());
  archive::FileSource source(path);
  Result<archive::FileTree> tree = archive::Unpacker().Unpack(source, judge.wanted(), {});
  EXPECT_TRUE(tree) << tree.error().message();
  return judge.Run(*tree);
}

std::set<std::string> Hits(const Report& report) {
  std::set<std::string> hits;
  for (const Outcome& outcome : report.outcomes) {
    EXPECT_NE(outcome.kind, OutcomeKind::kError) << outcome.reason;
    for (const std::string& error : outcome.detail_errors) ADD_FAILURE() << error;
    if (outcome.kind == OutcomeKind::kHit) hits.insert(outcome.rule->Id());
  }
  return hits;
}

std::string DetailsOf(const Report& report, std::string_view key) {
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.rule->key == key) return outcome.details;
  }
  return "no such rule";
}

// Also: evaluated with a trace, each condition holds too.
TEST(RulepackTest, EveryHitOfItsOwnTestsHasEvidence) {
  Judge judge(BasePack());
  std::size_t hits = 0;
  for (const Rule& rule : BasePack()->rules) {
    for (const RuleTest& test : rule.tests) {
      if (test.generate || test.archive || test.expect != Expect::kHit) continue;
      std::vector<archive::PackMember> members;
      for (const auto& [path, bytes] : test.files) members.push_back({path, bytes, test.now_s});
      Result<archive::FileTree> tree = archive::TreeFromMemory(members);
      ASSERT_TRUE(tree) << rule.Id();
      const Outcome outcome = judge.RunOne(rule, *tree, {.evidence = true});
      if (outcome.kind != OutcomeKind::kHit) continue;  // told by the next test
      ++hits;
      ASSERT_TRUE(outcome.evidence) << rule.Id();
      EXPECT_TRUE(outcome.evidence->is_complete) << rule.Id() << ": " << test.name;
      // A rule that informs of everything reads nothing to decide it.
      EXPECT_EQ(outcome.evidence->empty(), rule.when.program.constant().has_value())
          << rule.Id() << ": " << test.name;
    }
  }
  EXPECT_GT(hits, BasePack()->rules.size());
}

TEST(RulepackTest, TheBinaryCarriesAWholePack) {
  EXPECT_EQ(BasePack()->rules.size(), 160u);
  EXPECT_EQ(BasePack()->packs.front().name, "base");
  EXPECT_EQ(BasePack()->packs.front().component, "ccx_rules_ocp");
}

TEST(RulepackTest, TheTestsThatItsRulesCarryPass) {
  for (const TestResult& result : RunRuleTests(BasePack(), {EmbeddedBasePack()})) {
    EXPECT_NE(result.verdict, TestVerdict::kFailed)
        << result.rule->key << ": " << result.test->name << "\n"
        << result.message;
  }
}

class KnownArchivesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = DataFolder() + "/archives/";
    if (!fs::exists(folder_)) GTEST_SKIP() << "no archives at " << folder_;
  }
  void ExpectCounts(const std::string& name, std::size_t hit, std::size_t pass, std::size_t skip) {
    const Report report = Judged(folder_ + name);
    EXPECT_EQ(report.Count(OutcomeKind::kHit), hit) << name;
    EXPECT_EQ(report.Count(OutcomeKind::kPass), pass) << name;
    EXPECT_EQ(report.Count(OutcomeKind::kSkip), skip) << name;
    EXPECT_EQ(report.Count(OutcomeKind::kError), 0u) << name;
  }
  std::string folder_;
};

TEST_F(KnownArchivesTest, EachGivesItsNumberOfOutcomes) {
  ExpectCounts("insights-archive-sample.tar.gz", 27, 132, 1);
  ExpectCounts("rapid-recommendations.tar.gz", 8, 118, 34);
  ExpectCounts("archive.tar.gz", 1, 10, 149);
  ExpectCounts("archive_no_workloadinfo.tar.gz", 1, 10, 149);
  ExpectCounts("correct_data.tar", 0, 0, 160);
  ExpectCounts("ocp_with_id.tar", 0, 0, 160);
  ExpectCounts("wrong_data.tar", 0, 0, 160);
}

TEST_F(KnownArchivesTest, ARealClusterGetsTheRecommendationsThatItDeserves) {
  const Report report = Judged(folder_ + "rapid-recommendations.tar.gz");
  EXPECT_EQ(Hits(report),
            (std::set<std::string>{
                "operators_check|OPERATOR_ISSUE", "machine_api_errors|MACHINE_API_REPEATED_ERRORS",
                "etcd_encryption|ETCD_ENCRYPTION_DISABLED",
                "empty_prometheus_db_volume|PROMETHEUS_DB_VOLUME_IS_EMPTY",
                "no_identity_provider|NO_IDENTITY_PROVIDER", "version_info|CLUSTER_VERSION_INFO",
                "machine_pool_info|MACHINE_POOL_INFO",
                "cluster_status_overview|CLUSTER_STATUS_OVERVIEW"}));
  EXPECT_EQ(report.cluster_id, "c25da893-5ba1-4229-9432-c8ec9334c4a0");
  EXPECT_EQ(report.cluster_version, "4.17.0-rc.0");
  EXPECT_EQ(report.now.seconds, 1'724'820'926);
  EXPECT_TRUE(report.files.empty());
  EXPECT_TRUE(SameJson(DetailsOf(report, "PROMETHEUS_DB_VOLUME_IS_EMPTY"),
                       R"({"ocp_branch": "4.17", "config_map_exists": false})"));
  EXPECT_TRUE(SameJson(DetailsOf(report, "CLUSTER_VERSION_INFO"), R"({
      "version": "4.17.0-rc.0", "current": "4.17.0-rc.0", "desired": "4.17.0-rc.0",
      "aborted_updates": 0, "last_update_start": "2024-08-27T06:26:38Z"})"))
      << DetailsOf(report, "CLUSTER_VERSION_INFO");
}

TEST_F(KnownArchivesTest, DocumentsThatWereParsedGiveTheirTextBack) {
  Judge judge(BasePack());
  archive::FileSource source(folder_ + "rapid-recommendations.tar.gz");
  Result<archive::FileTree> tree = archive::Unpacker().Unpack(source, judge.wanted(), {});
  ASSERT_TRUE(tree) << tree.error().message();
  judge.Run(*tree);
  ASSERT_FALSE(tree->WithPrefix("config/node/").empty());
  for (const archive::Member& member : tree->WithPrefix("config/node/")) {
    if (!member.name.ends_with(".json")) continue;
    EXPECT_TRUE(member.bytes.empty()) << member.name;
  }
}

}  // namespace
}  // namespace insightd::rules
