// Copying archives, judging the copies and keeping the reports, one after the other: each flow on
// a bus in memory and on a folder.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "archive/pack.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/testing/temp_folder.h"
#include "blob/embedded/embedded_blob.h"
#include "blob/testing/forward_store.h"
#include "bus/dead_letter.h"
#include "pipeline/copy/copier.h"
#include "pipeline/copy/report_keeper.h"
#include "pipeline/copy/upload.h"
#include "pipeline/pipeline.h"
#include "pipeline/testing/fakes.h"

namespace insightd::pipeline {
namespace {

using testing::FakeBus;
using testing::FakeClock;
using testing::FakeEvaluator;

const std::string kAnnounce = "platform.upload.announce";
const std::string kSynced = "ccx.archive.synced";
const std::string kRulesResults = "ccx.insights.rules.results";
const std::string kDead = "dead";
const std::string kCluster = "11111111-2222-4333-8444-555555555555";
const std::string kKey = "archives/compressed/11/" + kCluster + "/202608/01/100000.tar.gz";

std::string Archive(std::string_view config_id = kCluster, std::string_view more = "") {
  std::vector<archive::PackMember> members = {{"config/version.json", "{}", 1}};
  if (!config_id.empty()) members.push_back({"config/id", config_id, 1});
  if (!more.empty()) members.push_back({"config/more", more, 1});
  return archive::Pack(members).value();
}

Result<void> Put(blob::Store& store, std::string_view key, std::string_view bytes) {
  Result<Upload> upload = Upload::Begin(store, key);
  if (!upload) return Fail(upload.error());
  if (auto written = upload->Append(bytes); !written) return written;
  return upload->Commit();
}

Result<std::string> Get(blob::Store& store, std::string_view key) {
  Result<std::unique_ptr<blob::Reader>> reader = store.Open(key);
  if (!reader) return Fail(reader.error());
  std::string bytes;
  while (true) {
    std::array<char, 1024> part;
    const Result<std::size_t> count = (*reader)->Read(part);
    if (!count) return Fail(count.error());
    if (*count == 0) return bytes;
    bytes.append(part.data(), *count);
  }
}

std::unique_ptr<blob::Store> OpenStore(const std::string& folder) {
  auto store = blob::OpenEmbeddedBlob({.folder = folder, .free_bytes_min = 0});
  INSIGHTD_ASSERT(store);
  return *std::move(store);
}

// A store that is away for so many calls.
class Flaky final : public blob::testing::ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::unique_ptr<blob::Writer>> Create(std::string_view key) override {
    if (failures > 0) {
      --failures;
      return Fail(Code::kUnavailable, "the store is away");
    }
    return ForwardStore::Create(key);
  }
  int failures = 0;
};

class CopyTest : public ::testing::Test {
 protected:
  CopyTest() { log::Configure({.instance = "", .version = "", .level_min = log::Level::kFatal}); }

  void Announce(const std::string& request_id, const std::string& cluster = kCluster,
                const std::string& timestamp = "2026-08-01T12:00:00.123456+02:00") {
    announce::Announcement announcement;
    announcement.url = "blob:" + request_id;
    announcement.request_id = request_id;
    announcement.timestamp = timestamp;
    announcement.b64_identity =
        announce::PrintIdentity(7, cluster, announce::ClusterProof::kUserAgent);
    bus_.topics[kAnnounce].push_back({.key = "",
                                      .value = announce::Print(announcement),
                                      .headers = {{"service", "openshift"}},
                                      .timestamp = {}});
  }
  void Send(const std::string& request_id, const std::string& archive,
            const std::string& cluster = kCluster) {
    ASSERT_TRUE(Put(*store_, request_id, archive));
    Announce(request_id, cluster);
  }

  // All that is there, with a process of its own each time.
  void Run(const std::string& from, const std::string& to, const MakeHandler& make) {
    Settings settings;
    settings.announce_topic = from;
    settings.results_topic = to;
    settings.workloads_topic = "";
    settings.dead_letter_topic = kDead;
    if (from != kAnnounce) settings.service = "";
    Pipeline pipeline({bus_, flaky_, clock_, *random_, registry_}, settings, make, "b");
    ASSERT_TRUE(pipeline.Open());
    for (int idle = 0; idle < 3;) {
      const Result<bool> stepped = pipeline.Step();
      ASSERT_TRUE(stepped) << stepped.error().message();
      idle = *stepped ? 0 : idle + 1;
      clock_.steady += seconds(60);
    }
  }
  void RunCopier() { Run(kAnnounce, kSynced, MakeCopiers({.prefix = "archives/compressed"})); }
  std::string Letter() {
    const auto& letters = bus_.topics[kDead];
    if (letters.size() != 1) return std::to_string(letters.size()) + " letters";
    const auto letter = bus::UnwrapDeadLetter({{kDead, 0, 0}, letters[0]});
    return letter.failure.stage + " " + letter.failure.code;
  }

  insightd::testing::TempFolder folder_;
  std::unique_ptr<blob::Store> store_ = OpenStore(folder_ / "blob");
  Flaky flaky_{*store_};
  FakeBus bus_;
  FakeClock clock_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  metrics::Registry registry_;
};

TEST_F(CopyTest, CopiesAnArchiveUnderItsKeyAndTellsWhere) {
  const std::string archive = Archive();
  Send("r1", archive);
  RunCopier();
  EXPECT_EQ(Get(*store_, kKey).value(), archive);
  ASSERT_EQ(bus_.topics[kSynced].size(), 1U);
  EXPECT_EQ(bus_.topics[kSynced][0].value, "{\"path\": \"" + kKey +
                                               "\", \"original_path\": \"blob:r1\", \"metadata\": "
                                               "{\"cluster_id\": \"" +
                                               kCluster +
                                               "\", \"external_organization\": \"7\"}, "
                                               "\"request_id\": \"r1\"}");
  EXPECT_EQ(bus_.committed[kAnnounce], 0);
}

TEST_F(CopyTest, ReadsTheClusterFromTheArchiveWhereNobodySaidIt) {
  Send("r1", Archive(), "");
  RunCopier();
  EXPECT_TRUE(Get(*store_, kKey));
  Send("r2", Archive(""), "");
  RunCopier();
  EXPECT_EQ(Letter(), "fetch invalid");
}

TEST_F(CopyTest, CopiedAgainNothingIsWrittenAndTheMessageIsTheSame) {
  Send("r1", Archive());
  RunCopier();
  bus_.committed[kAnnounce] = -1;
  RunCopier();
  ASSERT_EQ(bus_.topics[kSynced].size(), 2U);
  EXPECT_EQ(bus_.topics[kSynced][0].value, bus_.topics[kSynced][1].value);
  EXPECT_NE(registry_.Text().find("ccx_process_duration_seconds_sum{archive=\"ocp\"} 0\n"),
            std::string::npos)
      << "it took no time of this clock";
}

TEST_F(CopyTest, TwoArchivesOfOneSecondAreBothKept) {
  Send("r1", Archive());
  Send("r2", Archive(kCluster, "another"));
  RunCopier();
  const std::string beside = kKey.substr(0, kKey.find(".tar")) + "-r2.tar.gz";
  EXPECT_EQ(Get(*store_, kKey).value(), Archive());
  EXPECT_EQ(Get(*store_, beside).value(), Archive(kCluster, "another"));
  bus_.committed[kAnnounce] = -1;
  RunCopier();
  ASSERT_EQ(bus_.topics[kSynced].size(), 4U);
  EXPECT_EQ(bus_.topics[kSynced][1].value, bus_.topics[kSynced][3].value);
}

TEST_F(CopyTest, WhatIsNoWholeArchiveIsSetAsideAndNotCopied) {
  Send("r1", "<html>no such page</html>");
  RunCopier();
  EXPECT_EQ(Letter(), "copy invalid");
  bus_.topics[kDead].clear();
  const std::string archive = Archive();
  Send("r2", archive.substr(0, archive.size() - 9));
  RunCopier();
  EXPECT_EQ(Letter(), "copy corrupt");
  EXPECT_FALSE(Get(*store_, kKey));
  EXPECT_TRUE(bus_.topics[kSynced].empty());
}

TEST_F(CopyTest, AnArchiveThatCannotBeReadFailsWhereItIsFetched) {
  Announce("gone");
  RunCopier();
  EXPECT_EQ(Letter(), "fetch not_found");
}

TEST_F(CopyTest, TriesAgainWhileTheStoreIsAway) {
  Send("r1", Archive());
  flaky_.failures = 3;
  RunCopier();
  EXPECT_TRUE(Get(*store_, kKey));
  EXPECT_EQ(bus_.topics[kSynced].size(), 1U);
  EXPECT_EQ(Letter(), "0 letters");
}

TEST_F(CopyTest, CopiesAreJudgedAndTheirReportsKept) {
  Send("r1", Archive());
  RunCopier();
  const auto judges = MakeJudges([] { return std::make_unique<FakeEvaluator>(); }, Judged::kCopied);
  Run(kSynced, kRulesResults, judges);
  ASSERT_EQ(bus_.topics[kRulesResults].size(), 1U);
  const std::string& result = bus_.topics[kRulesResults][0].value;
  EXPECT_TRUE(result.starts_with("{\"path\": \"" + kKey + "\", \"metadata\": {\"cluster_id\": \"" +
                                 kCluster +
                                 "\", \"external_organization\": \"7\"}, \"report\": {"));
  EXPECT_TRUE(result.ends_with("\"request_id\": \"r1\"}"));

  Run(kRulesResults, "", MakeReportKeepers({}));
  const std::string path = "insights/11/" + kCluster + "/202608/01/100000/insights.json";
  EXPECT_EQ(Get(*store_, path).value(), result);
  EXPECT_EQ(bus_.committed[kRulesResults], 0);
  EXPECT_EQ(Letter(), "0 letters");
}

TEST_F(CopyTest, DurationsAreObservedForEachStep) {
  const auto durations = [this] {
    const std::string text = registry_.Text();
    std::string counts;
    for (const std::string_view name : {"process", "publish"}) {
      const std::string line =
          fmt::format("ccx_{}_duration_seconds_count{{archive=\"ocp\"}} ", name);
      counts += text.substr(text.find(line) + line.size(), 1);
    }
    return counts;
  };
  Send("r1", Archive());
  RunCopier();
  EXPECT_EQ(durations(), "11");
  Run(kSynced, kRulesResults,
      MakeJudges([] { return std::make_unique<FakeEvaluator>(); }, Judged::kCopied));
  EXPECT_EQ(durations(), "22");
  Run(kRulesResults, "", MakeReportKeepers({}));
  EXPECT_EQ(durations(), "33");
}

TEST_F(CopyTest, MessagesThatCannotBeUsedAreSetAside) {
  bus_.topics[kSynced].push_back({.key = "", .value = "{}", .headers = {}, .timestamp = {}});
  bus_.topics[kSynced].push_back({.key = "",
                                  .value = R"({"path":"no/such","metadata":{"cluster_id":"c"}})",
                                  .headers = {},
                                  .timestamp = {}});
  Run(kSynced, kRulesResults,
      MakeJudges([] { return std::make_unique<FakeEvaluator>(); }, Judged::kCopied));
  ASSERT_EQ(bus_.topics[kDead].size(), 2U);
  bus_.topics[kDead].clear();
  bus_.topics[kRulesResults].push_back(
      {.key = "",
       .value = R"({"path":"p","metadata":{"cluster_id":"c"},"report":[]})",
       .headers = {},
       .timestamp = {}});
  Run(kRulesResults, "", MakeReportKeepers({}));
  EXPECT_EQ(Letter(), "parse invalid");
}

TEST(CopySettingsTest, RefusesPatternsThatMakeNoKeys) {
  EXPECT_TRUE(CheckCopySettings({.prefix = "archives/compressed"}));
  EXPECT_TRUE(CheckCopySettings({.prefix = ""}));
  EXPECT_FALSE(CheckCopySettings({.prefix = "/a"}));
  EXPECT_FALSE(CheckCopySettings({.prefix = "a", .pattern = "$report_path"}));
  EXPECT_TRUE(CheckKeepSettings({}));
  EXPECT_FALSE(CheckKeepSettings({.prefix = "", .pattern = "$year"}));
}

TEST(ReportPathTest, IsBesideTheArchive) {
  EXPECT_EQ(ReportPath("archives/compressed/aa/id/202101/20/031044.tar.gz"),
            "insights/aa/id/202101/20/031044/insights.json");
  EXPECT_EQ(ReportPath("x.tar.gz"), "x/insights.json");
}

}  // namespace
}  // namespace insightd::pipeline
