#include "writer/writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "base/gzip.h"
#include "base/sqlite.h"
#include "base/testing/temp_folder.h"
#include "bus/dead_letter.h"
#include "bus/embedded/embedded_bus.h"
#include "store/embedded/embedded_store.h"
#include "store/testing/forward_store.h"

namespace insightd::writer {
namespace {

class TestClock final : public Clock {
 public:
  Time Now() const override { return Time(std::chrono::hours(24 * 20'000)) + microseconds(now_); }
  microseconds Steady() const override { return microseconds(now_); }
  void Advance(microseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000};
};

// The real store, which fails when it is told to.
class FaultyStore {
 public:
  // Fails the next calls of Put, in this order; nothing: that call passes.
  std::deque<std::optional<Error>> failures;
  std::vector<std::size_t> batches;  // sizes of the calls of Put
  std::function<void()> in_put = [] {};

  explicit FaultyStore(store::Store& inner) : proxy_(inner, *this) {}
  store::Store& store() { return proxy_; }

 private:
  class Proxy final : public store::testing::ForwardStore {
   public:
    Proxy(store::Store& inner, FaultyStore& owner) : ForwardStore(inner), owner_(owner) {}
    Result<std::vector<store::PutOutcome>> Put(
        std::span<const store::ClusterResult> results) override {
      owner_.batches.push_back(results.size());
      owner_.in_put();
      if (!owner_.failures.empty()) {
        const std::optional<Error> failure = owner_.failures.front();
        owner_.failures.pop_front();
        if (failure) return Fail(*failure);
      }
      return ForwardStore::Put(results);
    }
    Result<std::vector<store::PutOutcome>> PutWorkloads(
        std::span<const store::ClusterWorkloads> workloads) override {
      owner_.batches.push_back(workloads.size());
      return ForwardStore::PutWorkloads(workloads);
    }

   private:
    FaultyStore& owner_;
  };
  Proxy proxy_;
};

const std::string kTracker = "platform.payload-status";

std::string ClusterName(int number) {
  return fmt::format("00000000-0000-0000-0000-{:012}", number);
}

std::string Message(int cluster, std::string_view request_id, std::string_view last_checked,
                    std::string_view details = R"({"x": 1})") {
  return fmt::format(
      R"({{"OrgID": 1, "ClusterName": "{}", "LastChecked": "{}", "Version": 2, "RequestId": "{}",)"
      R"( "Metadata": {{"gathering_time": "2025-01-01T00:00:00Z"}}, "Report": {{"system": {{}},)"
      R"( "fingerprints": [], "reports": [{{"component": "a.b.report", "key": "K",)"
      R"( "details": {}}}], "skips": [], "info": []}}}})",
      ClusterName(cluster), last_checked, request_id, details);
}

// On workloads of one namespace, or none.
std::string WorkloadsMessage(int cluster, std::string_view request_id,
                             std::string_view last_checked, std::string_view name_space = "N1") {
  const std::string recommendation =
      name_space.empty()
          ? ""
          : fmt::format(R"({{"response_id": "a|K", "component": "p.external.dvo.a.recommendation",)"
                        R"( "key": "K", "details": {{}}, "workloads": [{{"namespace": "n",)"
                        R"( "namespace_uid": "{}", "kind": "DaemonSet", "uid": "U"}}]}})",
                        name_space);
  return fmt::format(
      R"({{"OrgID": 1, "ClusterName": "{}", "LastChecked": "{}", "Version": 2, "RequestId": "{}",)"
      R"( "AccountNumber": 9, "Metrics": {{"workload_recommendations": [{}]}}}})",
      ClusterName(cluster), last_checked, request_id, recommendation);
}

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    auto store = store::OpenEmbeddedStore({.path = folder_ / "store.db", .clock = &clock_});
    INSIGHTD_ASSERT(store);
    store_ = *std::move(store);
    faulty_ = std::make_unique<FaultyStore>(*store_);
  }

  void Open(bool background = false) {
    auto bus = bus::OpenEmbeddedBus(
        {.path = folder_ / "bus.db",
         .topics = {{.name = settings_.results_topic, .partitions = 2},
                    {.name = settings_.dead_letter_topic, .groups = {"letters"}},
                    {.name = settings_.workloads_topic},
                    {.name = settings_.workloads_dead_letter_topic, .groups = {"letters"}},
                    {.name = kTracker, .groups = {"tracker"}}},
         .background = background,
         .clock = background ? nullptr : &clock_});
    INSIGHTD_ASSERT(bus);
    bus_ = *std::move(bus);
    OpenWriter(background);
  }
  void OpenWriter(bool background = false, Messages messages = Messages::kResults) {
    writer_ = std::make_unique<Writer>(
        Doors{*bus_, faulty_->store(),
              background ? SystemClock() : static_cast<const Clock&>(clock_), registry_, &pulse_},
        settings_, "test-1", messages);
    INSIGHTD_ASSERT(writer_->Open());
  }
  void Produce(std::string value, std::vector<bus::Header> headers = {}) {
    bus_->producer().Produce(
        settings_.results_topic,
        {.key = "one", .value = std::move(value), .headers = std::move(headers)},
        [](const Result<bus::Position>& position) { INSIGHTD_ASSERT(position); });
    INSIGHTD_ASSERT(bus_->producer().Flush(seconds(10)));
  }
  bool Step() {
    const auto stepped = writer_->Step();
    INSIGHTD_ASSERT(stepped);
    return *stepped;
  }
  std::vector<bus::DeadLetter> Letters() {
    INSIGHTD_ASSERT(bus_->producer().Flush(seconds(10)));
    auto consumer = bus_->Subscribe("letters", {settings_.dead_letter_topic});
    std::vector<bus::DeadLetter> letters;
    const auto messages = (*consumer)->Poll(100, milliseconds(0), {});
    for (const bus::Message& message : *messages) letters.push_back(bus::UnwrapDeadLetter(message));
    return letters;
  }
  // Of the payload tracker's topic: "received r1".
  std::vector<std::string> Statuses() {
    INSIGHTD_ASSERT(bus_->producer().Flush(seconds(10)));
    auto consumer = bus_->Subscribe("tracker", {kTracker});
    std::vector<std::string> statuses;
    const auto messages = (*consumer)->Poll(100, milliseconds(0), {});
    for (const bus::Message& message : *messages) {
      const auto document = json::Parse(message.record.value).value();
      statuses.push_back(fmt::format("{} {}", document.root()["status"].StringOr(""),
                                     document.root()["request_id"].StringOr("")));
    }
    return statuses;
  }
  void ProduceTo(const std::string& topic, std::string value) {
    bus_->producer().Produce(topic, {.key = "one", .value = std::move(value), .headers = {}},
                             [](const Result<bus::Position>& at) { INSIGHTD_ASSERT(at); });
    INSIGHTD_ASSERT(bus_->producer().Flush(seconds(10)));
  }
  std::vector<store::StoredWorkloads> Workloads(int cluster) {
    return store_->Workloads(1, ClusterName(cluster)).value();
  }
  std::int64_t Lag() {
    const auto member = bus_->Subscribe(settings_.group, {settings_.results_topic});
    std::int64_t records = 0;
    for (const bus::PartitionLag& lag : bus_->Lag()) {
      if (lag.group == settings_.group) records += lag.records;
    }
    return records;
  }

  testing::TempFolder folder_;
  TestClock clock_;
  Pulse pulse_{clock_};
  metrics::Registry registry_;
  Settings settings_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<FaultyStore> faulty_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, AHeaderThatIsNoCountSaysNothing) {
  Open();
  std::int64_t number = 0;
  for (const char* passes : {"-7", "5abc", "", " 5", "2147483648", "99999999999999999999"}) {
    ++number;
    Produce(Message(number, "r" + std::to_string(number), "2024-01-01T00:00:00Z"),
            {{"insightd-passes", passes}});
    EXPECT_TRUE(Step());
    EXPECT_EQ(store_->Meta(1, ClusterName(number))->counts.passes, -1) << passes;
  }
}

TEST_F(WriterTest, StoresAResultWithWhatItsHeadersSay) {
  Open();
  EXPECT_FALSE(Step());
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"),
          {{"insightd-archive", "r1"}, {"insightd-passes", "117"}});

  EXPECT_TRUE(Step());

  const auto meta = store_->Meta(1, ClusterName(1)).value();
  EXPECT_EQ(meta.request_id, "r1");
  EXPECT_EQ(meta.counts.passes, 117);
  EXPECT_EQ(store_->UsesOf(std::vector<std::string>{"r1"})->at(0), store::ArchiveUse::kNewest);
  EXPECT_EQ(store_->NewestArchives(1)->size(), 1U);
  EXPECT_EQ(Lag(), 0);
  EXPECT_FALSE(Step());
}

TEST_F(WriterTest, HalfOfASurrogatePairIsStoredAsAnotherSign) {
  Open();
  Produce(Message(1, "r\\ud800", "2024-01-01T00:00:00Z", R"({"x": "\udc00"})"));

  EXPECT_TRUE(Step());

  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r\uFFFD");
  EXPECT_EQ(store_->Report(1, ClusterName(1), "")->hits.at(0).details, "{\"x\":\"\uFFFD\"}");
  EXPECT_TRUE(Letters().empty());
}

TEST_F(WriterTest, AWriterThatHangsInTheStoreIsNamedWithItsStep) {
  Open();
  EXPECT_FALSE(Step());
  clock_.Advance(2 * Pulse::kStepMax);
  EXPECT_EQ(HungText(pulse_), "") << "nothing comes";
  std::string seen;
  faulty_->in_put = [&] {
    clock_.Advance(Pulse::kStepMax + seconds(1));
    seen = HungText(pulse_);
  };
  faulty_->failures.emplace_back(Error(Code::kUnavailable, "the database is away"));
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));

  EXPECT_TRUE(Step());

  EXPECT_EQ(seen, "writer: store has lasted 301 s, more than the 300 s of a step\n");
  clock_.Advance(2 * Pulse::kStepMax);
  EXPECT_EQ(HungText(pulse_), "") << "waits for its next try";
}

TEST_F(WriterTest, AReportOfWhichNoRuleCouldJudgeAnythingLeavesTheStoredOne) {
  Open();
  const auto nothing = [](std::string_view request_id, std::string_view skips = "[]",
                          std::string_view info = "[]") {
    return fmt::format(
        R"({{"OrgID": 1, "ClusterName": "{}", "LastChecked": "2024-01-02T00:00:00Z",)"
        R"( "Version": 2, "RequestId": "{}", "Report": {{"system": {{}}, "fingerprints": [],)"
        R"( "reports": [], "skips": {}, "info": {}}}}})",
        ClusterName(1), request_id, skips, info);
  };
  const std::vector<bus::Header> no_pass = {{"insightd-passes", "0"}};
  Produce(nothing("first"), no_pass);
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "first") << "there was none";

  Produce(Message(1, "r1", "2024-01-02T00:00:00Z"), {{"insightd-passes", "117"}});
  Produce(nothing("r2", R"([{"rule_fqdn": "a.b", "reason": "MISSING_REQUIREMENTS"}])"), no_pass);
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  EXPECT_EQ(store_->FindUpload("r2")->end, store::UploadEnd::kEmpty);

  // Each of these says something.
  Produce(nothing("r3"), {{"insightd-passes", "1"}});
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r3");
  Produce(nothing("r4", R"([{"rule_fqdn": "a.b", "reason": "RULE_ERROR"}])"), no_pass);
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r4");
  Produce(nothing("r5", "[]", R"([{"info_id": "a|B", "key": "B"}])"), no_pass);
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r5");
  // Of another pipeline it is a clean report.
  Produce(nothing("r6"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r6");
}

TEST_F(WriterTest, StoresManyInOneTransaction) {
  Open();
  for (int i = 0; i < 50; ++i) Produce(Message(i, std::to_string(i), "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(faulty_->batches, std::vector<std::size_t>{50});
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, AnOlderResultAndTheSameOneAgainAreDone) {
  Open();
  Produce(Message(1, "new", "2024-01-02T00:00:00Z"));
  Produce(Message(1, "old", "2024-01-01T00:00:00Z"));
  Produce(Message(1, "new", "2024-01-02T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "new");
  EXPECT_EQ(store_->FindUpload("old")->end, store::UploadEnd::kOvertaken);
  EXPECT_TRUE(Letters().empty());
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, WhatIsNoResultBecomesADeadLetterAndTheRestIsStored) {
  Open();
  Produce("no JSON", {{"service", "openshift"}});
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  Produce(Message(2, "r2", "yesterday"));

  EXPECT_TRUE(Step());

  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].record.value, "no JSON");
  EXPECT_EQ(letters[0].record.key, "one");
  EXPECT_EQ(letters[0].record.headers.size(), 1U);
  EXPECT_EQ(letters[0].origin.topic, settings_.results_topic);
  EXPECT_EQ(letters[0].failure.stage, "parse");
  EXPECT_EQ(letters[0].failure.code, "invalid");
  EXPECT_EQ(letters[0].failure.build, "test-1");
  EXPECT_EQ(letters[1].failure.request_id, "r2");
  EXPECT_EQ(letters[1].failure.cluster, ClusterName(2));
  EXPECT_TRUE(letters[1].failure.reason.starts_with("parsing time")) << letters[1].failure.reason;
  EXPECT_EQ(Lag(), 0);
  auto database = sqlite::Database::Open(folder_ / "store.db", {});
  EXPECT_EQ((*database)->Number("SELECT count(*) FROM consumer_error").value(), 2);
}

TEST_F(WriterTest, RowsThatTheDatabaseRefusesAreFoundByHalving) {
  Open();
  auto database = sqlite::Database::Open(folder_ / "store.db", {});
  ASSERT_TRUE((*database)->Execute(
      "CREATE TRIGGER poison BEFORE INSERT ON rule_hit WHEN NEW.template_data LIKE '%poison%' "
      "BEGIN SELECT raise(ABORT, 'poisoned'); END"));
  for (int i = 0; i < 32; ++i) {
    Produce(Message(i, "r" + std::to_string(i), "2024-01-01T00:00:00Z",
                    i == 5 || i == 30 ? R"({"x": "poison"})" : "{}"));
  }

  EXPECT_TRUE(Step());

  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(store_->Meta(1, ClusterName(i)).has_value(), i != 5 && i != 30) << i;
  }
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].failure.request_id, "r5");
  EXPECT_EQ(letters[0].failure.stage, "store");
  EXPECT_NE(letters[0].failure.reason.find("poisoned"), std::string::npos);
  EXPECT_EQ(letters[1].failure.request_id, "r30");
  EXPECT_LE(faulty_->batches.size(), 20U);
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, OfOneClusterTheOrderIsKeptWhenHalving) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  Produce(Message(1, "r2", "2024-01-02T00:00:00Z"));
  faulty_->failures = {Error(Code::kInvalid, "one of them")};
  EXPECT_TRUE(Step());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2, 1, 1}));
  EXPECT_EQ(store_->FindUpload("r1")->end, store::UploadEnd::kReplaced);
}

TEST_F(WriterTest, AStoreThatIsAwayIsTriedAgainWithGrowingDelay) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  faulty_->failures = {Error(Code::kUnavailable, "away"), Error(Code::kTimeout, "late")};
  EXPECT_TRUE(Step());
  EXPECT_FALSE(Step()) << "not before the delay has passed";
  clock_.Advance(milliseconds(settings_.retry_delay_ms_min));
  EXPECT_TRUE(Step());
  clock_.Advance(milliseconds(settings_.retry_delay_ms_min));
  EXPECT_FALSE(Step()) << "the second delay is longer";
  EXPECT_EQ(Lag(), 1);
  clock_.Advance(milliseconds(settings_.retry_delay_ms_min));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, WhatWasStoredBeforeTheStoreWentAwayIsNotStoredAgain) {
  Open();
  for (int i = 0; i < 4; ++i) Produce(Message(i, std::to_string(i), "2024-01-01T00:00:00Z"));
  faulty_->failures = {Error(Code::kInvalid, "one"), std::nullopt,
                       Error(Code::kUnavailable, "away")};
  EXPECT_TRUE(Step());
  clock_.Advance(seconds(60));
  EXPECT_TRUE(Step());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{4, 2, 2, 2}));
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, WhatNobodyCanMendEndsTheRole) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  faulty_->failures = {Error(Code::kInternal, "the file is damaged")};
  const auto stepped = writer_->Step();
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code(), Code::kInternal);
}

TEST_F(WriterTest, ABatchInWorkComesAgainAfterACrash) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  faulty_->failures = {Error(Code::kUnavailable, "away")};
  EXPECT_TRUE(Step());
  writer_.reset();
  OpenWriter();
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
}

TEST_F(WriterTest, RunStoresWhatComesAndStops) {
  Open(true);
  std::stop_source stop;
  auto ran = std::async(std::launch::async, [&] { return writer_->Run(stop.get_token()); });
  for (int i = 0; i < 200; ++i) Produce(Message(i, std::to_string(i), "2024-01-01T00:00:00Z"));
  Produce("no result");
  // All have one key, so that the letter comes behind everything else.
  auto letters = bus_->Subscribe("letters", {settings_.dead_letter_topic});
  EXPECT_EQ((*letters)->Poll(10, seconds(30), {})->size(), 1U);
  stop.request_stop();
  EXPECT_TRUE(ran.get());
  EXPECT_EQ(store_->Meta(1, ClusterName(199))->request_id, "199");
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, ResultsOneBehindTheOtherShareTransactions) {
  settings_.batch_linger_ms = 1'000;
  Open(true);
  for (const int i : {1, 2}) Produce(Message(i, std::to_string(i), "2024-01-01T00:00:00Z"));
  std::promise<void> second;
  faulty_->in_put = [&] {
    if (faulty_->batches.size() == 1) Produce(Message(3, "3", "2024-01-01T00:00:00Z"));
    if (faulty_->batches.size() == 2) second.set_value();
  };
  std::stop_source stop;
  auto ran = std::async(std::launch::async, [&] { return writer_->Run(stop.get_token()); });
  std::this_thread::sleep_for(milliseconds(100));
  Produce(Message(4, "4", "2024-01-01T00:00:00Z"));
  EXPECT_EQ(second.get_future().wait_for(seconds(30)), std::future_status::ready);
  stop.request_stop();
  EXPECT_TRUE(ran.get());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2, 2}));
}

// ---- Workloads, gzip, the tracker, organisations ----

TEST_F(WriterTest, StoresWorkloadsFromATopicOfTheirOwn) {
  Open();
  OpenWriter(false, Messages::kWorkloads);
  const std::string& topic = settings_.workloads_topic;
  ProduceTo(topic, WorkloadsMessage(1, "r1", "2024-01-01T00:00:00Z"));
  ProduceTo(topic, WorkloadsMessage(2, "r2", "2024-01-01T00:00:00Z"));
  ProduceTo(topic, WorkloadsMessage(1, "r0", "2023-01-01T00:00:00Z", "N0"));

  EXPECT_TRUE(Step());

  EXPECT_EQ(faulty_->batches, std::vector<std::size_t>{3});
  ASSERT_EQ(Workloads(1).size(), 1U);
  EXPECT_EQ(Workloads(1)[0].workloads.id, "N1");
  EXPECT_EQ(Workloads(1)[0].workloads.hits, R"({"p.external.dvo.a|K":1})");
  EXPECT_EQ(Workloads(2).size(), 1U);
  const std::string text = registry_.Text();
  EXPECT_NE(text.find(R"(insightd_workloads_total{outcome="stored"} 2)"), text.npos);
  EXPECT_NE(text.find(R"(insightd_workloads_total{outcome="older"} 1)"), text.npos);
  EXPECT_NE(text.find("written_reports 2"), text.npos);
  EXPECT_TRUE(Letters().empty());
}

TEST_F(WriterTest, NoNamespacesTakeThePlaceOfSomeAndEmptyMetricsOfNone) {
  Open();
  OpenWriter(false, Messages::kWorkloads);
  const std::string& topic = settings_.workloads_topic;
  ProduceTo(topic, WorkloadsMessage(1, "r1", "2024-01-01T00:00:00Z"));
  ProduceTo(topic, WorkloadsMessage(2, "r1", "2024-01-01T00:00:00Z"));
  ProduceTo(topic, WorkloadsMessage(1, "r2", "2024-01-02T00:00:00Z", ""));
  ProduceTo(topic,
            fmt::format(R"({{"OrgID": 1, "ClusterName": "{}", "Metrics": {{}}}})", ClusterName(2)));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(Workloads(1).empty());
  EXPECT_EQ(Workloads(2).size(), 1U);
  // The older one does not come back.
  ProduceTo(topic, WorkloadsMessage(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(Workloads(1).empty());
  EXPECT_NE(registry_.Text().find("messages_with_empty_rule_execution_result 1"),
            std::string::npos);
  EXPECT_TRUE(Letters().empty());
}

TEST_F(WriterTest, WhatIsNotOnWorkloadsBecomesADeadLetterOfTheirTopic) {
  Open();
  OpenWriter(false, Messages::kWorkloads);
  ProduceTo(settings_.workloads_topic, Message(1, "r1", "2024-01-01T00:00:00Z"));
  ProduceTo(settings_.workloads_topic, WorkloadsMessage(1, "r2", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(Workloads(1).size(), 1U);
  EXPECT_TRUE(Letters().empty());
  auto consumer = bus_->Subscribe("letters", {settings_.workloads_dead_letter_topic});
  const auto messages = (*consumer)->Poll(10, milliseconds(0), {});
  ASSERT_EQ(messages->size(), 1U);
  const bus::DeadLetter letter = bus::UnwrapDeadLetter(messages->front());
  EXPECT_EQ(letter.failure.reason, "missing required attribute 'Metrics'");
  EXPECT_EQ(letter.failure.request_id, "r1");
  EXPECT_EQ(letter.origin.topic, settings_.workloads_topic);
}

TEST_F(WriterTest, AWriterOfEachKindWorkSideBySide) {
  Open();
  Writer workloads({*bus_, faulty_->store(), clock_, registry_}, settings_, "test-1",
                   Messages::kWorkloads);
  ASSERT_TRUE(workloads.Open());
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  ProduceTo(settings_.workloads_topic, WorkloadsMessage(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(workloads.Step().value());
  EXPECT_FALSE(Step());
  EXPECT_FALSE(workloads.Step().value());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  EXPECT_EQ(Workloads(1).size(), 1U);
}

TEST_F(WriterTest, ReadsGzippedMessagesWithinTheirLimit) {
  settings_.message_bytes_max = 100'000;
  Open();
  const std::string bomb = gzip::Deflate(std::string(5'000'000, ' '));
  Produce(gzip::Deflate(Message(1, "r1", "2024-01-01T00:00:00Z")));
  Produce(bomb);
  Produce(gzip::Deflate(Message(2, "r2", "2024-01-01T00:00:00Z")).substr(0, 50));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  const auto letters = Letters();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].record.value, bomb) << "as it came";
  EXPECT_EQ(letters[0].failure.code, "too_large");
  EXPECT_NE(letters[0].failure.reason.find("writer.message_bytes_max (100000)"), std::string::npos);
  EXPECT_EQ(letters[1].failure.code, "corrupt");
  EXPECT_EQ(Lag(), 0);
}

// Of 60,000 bytes, and few hundred as they come.
std::string LongMessage(int cluster, std::string_view request_id,
                        std::string_view last_checked = "2024-01-01T00:00:00Z") {
  return gzip::Deflate(Message(cluster, request_id, last_checked,
                               R"({"x": ")" + std::string(60'000, 'x') + R"("})"));
}

TEST_F(WriterTest, ABatchEndsWhereItIsLargeOnceInflated) {
  settings_.batch_bytes_max = 100'000;
  Open();
  for (int i = 0; i < 5; ++i) Produce(LongMessage(i, std::to_string(i)));

  EXPECT_TRUE(Step());

  EXPECT_EQ(faulty_->batches, std::vector<std::size_t>{2});
  EXPECT_FALSE(store_->Meta(1, ClusterName(2)));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(Step());
  EXPECT_FALSE(Step());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2, 2, 1}));
  EXPECT_TRUE(store_->Meta(1, ClusterName(4)));
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, WhatWaitsForItsBatchIsStoredBeforeWhatComesLater) {
  settings_.batch_bytes_max = 1;
  Open();
  Produce(LongMessage(1, "r1", "2024-01-01T00:00:00Z"));
  Produce(LongMessage(1, "r2", "2024-01-02T00:00:00Z"));
  faulty_->failures = {Error(Code::kUnavailable, "away")};
  EXPECT_TRUE(Step());
  Produce(LongMessage(1, "r3", "2024-01-03T00:00:00Z"));
  clock_.Advance(seconds(60));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Step());
  EXPECT_FALSE(Step());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{1, 1, 1, 1}))
      << "one alone above the limit is a batch";
  // Each has taken the place of the one before: none came late.
  EXPECT_EQ(store_->FindUpload("r1")->end, store::UploadEnd::kReplaced);
  EXPECT_EQ(store_->FindUpload("r2")->end, store::UploadEnd::kReplaced);
  EXPECT_EQ(store_->FindUpload("r3")->end, store::UploadEnd::kStored);
}

TEST_F(WriterTest, WhatWaitsForItsBatchIsNotCommittedBefore) {
  settings_.batch_bytes_max = 100'000;
  Open();
  for (int i = 0; i < 5; ++i) Produce(LongMessage(i, std::to_string(i)));
  EXPECT_TRUE(Step());
  writer_.reset();
  EXPECT_EQ(Lag(), 3);

  OpenWriter();
  EXPECT_TRUE(Step());
  EXPECT_TRUE(Step());
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2, 2, 1}));
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, RunGivesBackWhatWaitsForItsBatchWhenItIsStopped) {
  settings_.batch_bytes_max = 100'000;
  Open(true);
  for (int i = 0; i < 7; ++i) Produce(LongMessage(i, std::to_string(i)));
  std::stop_source stop;
  faulty_->in_put = [&] { stop.request_stop(); };
  EXPECT_TRUE(writer_->Run(stop.get_token()));
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2}));
  writer_.reset();
  EXPECT_EQ(Lag(), 5);

  OpenWriter(true);
  while (Step()) {
  }
  EXPECT_EQ(faulty_->batches, (std::vector<std::size_t>{2, 2, 2, 1}));
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, AGroupThatIsSharedAnewMeanwhileLosesNothing) {
  settings_.batch_bytes_max = 100'000;
  Open();
  for (int i = 0; i < 5; ++i) Produce(LongMessage(i, std::to_string(i)));
  EXPECT_TRUE(Step());
  {
    const auto other = bus_->Subscribe(settings_.group, {settings_.results_topic});
    EXPECT_TRUE(Step());
  }
  while (Step()) {
  }
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(store_->Meta(1, ClusterName(i))) << i;
  EXPECT_TRUE(Letters().empty());
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, OfABatchThatEndsEarlyARefusedMessageIsSetAsideAlone) {
  settings_.batch_bytes_max = 100'000;
  Open();
  Produce(LongMessage(0, "0"));
  Produce(gzip::Deflate(std::string(60'000, ' ')));
  Produce(LongMessage(2, "2"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(Letters().size(), 1U);
  EXPECT_FALSE(store_->Meta(1, ClusterName(2)));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(store_->Meta(1, ClusterName(2)));
  EXPECT_EQ(Letters().size(), 1U);
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, BytesThatFitNoColumnAreListedInAFormThatDoes) {
  Open();
  Produce(std::string("\x1f\x8b\x00\xff no text", 13));
  Produce(std::string("{\"a\": \"\0\xfe\"}", 11));
  EXPECT_TRUE(Step());
  EXPECT_EQ(Letters().size(), 2U);
  auto database = sqlite::Database::Open(folder_ / "store.db", {});
  EXPECT_EQ((*database)->Number("SELECT count(*) FROM consumer_error").value(), 2);
}

TEST_F(WriterTest, TellsThePayloadTracker) {
  settings_.payload_tracker_topic = kTracker;
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  Produce(Message(1, "r2", "yesterday"));
  Produce(Message(1, "", "2023-01-01T00:00:00Z"));
  Produce("no JSON");
  Produce(R"({"OrgID": 1, "RequestId": "r3"})");
  EXPECT_TRUE(Step());
  EXPECT_EQ(Statuses(),
            (std::vector<std::string>{"received r1", "processed r1", "success r1", "received r2",
                                      "processed r2", "error r2", "processed r3", "error r3"}));
  EXPECT_NE(registry_.Text().find("produced_messages 11"), std::string::npos) << "with the letters";
}

TEST_F(WriterTest, WithoutATopicTheTrackerIsToldNothing) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_TRUE(Statuses().empty());
}

TEST_F(WriterTest, ATrackerTopicThatIsNotThereHoldsNothingUp) {
  settings_.payload_tracker_topic = "no.such.topic";
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, MessagesOfOrganisationsThatAreNotListedAreSetAside) {
  settings_.org_allowlist_file = folder_ / "allow.csv";
  std::ofstream(settings_.org_allowlist_file) << "OrgID\n2\n";
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_FALSE(store_->Meta(1, ClusterName(1)));
  ASSERT_EQ(Letters().size(), 1U);
  EXPECT_EQ(Lag(), 0);
  settings_.org_allowlist_file = folder_ / "none.csv";
  Writer writer({*bus_, faulty_->store(), clock_, registry_}, settings_, "test-1");
  EXPECT_FALSE(writer.Open());
}

TEST_F(WriterTest, OfSeveralMistakesTheFirstOneOfTheOriginalIsTold) {
  settings_.org_allowlist_file = folder_ / "allow.csv";
  std::ofstream(settings_.org_allowlist_file) << "OrgID\n1\n2147483648\n";
  settings_.org_id_max = 2147483647;
  settings_.payload_tracker_topic = kTracker;
  Open();
  const auto of = [](std::string_view org_id, std::string text) {
    return text.replace(text.find("\"OrgID\": 1"), 10, fmt::format("\"OrgID\": {}", org_id));
  };
  std::string skips = Message(1, "r1", "x");
  skips.replace(skips.find("\"skips\": []"), 11, "\"skips\": 5");
  const std::string of_bad_time = R"(parsing time "x")";
  for (const auto& [message, reason] :
       {std::pair{of("3", Message(1, "r1", "x")), std::string(kNotAllowed)},
        {of("3", skips), std::string(kNotAllowed)},
        {skips, of_bad_time},
        {of("2147483648", Message(1, "r1", "x")), "integer out of range"},
        {of("3", R"({"OrgID": 1, "ClusterName": "00000000-0000-0000-0000-000000000001", )"
                 R"("LastChecked": "x", "RequestId": "r1", "Report": {}})"),
         ""}}) {
    Produce(message);
    EXPECT_TRUE(Step());
    const auto letters = Letters();
    if (reason.empty()) {
      EXPECT_EQ(letters.size(), 4U) << "what is empty is none of theirs";
      EXPECT_EQ(Statuses().back(), "success r1");
    } else {
      EXPECT_NE(letters.back().failure.reason.find(reason), std::string::npos)
          << letters.back().failure.reason;
    }
  }
}

TEST_F(WriterTest, CountsUnderTheNamesOfTheHostedService) {
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  Produce("no JSON");
  EXPECT_TRUE(Step());
  const std::string text = registry_.Text();
  for (const std::string_view line :
       {"consumed_messages 2", "consuming_errors 1", "written_reports 1", "produced_messages 1",
        "successful_messages_processing_time_count 1", "failed_messages_processing_time_count 1",
        "last_checked_timestamp_lag_minutes_count 1",
        "messages_with_empty_rule_execution_result 0"}) {
    EXPECT_NE(text.find(line), text.npos) << line;
  }
}

TEST_F(WriterTest, ANamespaceStandsBeforeThoseNames) {
  settings_.metrics_namespace = "aggregator";
  Open();
  Produce("no JSON");
  EXPECT_TRUE(Step());
  EXPECT_NE(registry_.Text().find("\naggregator_consumed_messages 1"), std::string::npos);
  EXPECT_EQ(registry_.Text().find("\nconsumed_messages"), std::string::npos);
}

TEST_F(WriterTest, WithoutADeadLetterTopicRefusedMessagesAreInConsumerErrorAlone) {
  Open();
  settings_.dead_letter_topic = "";
  OpenWriter();
  Produce("no JSON");
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_EQ(store_->Meta(1, ClusterName(1))->request_id, "r1");
  auto database = sqlite::Database::Open(folder_ / "store.db", {});
  EXPECT_EQ((*database)->Number("SELECT count(*) FROM consumer_error").value(), 1);
  EXPECT_NE(registry_.Text().find("\nproduced_messages 0"), std::string::npos);
  EXPECT_EQ(Lag(), 0);
}

TEST_F(WriterTest, AWriterOfNothingReadsTellsAndPassesOver) {
  settings_.payload_tracker_topic = kTracker;
  settings_.stores_nothing = true;
  Open();
  Produce(Message(1, "r1", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(Step());
  EXPECT_FALSE(store_->Meta(1, ClusterName(1)));
  EXPECT_EQ(Statuses(), (std::vector<std::string>{"received r1", "processed r1", "success r1"}));
  EXPECT_EQ(Lag(), 0);
}

}  // namespace
}  // namespace insightd::writer
