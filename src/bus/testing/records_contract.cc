// Records: what comes out is what went in, and nothing goes in that may not.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "bus/dead_letter.h"
#include "bus/testing/contract.h"

namespace insightd::bus::testing {
namespace {

TEST_P(BusContract, ARecordComesAsItWasProduced) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const Record record{.key = "k",
                      .value = std::string("\0\xff", 2),
                      .headers = {{"a", "1"},
                                  {"a", "2"},
                                  {"", ""},
                                  {"b", std::string("\0", 1)},
                                  {"none", std::nullopt}},
                      .timestamp = Time(milliseconds(1'790'000'000'123))};
  const auto position = ProduceAndWait(*bus, topic_, record);
  ASSERT_TRUE(position) << position.error().message();
  EXPECT_EQ(position->topic, topic_);

  const auto messages = Take(*consumer, 1);

  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].position.topic, position->topic);
  EXPECT_EQ(messages[0].position.partition, position->partition);
  EXPECT_EQ(messages[0].position.offset, position->offset);
  EXPECT_EQ(messages[0].record.key, "k");
  EXPECT_EQ(messages[0].record.value, record.value);
  EXPECT_EQ(messages[0].record.timestamp, record.timestamp);
  ASSERT_EQ(messages[0].record.headers.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(messages[0].record.headers[i].name, record.headers[i].name);
    EXPECT_EQ(messages[0].record.headers[i].value, record.headers[i].value);
  }
  EXPECT_EQ(*messages[0].record.FindHeader("a"), "2") << "the last of that name";
  EXPECT_EQ(messages[0].record.FindHeader("none"), nullptr);
}

TEST_P(BusContract, AnEmptyRecordIsARecordAndGetsTheTime) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const Time before = SystemClock().Now();
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, {}));
  const auto messages = Take(*consumer, 1);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].record.key, "");
  EXPECT_EQ(messages[0].record.value, "");
  EXPECT_TRUE(messages[0].record.headers.empty());
  EXPECT_GE(messages[0].record.timestamp, before - seconds(60));
  EXPECT_LE(messages[0].record.timestamp, SystemClock().Now() + seconds(60));
}

TEST_P(BusContract, OddHeadersComeAsTheyWere) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  Record record{.key = {}, .value = "v", .headers = {}};
  for (int i = 0; i < 5000; ++i) {
    record.headers.push_back({i % 7 == 0 ? "" : "h" + std::to_string(i % 100),
                              std::string(static_cast<std::size_t>(i % 50), '\xfe')});
  }
  record.headers.push_back({std::string(30'000, 'n'), ""});
  record.headers.push_back({"snowman \xe2\x98\x83", "\xe2\x98\x83"});
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, record));
  const auto messages = Take(*consumer, 1);
  ASSERT_EQ(messages.size(), 1U);
  ASSERT_EQ(messages[0].record.headers.size(), record.headers.size());
  for (std::size_t i = 0; i < record.headers.size(); ++i) {
    ASSERT_EQ(messages[0].record.headers[i].name, record.headers[i].name);
    ASSERT_EQ(messages[0].record.headers[i].value, record.headers[i].value);
  }
}

TEST_P(BusContract, ARecordWithoutAValueIsNoEmptyOneAlsoAsADeadLetter) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const Record removal{
      .key = "k", .value = {}, .headers = {{"a", "1"}}, .timestamp = {}, .no_value = true};
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, removal));
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, {.key = "k", .value = {}, .headers = {}}));
  const Message failed{{"announcements", 3, 77}, removal};
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, WrapDeadLetter(failed, {.stage = "parse"})));

  const auto messages = Take(*consumer, 3);

  ASSERT_EQ(messages.size(), 3U);
  EXPECT_TRUE(messages[0].record.no_value);
  EXPECT_EQ(messages[0].record.key, "k");
  ASSERT_EQ(messages[0].record.headers.size(), 1U);
  EXPECT_EQ(messages[0].record.headers[0].value, "1");
  EXPECT_FALSE(messages[1].record.no_value);
  const DeadLetter letter = UnwrapDeadLetter(messages[2]);
  EXPECT_TRUE(letter.record.no_value);
  EXPECT_EQ(letter.failure.stage, "parse");
  EXPECT_EQ(letter.origin.offset, 77);
  EXPECT_EQ(letter.record.headers.size(), 1U);
}

TEST_P(BusContract, ADeadLetterComesBackAsTheRecordThatFailed) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const Message failed{
      {"announcements", 3, 77},
      {.key = "cluster",
       .value = std::string("\0{broken", 8),
       .headers = {{"service", "openshift"}, {"service", ""}, {"", "x"}, {"none", std::nullopt}},
       .timestamp = Time(microseconds(1'790'000'000'123'456))}};
  const Failure failure{.stage = "unpack",
                        .code = "corrupt",
                        .reason = std::string(10'000, 'r'),
                        .tries = 3,
                        .first_failed = Time(microseconds(1)),
                        .last_failed = Time(microseconds(2)),
                        .request_id = "0123",
                        .org_id = 5,
                        .cluster = "c"};
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, WrapDeadLetter(failed, failure)));
  const auto messages = Take(*consumer, 1);
  ASSERT_EQ(messages.size(), 1U);

  const DeadLetter letter = UnwrapDeadLetter(messages[0]);

  EXPECT_EQ(letter.origin.topic, "announcements");
  EXPECT_EQ(letter.origin.partition, 3);
  EXPECT_EQ(letter.origin.offset, 77);
  EXPECT_EQ(letter.record.key, failed.record.key);
  EXPECT_EQ(letter.record.value, failed.record.value);
  EXPECT_EQ(letter.record.timestamp, failed.record.timestamp) << "to the microsecond";
  ASSERT_EQ(letter.record.headers.size(), 4U);
  EXPECT_EQ(letter.record.headers[1].name, "service");
  EXPECT_EQ(letter.record.headers[1].value, "");
  EXPECT_EQ(letter.record.headers[2].value, "x");
  EXPECT_EQ(letter.record.headers[3].value, std::nullopt) << "as it came, not empty";
  EXPECT_EQ(letter.failure.stage, "unpack");
  EXPECT_EQ(letter.failure.tries, 3);
  EXPECT_EQ(letter.failure.org_id, 5);
}

TEST_P(BusContract, ALargeRecordPassesAndATooLargeOneIsRefused) {
  options_.record_bytes_max = 10'000'000;
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  std::string value(9'999'999, 'x');
  for (std::size_t i = 0; i < value.size(); i += 7) value[i] = static_cast<char>(i * 2654435761U);
  const auto produced =
      ProduceAndWait(*bus, topic_, {.key = "k", .value = value, .headers = {{"h", "v"}}});
  ASSERT_TRUE(produced) << produced.error().message();
  const auto refused = ProduceAndWait(*bus, topic_, {.key = "kk", .value = value, .headers = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kTooLarge);
  EXPECT_NE(refused.error().message().find("record_bytes_max"), std::string::npos);
  ASSERT_TRUE(ProduceAndWait(*bus, topic_, {.key = {}, .value = "1", .headers = {}}));

  const auto messages = Take(*consumer, 2);

  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(messages[0].record.value == value);
  EXPECT_EQ(messages[1].record.value, "1");
}

TEST_P(BusContract, HeadersHaveALimitOfTheirOwn) {
  options_.header_bytes_max = 1'000;
  const auto bus = Open();
  const auto refused = ProduceAndWait(
      *bus, topic_, {.key = {}, .value = "v", .headers = {{"h", std::string(1'000, 'x')}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kTooLarge);
}

TEST_P(BusContract, AnUnknownTopicFailsAtOnce) {
  const auto bus = Open();
  const auto unknown = ProduceAndWait(*bus, engine_->Name("nowhere"), {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kNotFound);
  const auto consumer = bus->Subscribe(engine_->Name("g"), {engine_->Name("nowhere")});
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().code(), Code::kNotFound);
}

TEST_P(BusContract, RecordsOfOneKeyAreInOnePartitionAndInOrder) {
  options_.topics = {{"t", 8}};
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 400, 20);
  std::map<std::string, std::pair<std::int32_t, int>> last;
  std::set<std::int32_t> used;
  const auto messages = Take(*consumer, 400);
  ASSERT_EQ(messages.size(), 400U);
  for (const Message& message : messages) {
    used.insert(message.position.partition);
    const auto [at, first] = last.try_emplace(message.record.key, message.position.partition, -1);
    EXPECT_EQ(at->second.first, message.position.partition);
    EXPECT_GT(NumberOf(message), at->second.second);
    at->second.second = NumberOf(message);
  }
  EXPECT_GT(used.size(), 3U);
}

TEST_P(BusContract, ManyProducersEachKeepTheirOrder) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] { ProduceNumbers(*bus, t * 1000, 500); });
  }
  for (auto& thread : threads) thread.join();

  std::map<int, int> last;
  const auto messages = Take(*consumer, 2000, 100);
  ASSERT_EQ(messages.size(), 2000U);
  std::int64_t offset = -1;
  for (const Message& message : messages) {
    EXPECT_GT(message.position.offset, offset);
    offset = message.position.offset;
    const int number = NumberOf(message);
    const auto [at, first] = last.try_emplace(number / 1000, number);
    if (!first) {
      EXPECT_EQ(number, at->second + 1);
    }
    at->second = number;
  }
}

TEST_P(BusContract, AQueueThatIsFullFailsAtOnceAndEachRecordHasOneCallback) {
  options_.queue_bytes_max = 200'000;
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const auto alone =
      ProduceAndWait(*bus, topic_, {.key = {}, .value = std::string(200'001, 'x'), .headers = {}});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code(), Code::kUnavailable);
  EXPECT_NE(alone.error().message().find("queue_bytes_max"), std::string::npos);

  std::atomic<std::size_t> delivered = 0;
  std::atomic<std::size_t> refused = 0;
  for (int i = 0; i < 2000; ++i) {
    bus->producer().Produce(topic_, {.key = {}, .value = std::string(10'000, 'x'), .headers = {}},
                            [&](const Result<Position>& position) {
                              ++(position ? delivered : refused);
                              if (!position) {
                                EXPECT_EQ(position.error().code(), Code::kUnavailable);
                              }
                            });
  }
  ASSERT_TRUE(bus->producer().Flush(kPatience));
  EXPECT_EQ(delivered + refused, 2000U);
  EXPECT_GT(refused, 0U);
  EXPECT_GE(delivered, 19U);
  EXPECT_EQ(Take(*consumer, delivered).size(), delivered);
}

TEST_P(BusContract, AfterAFlushAllThatWasHandedOverHasHadItsCallback) {
  const auto bus = Open();
  std::atomic<int> called = 0;
  for (int round = 1; round <= 5; ++round) {
    for (int i = 0; i < 300; ++i) {
      bus->producer().Produce(topic_, {.key = {}, .value = "x", .headers = {}},
                              [&](const Result<Position>&) { ++called; });
    }
    ASSERT_TRUE(bus->producer().Flush(kPatience));
    EXPECT_EQ(called, round * 300);
  }
}

TEST_P(BusContract, ADeliveryMayProduceTheNextRecord) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  bus->producer().Produce(
      topic_, {.key = {}, .value = "1", .headers = {}}, [&](const Result<Position>&) {
        bus->producer().Produce(topic_, {.key = {}, .value = "2", .headers = {}},
                                [](const Result<Position>&) {});
      });
  EXPECT_EQ(Numbers(Take(*consumer, 2)), (std::vector<int>{1, 2}));
  ASSERT_TRUE(bus->producer().Flush(kPatience));
}

TEST_P(BusContract, CloseWaitsForWhatWasHandedOver) {
  std::atomic<int> delivered = 0;
  {
    const auto bus = Open();
    for (int i = 0; i < 200; ++i) {
      bus->producer().Produce(topic_, {.key = {}, .value = "1", .headers = {}},
                              [&](const Result<Position>& position) {
                                if (position) ++delivered;
                              });
    }
    bus->Close(kPatience);
    EXPECT_EQ(delivered, 200);
    const auto late = ProduceAndWait(*bus, topic_, {.key = {}, .value = "late", .headers = {}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Code::kUnavailable);
  }
  const auto bus = Open();
  EXPECT_EQ(Take(*Subscribe(*bus, "g"), 200).size(), 200U);
}

}  // namespace
}  // namespace insightd::bus::testing
