#include "app/rule_reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/log.h"
#include "base/testing/temp_folder.h"

namespace insightd::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A data folder with a pack "acme" in packs/, and what looks at it.
class RuleReloadTest : public ::testing::Test {
 protected:
  RuleReloadTest() {
    log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal});
    Write("1.0.0");
    EXPECT_TRUE(reload_.Load());
  }

  // Each version has another size, so that it differs from the one before even within one tick of
  // the file system's clock.
  void Write(const std::string& version, const std::string& when = "true") {
    fs::create_directories(pack_);
    std::ofstream(pack_ / "inputs.yaml") << "doc: {path: config/doc.json}\n";
    std::ofstream(pack_ / "rules.yaml") << "- module: external.rules.a\n  key: A\n  impact: Low\n"
                                           "  likelihood: 1\n  when: \""
                                        << when << "\"\n";
    std::ofstream(pack_ / "pack.yaml")
        << "name: acme\nversion: " << version
        << "\ncomponent: acme\ninputs: inputs.yaml\nrules: rules.yaml\nimpacts: {Low: 1}\n";
  }
  std::string InForce() const { return reload_.pack()->Get()->Title(); }
  bool Shows(const std::string& line) {
    return registry_.Text().find(line + "\n") != std::string::npos;
  }

  const insightd::testing::TempFolder folder_;
  const fs::path pack_ = fs::path(folder_ / "packs") / "acme";
  metrics::Registry registry_;
  RuleReload reload_{{.packs = {}, .packs_folder = folder_ / "packs"}, registry_, SystemClock()};
};

TEST_F(RuleReloadTest, AChangeIsTakenOnceItHasLainStill) {
  Write("1.10.0");
  reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.0.0") << "it may be half written";
  EXPECT_TRUE(Shows("insightd_rules_current 0"));
  Write("1.100.0");
  reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.0.0") << "it was changed again";
  reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.100.0");
  EXPECT_EQ(reload_.catalogue()->Get()->version(), "acme-1.100.0");
  EXPECT_TRUE(Shows("insightd_rules_current 1"));
  EXPECT_TRUE(Shows("insightd_rules_reloads_total{outcome=\"taken\"} 1"));
  EXPECT_TRUE(Shows("insightd_rules_pack_info{name=\"acme\",version=\"1.0.0\"} 0"));
  EXPECT_TRUE(Shows("insightd_rules_pack_info{name=\"acme\",version=\"1.100.0\"} 1"));
  reload_.Look();
  EXPECT_TRUE(Shows("insightd_rules_reloads_total{outcome=\"taken\"} 1")) << "once is enough";
}

TEST_F(RuleReloadTest, AMistakeIsRefusedOnceAndWhatWasInForceStays) {
  Write("1.10.0", "nothing > 0");
  for (int looks = 0; looks < 4; ++looks) reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.0.0");
  EXPECT_TRUE(Shows("insightd_rules_reloads_total{outcome=\"refused\"} 1"));
  EXPECT_TRUE(Shows("insightd_rules_current 0"));
  Write("1.100.0");
  reload_.Look();
  reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.100.0");
  EXPECT_TRUE(Shows("insightd_rules_current 1"));
}

TEST_F(RuleReloadTest, ASetThatIsGoneIsRefused) {
  fs::remove_all(pack_);
  reload_.Look();
  reload_.Look();
  EXPECT_EQ(InForce(), "acme-1.0.0");
  EXPECT_TRUE(Shows("insightd_rules_reloads_total{outcome=\"refused\"} 1"));
}

TEST_F(RuleReloadTest, TheSameBytesWithAnotherTimeAreNoChange) {
  const rules::PackPointer before = reload_.pack()->Get();
  fs::last_write_time(pack_ / "pack.yaml", fs::file_time_type::clock::now() + seconds(60));
  reload_.Look();
  reload_.Look();
  EXPECT_EQ(reload_.pack()->Get(), before);
  EXPECT_TRUE(Shows("insightd_rules_reloads_total{outcome=\"unchanged\"} 1"));
  EXPECT_TRUE(Shows("insightd_rules_current 1"));
}

TEST_F(RuleReloadTest, WhoAsksGetsItAtOnce) {
  Write("1.10.0");
  reload_.Reload();
  EXPECT_EQ(InForce(), "acme-1.10.0");
}

TEST_F(RuleReloadTest, RunLoadsWhenAskedAndStops) {
  Write("1.10.0");
  std::jthread runner([this](std::stop_token stop) { reload_.Run(milliseconds(0), stop); });
  reload_.Request();
  while (InForce() != "acme-1.10.0") std::this_thread::yield();
  runner.request_stop();
  runner.join();
}

TEST(StateOnDiskTest, PassesOverWhatNoPackReads) {
  const insightd::testing::TempFolder folder;
  const RuleSources sources{.packs = {"base"}, .packs_folder = folder / "packs"};
  const std::string nothing = StateOnDisk(sources);
  fs::create_directories(folder / "packs/.hidden");
  std::ofstream(folder / "packs/README") << "not a pack\n";
  EXPECT_EQ(StateOnDisk(sources), nothing);
  fs::create_directories(folder / "packs/acme/.git");
  const std::string empty = StateOnDisk(sources);
  EXPECT_NE(empty, nothing);
  std::ofstream(folder / "packs/acme/.git/index") << "x";
  EXPECT_EQ(StateOnDisk(sources), empty);
}

TEST(LoadRulesTest, APackThatExtendsBaseBringsItAlong) {
  const insightd::testing::TempFolder folder;
  std::ofstream(folder / "pack.yaml") << "name: local\nversion: 1\nextends: base\noverrides:\n"
                                         "  - {rule: CLUSTER_VERSION_INFO, enabled: false}\n";
  const auto loaded = LoadRulesWithFiles({folder / ""});
  ASSERT_TRUE(loaded) << loaded.error().text;
  ASSERT_EQ(loaded->pack->packs.size(), 2u);
  EXPECT_EQ(loaded->pack->packs[0].name, "base");
  EXPECT_FALSE(loaded->IsAsked(loaded->pack->rules.front()));
  const auto named = LoadRulesWithFiles({"base", folder / ""});
  ASSERT_TRUE(named);
  EXPECT_EQ(named->pack->packs.size(), 2u);
  EXPECT_TRUE(named->IsAsked(named->pack->rules.front()));
}

TEST(LoadRulesTest, SaysWhatCannotBeRead) {
  const auto loaded = LoadRulesWithFiles({"/nowhere/pack"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit, ExitCode::kUnreadable);
  EXPECT_THAT(loaded.error().text, HasSubstr("no such folder and no such file"));
}

TEST(LoadRulesTest, AFolderOfPacksThatCannotBeReadIsNotTakenForAnEmptyOne) {
  const insightd::testing::TempFolder folder;
  std::ofstream(folder / "packs") << "a file\n";
  const auto loaded = LoadRulesFrom({.packs = {"base"}, .packs_folder = folder / "packs"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit, ExitCode::kUnreadable);
  EXPECT_TRUE(LoadRulesFrom({.packs = {"base"}, .packs_folder = folder / "absent"}));
}

TEST(LoadRulesTest, ASignatureCannotBeRequiredOfNobody) {
  const auto loaded = LoadRulesFrom({.packs = {"base"}, .signature_required = true});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit, ExitCode::kUsage);
  EXPECT_FALSE(LoadRulesFrom({.packs = {"base"}, .trusted_keys = {"/nowhere/key.pem"}}));
  EXPECT_FALSE(LoadRulesFrom({})) << "no pack at all";
}

}  // namespace
}  // namespace insightd::app
