// What is generated is judged by the rules that we ship: a healthy cluster gives the three
// informing hits and no others, a defect its own in addition.
#include "fleet/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "archive/memory_tree.h"
#include "archive/unpack.h"
#include "rules/embedded_pack.h"
#include "rules/judge.h"

namespace insightd::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time kNow = *ParseTime("2026-08-01T10:00:00Z");

class GenerateTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto pack = rules::LoadPack(rules::EmbeddedBasePack());
    ASSERT_TRUE(pack);
    auto generator = Generator::Create(*pack);
    ASSERT_TRUE(generator) << generator.error().message();
    generator_ = std::move(*generator).release();
    judge_ = new rules::Judge(*pack);
  }
  static void TearDownTestSuite() {
    delete judge_;
    delete generator_;
  }

  static Cluster Drawn(std::uint64_t number, const ClusterOptions& options = {.size = "small"}) {
    auto cluster = generator_->Draw(1, number, options, kNow);
    EXPECT_TRUE(cluster) << cluster.error().message();
    return cluster ? *cluster : Cluster();
  }

  // What hits, as Cluster::expected has it; errors with their reason.
  static std::vector<std::string> Hits(const Cluster& cluster, Time gathered_at = kNow) {
    const auto files = generator_->Files(cluster, gathered_at);
    if (!files) return {files.error().message()};
    std::vector<archive::PackMember> members;
    for (const MadeFile& file : *files) {
      members.push_back({.name = file.name, .bytes = file.bytes, .modified_s = file.modified_s});
    }
    auto tree = archive::TreeFromMemory(members);
    if (!tree) return {tree.error().message()};
    const rules::Report report = judge_->Run(*tree);
    std::vector<std::string> hits;
    for (const rules::FileNote& note : report.files) hits.push_back("note: " + note.path);
    for (const rules::Outcome& outcome : report.outcomes) {
      if (outcome.kind == rules::OutcomeKind::kHit) hits.push_back(outcome.rule->Id());
      if (outcome.kind == rules::OutcomeKind::kError) {
        hits.push_back(outcome.rule->Id() + ": " + outcome.reason);
      }
    }
    std::sort(hits.begin(), hits.end());
    return hits;
  }

  static Generator* generator_;
  static rules::Judge* judge_;
};

Generator* GenerateTest::generator_ = nullptr;
rules::Judge* GenerateTest::judge_ = nullptr;

TEST_F(GenerateTest, AHealthyClusterGivesTheInformingHitsAlone) {
  for (const std::string& platform : generator_->PlatformNames()) {
    for (const std::int64_t nodes : {3, 4, 5, 6, 40}) {
      const Cluster cluster = Drawn(static_cast<std::uint64_t>(nodes),
                                    {.size = "small", .platform = platform, .nodes = nodes});
      EXPECT_EQ(cluster.expected.size(), 3U);
      EXPECT_EQ(Hits(cluster), cluster.expected) << platform << ", " << nodes << " nodes";
    }
  }
}

TEST_F(GenerateTest, EverySizeIsHealthy) {
  for (const std::string& size : generator_->SizeNames()) {
    const Cluster cluster = Drawn(2, {.size = size});
    EXPECT_EQ(Hits(cluster), cluster.expected) << size;
  }
}

TEST_F(GenerateTest, EveryVersionIsHealthyWhileItIsMaintained) {
  for (const char* version : {"4.14.20", "4.15.7", "4.16.3", "4.17.9", "4.18.11", "4.19.2"}) {
    const Cluster cluster = Drawn(1, {.size = "small", .version = version});
    EXPECT_EQ(cluster.version, version);
    EXPECT_EQ(Hits(cluster), cluster.expected) << version;
  }
}

TEST_F(GenerateTest, EachDefectGivesItsOwnHitsInAddition) {
  ASSERT_GE(generator_->DefectNames().size(), 24U);
  for (const std::string& defect : generator_->DefectNames()) {
    for (const std::uint64_t number : {1, 2}) {
      const Cluster cluster =
          Drawn(number, {.size = "small", .platform = "AWS", .nodes = 6, .defects = {defect}});
      EXPECT_GT(cluster.expected.size(), 3U) << defect;
      EXPECT_EQ(Hits(cluster), cluster.expected) << defect;
    }
  }
}

TEST_F(GenerateTest, EveryRuleHitsOnAClusterThatShowsItsOwnTest) {
  const std::vector<std::string> keys = generator_->RuleDefectNames();
  EXPECT_GE(keys.size(), 157U);
  for (const std::string& key : keys) {
    for (const std::uint64_t number : {1, 2}) {
      const Cluster cluster = Drawn(number, {.size = "small", .defects = {key}});
      const std::vector<std::string> hits = Hits(cluster);
      const bool found = std::any_of(hits.begin(), hits.end(), [&](const std::string& hit) {
        return hit.ends_with("|" + key);
      });
      EXPECT_TRUE(found) << key << " on " << cluster.platform << " " << cluster.version;
    }
  }
}

TEST_F(GenerateTest, RandomDefectsAddUpAndLeaveHalfOfTheFleetHealthy) {
  int healthy = 0;
  std::set<std::string> seen;
  for (std::uint64_t number = 0; number < 60; ++number) {
    const Cluster cluster = Drawn(number, {.size = "small", .random_defects = 1.5});
    if (cluster.defects.empty()) ++healthy;
    seen.insert(cluster.defects.begin(), cluster.defects.end());
    EXPECT_EQ(Hits(cluster), cluster.expected) << number << ": " << cluster.version;
  }
  EXPECT_GT(healthy, 15);
  EXPECT_LT(healthy, 45);
  EXPECT_GT(seen.size(), 15U);
}

TEST_F(GenerateTest, AClusterStaysItselfFromUploadToUpload) {
  const Cluster cluster = Drawn(3, {.size = "small", .random_defects = 3});
  EXPECT_EQ(Hits(cluster, kNow + std::chrono::hours(2)), cluster.expected);
  const auto now = generator_->Files(cluster, kNow);
  const auto later = generator_->Files(cluster, kNow + std::chrono::hours(2));
  ASSERT_EQ(now->size(), later->size());
  for (std::size_t i = 0; i < now->size(); ++i) EXPECT_EQ((*now)[i].name, (*later)[i].name);
}

TEST_F(GenerateTest, TheSameSeedMakesTheSameBytes) {
  const Cluster one = Drawn(5, {.random_defects = 1});
  const Cluster two = Drawn(5, {.random_defects = 1});
  EXPECT_EQ(one.id, two.id);
  EXPECT_EQ(*generator_->Archive(one, kNow), *generator_->Archive(two, kNow));
  EXPECT_NE(one.id, Drawn(6).id);
}

TEST_F(GenerateTest, ASmallArchiveIsAsLargeAsARealOne) {
  for (std::uint64_t number = 0; number < 20; ++number) {
    const auto packed = generator_->Archive(Drawn(number), kNow);
    ASSERT_TRUE(packed);
    EXPECT_GE(packed->size(), 70'000U) << number;
    EXPECT_LE(packed->size(), 115'000U) << number;
  }
}

TEST_F(GenerateTest, TheArchiveIsPackedAsTheOperatorDoes) {
  const Cluster cluster = Drawn(1);
  const auto files = generator_->Files(cluster, kNow);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->front().name, "insights-operator/gathers.json");
  const auto packed = generator_->Archive(cluster, kNow);
  ASSERT_TRUE(packed);
  archive::MemorySource source(*packed);
  const auto tree = archive::Unpack(source);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(tree->newest().seconds, std::chrono::floor<seconds>(kNow).time_since_epoch().count());
  EXPECT_EQ(tree->members().size(), files->size());
  EXPECT_EQ(tree->Find("config/id")->bytes, cluster.id);
  EXPECT_EQ(tree->notes_total(), 0U);
}

TEST_F(GenerateTest, LargeClustersAreFilledToTheirSize) {
  const Cluster cluster = Drawn(2, {.size = "large"});
  const auto files = generator_->Files(cluster, kNow);
  ASSERT_TRUE(files);
  std::uint64_t bytes = 0;
  for (const MadeFile& file : *files) bytes += file.bytes.size();
  EXPECT_GE(bytes, cluster.fill_bytes);
  EXPECT_LE(bytes, cluster.fill_bytes + 2'000'000);
  EXPECT_EQ(Hits(cluster), cluster.expected);
}

TEST_F(GenerateTest, RefusesOptionsThatNameNothingAndSaysWhatThereIs) {
  const auto refused = [](const ClusterOptions& options) {
    const auto cluster = generator_->Draw(1, 1, options, kNow);
    EXPECT_FALSE(cluster);
    if (cluster) return std::string();
    EXPECT_EQ(cluster.error().code(), Code::kInvalid);
    return cluster.error().message();
  };
  EXPECT_THAT(refused({.size = "tiny"}), HasSubstr("small, median, large, huge, mix"));
  EXPECT_THAT(refused({.platform = "Mars"}), HasSubstr("AWS, VSphere"));
  EXPECT_THAT(refused({.version = "5"}), HasSubstr("5 is no version"));
  EXPECT_THAT(refused({.defects = {"rust"}}), HasSubstr("operator_degraded"));
  EXPECT_THAT(refused({.nodes = 2}), HasSubstr("3 to 500 nodes"));
  EXPECT_THAT(refused({.platform = "None", .defects = {"machine_failed"}}),
              HasSubstr("cannot have the defect"));
}

}  // namespace
}  // namespace insightd::fleet
