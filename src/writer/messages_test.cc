// Messages as others have written them, good and bad, through bus and writer into the store. The
// data lies beside the checkout; its README says what is expected of each class.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "archive/source.h"
#include "archive/unpack.h"
#include "base/gzip.h"
#include "base/testing/temp_folder.h"
#include "bus/dead_letter.h"
#include "bus/embedded/embedded_bus.h"
#include "results/result.h"
#include "store/embedded/embedded_store.h"
#include "writer/writer.h"

namespace insightd::writer {
namespace {

struct File {
  std::string name;
  std::string value;
};

std::filesystem::path DataFolder() {
  if (const char* given = std::getenv("INSIGHTD_TEST_DATA")) return given;
  return std::filesystem::path(INSIGHTD_SOURCE_DIR) / ".." / "shared" / "data";
}

struct Ended {
  std::vector<File> files;
  std::map<std::string, std::string> refused;  // reason by name of the file
  std::size_t stored = 0;                      // those that are not
};

class MessagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(DataFolder() / "messages")) {
      GTEST_SKIP() << "no " << (DataFolder() / "messages") << " (set INSIGHTD_TEST_DATA)";
    }
  }

  // The JSON messages of a class, or those in the other notation.
  static std::vector<File> Files(const std::string& kind, std::string_view suffix = ".json") {
    archive::FileSource source(DataFolder() / "messages" / (kind + ".tar.gz"));
    archive::Unpacker unpacker;
    const auto tree = unpacker.Unpack(
        source, [suffix](std::string_view name) { return name.ends_with(suffix); }, {});
    INSIGHTD_ASSERT(tree);
    std::vector<File> files;
    for (const archive::Member& member : tree->members()) {
      files.push_back({std::string(member.name), std::string(member.bytes)});
    }
    return files;
  }

  // All through the topic, in one partition, and what became of each.
  Ended Through(std::vector<File> files) {
    const testing::TempFolder folder;
    auto store = store::OpenEmbeddedStore({.path = folder / "store.db"});
    const Settings settings;
    auto bus = bus::OpenEmbeddedBus(
        {.path = folder / "bus.db",
         .topics = {{.name = settings.results_topic},
                    {.name = settings.dead_letter_topic, .groups = {"letters"}}},
         .background = false});
    INSIGHTD_ASSERT(store && bus);
    metrics::Registry registry;
    Writer writer({**bus, **store, SystemClock(), registry}, settings, "test-1");
    INSIGHTD_ASSERT(writer.Open());
    for (const File& file : files) {
      (*bus)->producer().Produce(settings.results_topic,
                                 {.key = "one", .value = file.value, .headers = {}},
                                 [](const Result<bus::Position>& at) { INSIGHTD_ASSERT(at); });
    }
    INSIGHTD_ASSERT((*bus)->producer().Flush(seconds(10)));
    while (writer.Step().value()) {
    }
    Ended ended;
    auto letters = (*bus)->Subscribe("letters", {settings.dead_letter_topic});
    const auto set_aside = (*letters)->Poll(100'000, milliseconds(0), {});
    for (const bus::Message& message : *set_aside) {
      const bus::DeadLetter letter = bus::UnwrapDeadLetter(message);
      const File& file = files.at(static_cast<std::size_t>(letter.origin.offset));
      EXPECT_EQ(letter.record.value, file.value) << file.name;
      EXPECT_FALSE(letter.failure.reason.empty()) << file.name;
      ended.refused[file.name] = letter.failure.reason;
    }
    ended.stored = files.size() - ended.refused.size();
    ended.files = std::move(files);
    auto consumer = (*bus)->Subscribe(settings.group, {settings.results_topic});
    for (const bus::PartitionLag& lag : (*bus)->Lag()) {
      if (lag.group == settings.group) {
        EXPECT_EQ(lag.records, 0);
      }
    }
    return ended;
  }

  void ExpectAllTaken(const std::string& kind, std::size_t count) {
    const Ended ended = Through(Files(kind));
    EXPECT_EQ(ended.files.size(), count) << kind;
    for (const auto& [name, reason] : ended.refused) ADD_FAILURE() << kind << name << reason;
  }
  void ExpectAllRefused(const std::string& kind, std::size_t count, std::string_view reason) {
    const Ended ended = Through(Files(kind));
    EXPECT_EQ(ended.files.size(), count) << kind;
    EXPECT_EQ(ended.stored, 0U) << kind;
    for (const auto& [name, why] : ended.refused) {
      EXPECT_NE(why.find(reason), why.npos) << kind << " " << name << ": " << why;
    }
  }
};

TEST_F(MessagesTest, GoodOnesAreStored) {
  ExpectAllTaken("normal", 19);
  ExpectAllTaken("normal_for_notification_tests", 7);
  ExpectAllTaken("benchmarks_every_tenth", 500);
}

TEST_F(MessagesTest, AVersionThatIsMissingOrUnknownIsOnlyRemarked) {
  ExpectAllTaken("normal_no_version", 19);
  ExpectAllTaken("normal_wrong_version", 19);
  ExpectAllTaken("invalid_no_version", 19);
  ExpectAllTaken("invalid_no_account_number", 19);
}

TEST_F(MessagesTest, WhatLacksAMemberIsRefusedWithItsName) {
  ExpectAllRefused("invalid_no_cluster_name", 19, "missing required attribute 'ClusterName'");
  ExpectAllRefused("invalid_no_organization_id", 19, "missing required attribute 'OrgID'");
  ExpectAllRefused("invalid_no_report", 19, "missing required attribute 'Report'");
  ExpectAllRefused("invalid_no_last_checked", 19, "parsing time");
}

TEST_F(MessagesTest, WhatHasAMemberOfAnotherKindIsRefused) {
  ExpectAllRefused("invalid_string_version", 19, "cannot unmarshal string into field Version");
  ExpectAllRefused("invalid_wrong_org_id", 19, "cannot unmarshal string into field OrgID");
  ExpectAllRefused("invalid_wrong_cluster_name", 19, "cluster name is not a UUID");
  ExpectAllRefused("invalid_wrong_last_checked", 19, "parsing time");
}

TEST_F(MessagesTest, WhatIsNoJsonIsRefused) {
  ExpectAllRefused("invalid", 100, "not JSON");
  for (const char* kind : {"normal", "invalid_wrong_report"}) {
    const Ended ended = Through(Files(kind, ".clj"));
    EXPECT_EQ(ended.files.size(), 19U);
    EXPECT_EQ(ended.stored, 0U) << kind;
  }
}

TEST_F(MessagesTest, BrokenOnesEndAsTheirParserJudgesEach) {
  const Ended ended = Through(Files("broken"));
  EXPECT_EQ(ended.files.size(), 102U);
  json::Parser parser;
  for (const File& file : ended.files) {
    EXPECT_EQ(results::Parse(file.value, parser).has_value(), !ended.refused.contains(file.name))
        << file.name;
    // A surplus member harms nobody; a lack of the five that count does.
    if (file.name.find("added_items") != file.name.npos) {
      EXPECT_FALSE(ended.refused.contains(file.name)) << file.name << ended.refused.at(file.name);
    }
  }
  EXPECT_GT(ended.stored, 0U);
  EXPECT_GT(ended.refused.size(), 0U);
}

TEST_F(MessagesTest, TheSameGzippedEndsTheSame) {
  for (const char* kind : {"normal", "invalid_no_report"}) {
    std::vector<File> files = Files(kind);
    const Ended plain = Through(files);
    for (File& file : files) file.value = gzip::Deflate(file.value);
    const Ended packed = Through(files);
    EXPECT_EQ(plain.refused, packed.refused) << kind;
  }
}

// As they lie one behind the other on a topic that others write to as well.
TEST_F(MessagesTest, BadOnesAmongGoodOnesTakeNoneWithThem) {
  std::vector<File> files;
  std::size_t good = 0;
  for (const char* kind : {"normal", "invalid", "invalid_no_report", "normal_wrong_version",
                           "invalid_wrong_org_id", "normal_for_notification_tests"}) {
    for (File& file : Files(kind)) {
      good += std::string_view(kind).starts_with("normal") ? 1 : 0;
      files.push_back({fmt::format("{}/{}", kind, file.name), std::move(file.value)});
    }
  }
  // Neighbours are of different classes.
  std::stable_sort(files.begin(), files.end(), [](const File& a, const File& b) {
    return std::hash<std::string>()(a.name) < std::hash<std::string>()(b.name);
  });
  EXPECT_EQ(Through(files).stored, good);
}

}  // namespace
}  // namespace insightd::writer
