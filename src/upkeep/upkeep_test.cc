// Dead letters from the bus to people and back, and cleaning, over the embedded parts.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/log_printer.h"
#include "base/testing/temp_folder.h"
#include "blob/embedded/embedded_blob.h"
#include "blob/testing/forward_store.h"
#include "bus/dead_letter.h"
#include "bus/embedded/embedded_bus.h"
#include "store/embedded/embedded_store.h"
#include "store/testing/forward_store.h"
#include "upkeep/cleaner.h"
#include "upkeep/dead_letters.h"
#include "upkeep/letter_keeper.h"
#include "upkeep/waiting.h"

namespace insightd::upkeep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class TestClock final : public Clock {
 public:
  // Starts at the machine's time: files have that.
  Time Now() const override { return start_ + set_ + microseconds(moved_); }
  microseconds Steady() const override { return microseconds(moved_); }
  void Advance(microseconds by) { moved_ += by.count(); }
  void Set(microseconds forward) { set_ += forward; }

 private:
  const Time start_ = SystemClock().Now();
  microseconds set_{0};
  std::atomic<std::int64_t> moved_{0};
};

// Does not know its bytes, as S3; was listed as often as `lists` says.
class CountedBlobs final : public blob::testing::ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> List(const std::function<bool(const blob::Object&)>& visit) override {
    ++lists;
    if (listing) listing();
    return ForwardStore::List(visit);
  }
  std::int64_t BytesHeld() override { return -1; }
  // A directory says how full its disk is.
  std::optional<blob::Disk> FindDisk() override { return std::nullopt; }

  int lists = 0;
  std::function<void()> listing;
};

// Refuses batches with a letter whose request id begins with "bad", as a database does whose index
// does not take it; fails the next calls as it is told.
class RefusingStore final : public store::testing::ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> PutDeadLetters(std::span<const store::DeadLetter> letters) override {
    ++puts;
    if (failure) return Fail(*std::exchange(failure, std::nullopt));
    for (const store::DeadLetter& letter : letters) {
      if (letter.request_id.starts_with("bad")) return Fail(Code::kInvalid, "no room in an index");
    }
    return ForwardStore::PutDeadLetters(letters);
  }

  int puts = 0;
  std::optional<Error> failure;
};

class UpkeepTest : public ::testing::Test {
 protected:
  UpkeepTest() {
    auto store = store::OpenEmbeddedStore({.path = folder_ / "store.db", .clock = &clock_});
    INSIGHTD_ASSERT(store);
    store_ = *std::move(store);
    auto blobs = blob::OpenEmbeddedBlob(
        {.folder = folder_ / "blob", .free_bytes_min = 0, .background = false});
    INSIGHTD_ASSERT(blobs);
    blobs_ = *std::move(blobs);
    bus::EmbeddedBusOptions options{.path = folder_ / "bus.db",
                                    .topics = {{.name = "announce"}},
                                    .background = false,
                                    .clock = &clock_};
    for (const std::string& topic : settings_.dead_letter_topics) {
      options.topics.push_back({.name = topic});
    }
    auto bus = bus::OpenEmbeddedBus(options);
    INSIGHTD_ASSERT(bus);
    bus_ = *std::move(bus);
    keeper_ = std::make_unique<LetterKeeper>(*bus_, *store_, settings_);
    INSIGHTD_ASSERT(keeper_->Open());
  }

  void SetAside(const std::string& request_id, std::int64_t offset = 7,
                const std::string& code = "corrupt") {
    const bus::Message failed{
        .position = {"announce", 0, offset},
        .record = {.key = "k",
                   .value = "the bytes",
                   .headers = {{"service", "openshift"}, {"none", std::nullopt}}}};
    Produce(settings_.dead_letter_topics[0], bus::WrapDeadLetter(failed, {.stage = "unpack",
                                                                          .code = code,
                                                                          .reason = "cut short",
                                                                          .request_id = request_id,
                                                                          .cluster = "c",
                                                                          .archive = request_id}));
  }
  void Produce(const std::string& topic, bus::Record record) {
    bus_->producer().Produce(topic, std::move(record), [](const Result<bus::Position>& position) {
      INSIGHTD_ASSERT(position);
    });
    INSIGHTD_ASSERT(bus_->producer().Flush(seconds(0)));
  }
  std::vector<store::DeadLetter> Letters() { return store_->ListDeadLetters({}).value(); }

  void Upload(const std::string& key, std::size_t bytes = 1000) {
    auto writer = blobs_->Create(key);
    INSIGHTD_ASSERT(writer && (*writer)->Append(std::string(bytes, 'x')));
    (*writer)->Commit([](const Result<void>& done) { INSIGHTD_ASSERT(done); });
  }
  void Store(const std::string& cluster, int second, const std::string& key) {
    const store::ClusterResult result{.org_id = 1,
                                      .cluster = cluster,
                                      .request_id = key,
                                      .last_checked = Time(seconds(second)),
                                      .report = "{}",
                                      .archive = key};
    INSIGHTD_ASSERT(store_->Put({&result, 1}));
  }
  // Of a million bytes each: a1, which a2 has replaced, b1, later c1, and one without an end.
  void UploadOfThreeClusters() {
    for (const char* key : {"a1", "a2", "b1", "c1", "in-work"}) Upload(key, 1'000'000);
    Store("a", 1, "a1");
    Store("a", 2, "a2");
    clock_.Advance(seconds(1));
    Store("b", 1, "b1");
    clock_.Advance(seconds(1));
    Store("c", 1, "c1");
  }
  Cleaner MakeCleaner(Cleaner::UploadsWait uploads_wait = {}) {
    return Cleaner(*blobs_, *store_, clock_, registry_, settings_, std::move(uploads_wait));
  }
  Cleaner::UploadsWait WaitingIn(std::set<std::string> topics) {
    return [this, topics = std::move(topics)] { return DoRecordsWait(*bus_, topics); };
  }
  bool Has(const std::string& key) { return blobs_->Stat(key).has_value(); }
  static void CleanAll(Cleaner& cleaner) {
    for (Result<bool> more = true; *more;) {
      more = cleaner.Step();
      ASSERT_TRUE(more) << more.error().message();
    }
  }

  testing::TempFolder folder_;
  TestClock clock_;
  metrics::Registry registry_;
  Settings settings_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<LetterKeeper> keeper_;
};

// ---- Dead letters ----

TEST_F(UpkeepTest, KeepsLettersOfBothTopics) {
  SetAside("r1");
  Produce(settings_.dead_letter_topics[1], {.key = {}, .value = "foreign", .headers = {}});

  EXPECT_TRUE(keeper_->Step().value());

  EXPECT_FALSE(keeper_->Step().value());
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].topic, "announce");
  EXPECT_EQ(letters[0].offset, 7);
  EXPECT_EQ(letters[0].reason, "cut short");
  EXPECT_EQ(letters[0].archive, "r1");
  EXPECT_EQ(letters[1].topic, settings_.dead_letter_topics[1]);
  EXPECT_EQ(store_->FindUpload("r1")->end, store::UploadEnd::kDeadLetter);
}

TEST_F(UpkeepTest, ALetterThatComesTwiceIsKeptOnce) {
  SetAside("r1");
  SetAside("r1");
  EXPECT_TRUE(keeper_->Step().value());
  EXPECT_EQ(Letters().size(), 1U);
}

TEST_F(UpkeepTest, ALetterThatTheStoreRefusesIsToldAndHoldsUpNoOther) {
  RefusingStore refusing(*store_);
  LetterKeeper keeper(*bus_, refusing, settings_);
  keeper_.reset();
  ASSERT_TRUE(keeper.Open());
  for (int i = 0; i < 40; ++i) SetAside(i == 17 ? "bad" : "r" + std::to_string(i), i);
  refusing.failure = Error(Code::kUnavailable, "away");
  EXPECT_EQ(keeper.Step().error().code(), Code::kUnavailable) << "tried again as a whole";
  EXPECT_TRUE(Letters().empty());

  std::vector<std::string> told;
  log::SetPrinter([&](const log::Record& record) {
    if (record.level != log::Level::kError) return std::string();
    told.emplace_back(record.msg);
    for (const log::Field& field : record.fields) {
      told.push_back(fmt::format("{}: {}", field.name,
                                 std::holds_alternative<std::string_view>(field.value)
                                     ? std::string(std::get<std::string_view>(field.value))
                                     : std::to_string(std::get<std::int64_t>(field.value))));
    }
    return std::string();
  });
  EXPECT_TRUE(keeper.Step().value());
  log::SetPrinter(nullptr);

  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 39U);
  EXPECT_EQ(letters[17].offset, 18) << "in their order";
  EXPECT_LE(refusing.puts, 14);
  EXPECT_THAT(told, AllOf(Contains(HasSubstr("refuses this dead letter")).Times(1),
                          Contains("topic: " + settings_.dead_letter_topics[0]),
                          Contains("partition: 0"), Contains(HasSubstr("offset: ")),
                          Contains("error: no room in an index; it was set aside for: cut short")));
  SetAside("later", 50);
  EXPECT_TRUE(keeper.Step().value());
  EXPECT_EQ(Letters().size(), 40U);
  EXPECT_FALSE(keeper.Step().value()) << "all are committed";
}

TEST_F(UpkeepTest, ARefusedLetterIsPassedOverAlsoAlone) {
  RefusingStore refusing(*store_);
  LetterKeeper keeper(*bus_, refusing, settings_);
  keeper_.reset();
  ASSERT_TRUE(keeper.Open());
  SetAside("bad" + std::string(6'000, 'x'));
  EXPECT_TRUE(keeper.Step().value());
  EXPECT_FALSE(keeper.Step().value());
  EXPECT_TRUE(Letters().empty());
}

TEST_F(UpkeepTest, PassesOverALetterAboutAnArchiveThatHasDoneItsWork) {
  Store("c", 1, "done");
  SetAside("done", 7, "not_found");
  SetAside("lost", 8, "not_found");
  EXPECT_TRUE(keeper_->Step().value());
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].request_id, "lost");
}

TEST_F(UpkeepTest, AReplayedLetterIsTheRecordThatCameAndIsGone) {
  auto consumer = bus_->Subscribe("pipeline", {"announce"});
  SetAside("r1");
  EXPECT_TRUE(keeper_->Step().value());
  const std::int64_t id = Letters().at(0).id;

  ASSERT_TRUE(ReplayDeadLetter(*store_, *bus_, id, seconds(1)));

  const auto messages = (*consumer)->Poll(10, milliseconds(0), {});
  ASSERT_EQ(messages->size(), 1U);
  EXPECT_EQ(messages->at(0).record.key, "k");
  EXPECT_EQ(messages->at(0).record.value, "the bytes");
  ASSERT_EQ(messages->at(0).record.headers.size(), 2U);
  EXPECT_EQ(messages->at(0).record.headers[0].name, "service");
  EXPECT_EQ(messages->at(0).record.headers[1].value, std::nullopt);
  EXPECT_TRUE(Letters().empty());
  EXPECT_EQ(ReplayDeadLetter(*store_, *bus_, id, seconds(1)).error().code(), Code::kNotFound);
}

TEST_F(UpkeepTest, ALetterOfARecordWithoutAValueSaysSoAndIsNotReplayed) {
  const bus::Message failed{
      .position = {"announce", 0, 3},
      .record = {.key = "k", .value = {}, .headers = {}, .timestamp = {}, .no_value = true}};
  Produce(settings_.dead_letter_topics[0], bus::WrapDeadLetter(failed, {.stage = "parse"}));
  EXPECT_TRUE(keeper_->Step().value());
  const std::int64_t id = Letters().at(0).id;
  EXPECT_TRUE(store_->GetDeadLetter(id)->no_value);
  EXPECT_NE(ReplayDeadLetter(*store_, *bus_, id, seconds(1)).error().message().find("has no value"),
            std::string::npos);
  EXPECT_EQ(Letters().size(), 1U);
}

TEST_F(UpkeepTest, ALetterWithoutOriginCannotBeReplayed) {
  Produce(settings_.dead_letter_topics[1], {.key = {}, .value = "foreign", .headers = {}});
  EXPECT_TRUE(keeper_->Step().value());
  const auto replayed = ReplayDeadLetter(*store_, *bus_, Letters().at(0).id, seconds(1));
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code(), Code::kInvalid);
  EXPECT_EQ(Letters().size(), 1U);
}

TEST_F(UpkeepTest, ALetterWithoutValueCannotBeReplayed) {
  const bus::Message failed{.position = {"announce", 3, 9},
                            .record = {.key = "k", .value = "too long", .headers = {}}};
  Produce(settings_.dead_letter_topics[0],
          bus::WrapDeadLetter(failed, {.stage = "produce", .code = "too_large"}, false));
  EXPECT_TRUE(keeper_->Step().value());
  const auto replayed = ReplayDeadLetter(*store_, *bus_, Letters().at(0).id, seconds(1));
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code(), Code::kInvalid);
  EXPECT_NE(replayed.error().message().find("announce, partition 3, offset 9"), std::string::npos)
      << replayed.error().message();
  EXPECT_EQ(Letters().size(), 1U);
}

TEST_F(UpkeepTest, ADroppedLetterLetsItsArchiveGo) {
  Upload("r1");
  SetAside("r1");
  EXPECT_TRUE(keeper_->Step().value());
  Cleaner cleaner = MakeCleaner();
  clock_.Advance(std::chrono::hours(24 * 80));
  CleanAll(cleaner);
  EXPECT_TRUE(Has("r1"));

  ASSERT_TRUE(DropDeadLetter(*store_, Letters().at(0).id));

  clock_.Advance(std::chrono::hours(25));
  CleanAll(cleaner);
  EXPECT_FALSE(Has("r1"));
  EXPECT_EQ(DropDeadLetter(*store_, 1).error().code(), Code::kNotFound);
}

TEST_F(UpkeepTest, TheKeeperRunsUntilItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(keeper_->Run(stop.get_token()));
}

// ---- Cleaning ----

TEST_F(UpkeepTest, ReplacedArchivesGoAfterADayTheNewestStays) {
  for (const char* key : {"r1", "r2", "in-work"}) Upload(key);
  Store("c", 1, "r1");
  Store("c", 2, "r2");
  Cleaner cleaner = MakeCleaner();
  CleanAll(cleaner);
  EXPECT_TRUE(Has("r1"));

  clock_.Advance(std::chrono::hours(25));
  CleanAll(cleaner);

  EXPECT_FALSE(Has("r1"));
  EXPECT_TRUE(Has("r2"));
  EXPECT_TRUE(Has("in-work"));
}

TEST_F(UpkeepTest, AboveTheLimitReplacedArchivesGoFirstThenTheOldestOfTheNewest) {
  UploadOfThreeClusters();
  settings_.blob_bytes_max = 3'500'000;
  Cleaner cleaner = MakeCleaner();
  CleanAll(cleaner);
  EXPECT_FALSE(Has("a1"));
  EXPECT_FALSE(Has("a2"));
  EXPECT_TRUE(Has("b1"));
  EXPECT_TRUE(Has("c1"));
  EXPECT_TRUE(Has("in-work"));
  EXPECT_EQ(store_->Meta(1, "a")->request_id, "a2") << "the result stays";

  settings_.blob_bytes_max = 1'000;
  Cleaner stricter = MakeCleaner();
  CleanAll(stricter);
  EXPECT_FALSE(Has("c1"));
  EXPECT_TRUE(Has("in-work")) << "what has no result yet is never removed";
}

TEST_F(UpkeepTest, RefusesUploadsOnlyWhileWhatMustStayIsOverTheLimit) {
  for (const char* key : {"a1", "in-work"}) Upload(key, 1'000'000);
  Store("a", 1, "a1");
  settings_.blob_bytes_max = 500'000;
  Cleaner cleaner = MakeCleaner();
  EXPECT_TRUE(cleaner.Step().value());
  EXPECT_TRUE(blobs_->Create("next")) << "something could go";
  CleanAll(cleaner);
  const auto refused = blobs_->Create("next");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNoRoom);
  EXPECT_THAT(refused.error().message(), HasSubstr("blob.bytes_max is 500000; raise it"));
  EXPECT_TRUE(Has("in-work"));

  Store("b", 1, "in-work");
  CleanAll(cleaner);
  EXPECT_TRUE(blobs_->Create("next"));
}

TEST_F(UpkeepTest, MoreThanMayBeHeldIsSeenBetweenTwoRounds) {
  settings_.blob_bytes_max = 500'000;
  settings_.clean_interval_s = 86'400;
  Cleaner cleaner = MakeCleaner();
  Upload("first", 400'000);
  std::jthread cleaning([&](std::stop_token stop) { EXPECT_TRUE(cleaner.Run(std::move(stop))); });
  const auto comes = [](const std::function<bool()>& is_there) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (!is_there() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    return is_there();
  };
  ASSERT_TRUE(comes([&] {
    return registry_.Text().find("insightd_blob_room_bytes 500000\n") != std::string::npos;
  })) << "the first round has looked";
  Upload("second", 400'000);
  ASSERT_TRUE(comes([&] { return !blobs_->Create("next"); }));
  const auto refused = blobs_->Create("next");
  EXPECT_THAT(refused.error().message(), HasSubstr("blob.bytes_max is 500000"));
}

TEST_F(UpkeepTest, ForANewestOneThatHasToGoALittleMoreGoes) {
  for (int i = 0; i < 200; ++i) {
    const std::string key = std::to_string(i);
    Upload(key, 1'000);
    Store("c" + key, 1, key);
    clock_.Advance(seconds(1));
  }
  settings_.blob_bytes_max = 199'000;
  Cleaner cleaner = MakeCleaner();
  CleanAll(cleaner);
  EXPECT_EQ(blobs_->BytesHeld(), 197'000) << "99 %, in whole archives";
  EXPECT_FALSE(Has("2"));
  EXPECT_TRUE(Has("3"));
}

// ---- Archives that are counted ----

TEST_F(UpkeepTest, CountedArchivesAboveTheLimitGoOldestFirstToo) {
  UploadOfThreeClusters();
  CountedBlobs counted(*blobs_);
  settings_.blob_bytes_max = 3'500'000;
  Cleaner cleaner(counted, *store_, clock_, registry_, settings_);
  CleanAll(cleaner);
  EXPECT_TRUE(Has("a1")) << "nobody knows yet";
  ASSERT_TRUE(cleaner.Count({}));
  EXPECT_THAT(registry_.Text(), HasSubstr("\ninsightd_blob_bytes 5000000\n"));
  CleanAll(cleaner);
  EXPECT_FALSE(Has("a1"));
  EXPECT_FALSE(Has("a2"));
  EXPECT_TRUE(Has("b1"));
  EXPECT_TRUE(Has("c1"));
  EXPECT_THAT(registry_.Text(), HasSubstr("\ninsightd_blob_bytes 3000000\n"));
  EXPECT_THAT(registry_.Text(), HasSubstr("\ninsightd_blob_room_bytes 3500000\n"));
}

TEST_F(UpkeepTest, CountedArchivesThatMustStayLeadToARefusalUntilTheyNeedNot) {
  for (const char* key : {"a1", "in-work"}) Upload(key, 1'000'000);
  Store("a", 1, "a1");
  settings_.blob_bytes_max = 500'000;
  CountedBlobs counted(*blobs_);
  Cleaner cleaner(counted, *store_, clock_, registry_, settings_);
  ASSERT_TRUE(cleaner.Count({}));
  CleanAll(cleaner);
  EXPECT_FALSE(Has("a1"));
  const auto refused = counted.Create("next");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("blob.bytes_max is 500000; raise it"));

  Cleaner restarted(counted, *store_, clock_, registry_, settings_);
  CleanAll(restarted);
  EXPECT_FALSE(counted.Create("next")) << "nothing was counted yet";

  Store("b", 1, "in-work");
  CleanAll(cleaner);
  EXPECT_FALSE(Has("in-work")) << "by what the count has told, without another one";
  EXPECT_TRUE(counted.Create("next"));
  EXPECT_EQ(counted.lists, 1);
}

TEST_F(UpkeepTest, CountingTakesATenthOfTheTimeAtMost) {
  Upload("a", 1'000);
  CountedBlobs counted(*blobs_);
  settings_.blob_bytes_max = 500'000;
  settings_.count_interval_s = 300;
  Cleaner cleaner(counted, *store_, clock_, registry_, settings_);
  const auto lists_after = [&](seconds passed) {
    clock_.Advance(passed);
    EXPECT_TRUE(!cleaner.IsCountDue() || cleaner.Count({}));
    return counted.lists;
  };
  EXPECT_EQ(lists_after(seconds(0)), 1);
  EXPECT_EQ(lists_after(seconds(299)), 1);
  counted.listing = [this] { clock_.Advance(seconds(100)); };
  EXPECT_EQ(lists_after(seconds(1)), 2);
  EXPECT_EQ(lists_after(seconds(899)), 2);
  EXPECT_EQ(lists_after(seconds(1)), 3);
  std::stop_source stop;
  counted.listing = [&stop] { stop.request_stop(); };
  clock_.Advance(seconds(900));
  EXPECT_TRUE(cleaner.Count(stop.get_token()));
  EXPECT_THAT(registry_.Text(), HasSubstr("\ninsightd_blob_bytes 1000\n"))
      << "half a count is none";
}

TEST_F(UpkeepTest, ArchivesAreNotCountedWhereThereIsNoLimit) {
  for (const char* key : {"a1", "a2"}) Upload(key, 1'000'000);
  Store("a", 1, "a1");
  Store("a", 2, "a2");
  CountedBlobs counted(*blobs_);
  Cleaner cleaner(counted, *store_, clock_, registry_, settings_);
  blobs_->RefuseNew(Error(Code::kNoRoom, "there was a limit"));
  EXPECT_FALSE(cleaner.IsCountDue());
  CleanAll(cleaner);
  EXPECT_EQ(counted.lists, 0);
  EXPECT_TRUE(Has("a1"));
  EXPECT_TRUE(counted.Create("next"));
  ASSERT_TRUE(cleaner.Search({}));
  EXPECT_THAT(registry_.Text(), HasSubstr("\ninsightd_blob_bytes 2000000\n"));
  EXPECT_THAT(registry_.Text(), Not(HasSubstr("insightd_blob_room_bytes"))) << "no share of it";
}

TEST_F(UpkeepTest, WarnsOnceOfADiskThatOthersHaveFilled) {
  blobs_ = blob::OpenEmbeddedBlob({.folder = folder_ / "blob",
                                   .free_bytes_min = std::uint64_t{1} << 60,
                                   .background = false})
               .value();
  std::vector<std::string> lines;
  log::SetPrinter([&](const log::Record& record) {
    lines.emplace_back(record.msg);
    return std::string();
  });
  Cleaner cleaner = MakeCleaner();
  CleanAll(cleaner);
  CleanAll(cleaner);
  log::SetPrinter(nullptr);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(folder_ / "blob"), HasSubstr("bytes are free"),
                                    HasSubstr("blob.free_bytes_min leaves 0")))
                         .Times(1));
  const std::string metrics = registry_.Text();
  EXPECT_THAT(metrics, HasSubstr("\ninsightd_blob_disk_usable_bytes 0\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("\ninsightd_blob_disk_bytes 0\n")));
}

TEST_F(UpkeepTest, WarnsOnceWellBeforeThereIsNoRoom) {
  std::vector<std::string> lines;
  log::SetPrinter([&](const log::Record& record) {
    lines.emplace_back(record.msg);
    return std::string();
  });
  settings_.blob_bytes_max = 1'000'000;
  Cleaner cleaner = MakeCleaner();
  Upload("a", 790'000);
  CleanAll(cleaner);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("raise blob.bytes_max"))));
  Upload("b", 20'000);
  CleanAll(cleaner);
  CleanAll(cleaner);
  EXPECT_THAT(lines, Contains(HasSubstr("raise blob.bytes_max")).Times(1));
  log::SetPrinter(nullptr);
}

TEST_F(UpkeepTest, ForgetsHistoryButNotTheCurrentOnes) {
  Store("c", 1, "r1");
  Store("c", 2, "r2");
  Cleaner cleaner = MakeCleaner();
  clock_.Advance(std::chrono::hours(24 * 91));
  CleanAll(cleaner);
  EXPECT_EQ(store_->FindUpload("r1").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindUpload("r2")->end, store::UploadEnd::kStored);
}

TEST_F(UpkeepTest, HistoryOverItsLimitGoesWhateverItsAge) {
  for (int i = 1; i <= 4; ++i) Store("c", i, "r" + std::to_string(i));
  settings_.history_rows_max = 2;
  Cleaner cleaner = MakeCleaner();
  CleanAll(cleaner);
  EXPECT_EQ(store_->FindUpload("r2").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindUpload("r3")->end, store::UploadEnd::kReplaced);
  EXPECT_EQ(store_->FindUpload("r4")->end, store::UploadEnd::kStored);
}

TEST_F(UpkeepTest, WithoutABlobStoreOnlyHistoryIsCleaned) {
  Store("c", 1, "r1");
  Store("c", 2, "r2");
  Cleaner cleaner(nullptr, *store_, clock_, registry_, settings_);
  clock_.Advance(std::chrono::hours(24 * 91));
  CleanAll(cleaner);
  EXPECT_EQ(cleaner.Search({}).value(), 0U);
  EXPECT_EQ(store_->FindUpload("r1").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->ReleasedArchives(clock_.Now(), 10)->size(), 1U) << "left for who can remove it";
}

TEST_F(UpkeepTest, SearchRemovesOnlyOldArchivesThatBelongToNothing) {
  const auto pipeline = bus_->Subscribe("pipeline", {"announce"});
  for (const char* key : {"current", "dead", "orphan"}) Upload(key);
  Store("c", 1, "current");
  SetAside("dead");
  EXPECT_TRUE(keeper_->Step().value());
  Cleaner cleaner = MakeCleaner(WaitingIn({"announce", settings_.dead_letter_topics[0]}));
  EXPECT_EQ(cleaner.Search({}).value(), 0U) << "so young that it may be on its way to the bus";

  clock_.Advance(std::chrono::hours(24 * 91));
  CleanAll(cleaner);
  EXPECT_EQ(cleaner.Search({}).value(), 1U);

  EXPECT_TRUE(Has("current"));
  EXPECT_TRUE(Has("dead"));
  EXPECT_FALSE(Has("orphan"));
}

TEST_F(UpkeepTest, SearchRemovesNothingUnknownWhileAnAnnouncementWaits) {
  for (const char* key : {"announced", "replaced"}) Upload(key);
  Store("c", 1, "replaced");
  Store("c", 2, "newest");
  Produce("announce", {.key = {}, .value = "announced", .headers = {}});
  clock_.Advance(std::chrono::hours(24 * 91));
  Cleaner cleaner = MakeCleaner(WaitingIn({"announce"}));

  EXPECT_EQ(cleaner.Search({}).value(), 1U);
  EXPECT_TRUE(Has("announced")) << "nobody reads it yet";
  EXPECT_FALSE(Has("replaced")) << "it has its end";

  const auto pipeline = bus_->Subscribe("pipeline", {"announce"});
  const auto messages = (*pipeline)->Poll(10, milliseconds(0), {});
  ASSERT_EQ(messages->size(), 1U);
  EXPECT_EQ(cleaner.Search({}).value(), 0U);
  EXPECT_TRUE(Has("announced")) << "it is in work";

  ASSERT_TRUE((*pipeline)->Commit(messages->at(0).position));
  EXPECT_EQ(cleaner.Search({}).value(), 1U);
  EXPECT_FALSE(Has("announced")) << "nothing came of it";
}

TEST_F(UpkeepTest, SearchRemovesNothingUnknownSoonAfterTheClockWasSet) {
  Cleaner cleaner = MakeCleaner();
  Upload("kept");
  clock_.Set(std::chrono::hours(24 * 91));
  EXPECT_EQ(cleaner.Search({}).value(), 0U) << "it may be about to be announced";
  clock_.Advance(kSettled - std::chrono::minutes(1));
  EXPECT_EQ(cleaner.Search({}).value(), 0U);
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(cleaner.Search({}).value(), 1U);
  EXPECT_FALSE(Has("kept"));
}

TEST_F(UpkeepTest, SearchRemovesNothingUnknownWhileADeadLetterWaits) {
  const auto pipeline = bus_->Subscribe("pipeline", {"announce"});
  Upload("dead");
  SetAside("dead");
  clock_.Advance(std::chrono::hours(24 * 91));
  Cleaner cleaner = MakeCleaner(WaitingIn({"announce", settings_.dead_letter_topics[0]}));
  EXPECT_EQ(cleaner.Search({}).value(), 0U);
  EXPECT_TRUE(keeper_->Step().value());
  EXPECT_EQ(cleaner.Search({}).value(), 0U);
  EXPECT_TRUE(Has("dead"));
}

}  // namespace
}  // namespace insightd::upkeep
