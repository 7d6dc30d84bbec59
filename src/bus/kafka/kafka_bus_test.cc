// What only Kafka can do to us, on a real broker.
#include "bus/kafka/kafka_bus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "bus/kafka/producer.h"
#include "bus/kafka/testing/brokers.h"
#include "bus/kafka/topics.h"
#include "bus/progress.h"

namespace insightd::bus {
namespace {

using testing::RandomName;
using testing::TestServer;

constexpr seconds kPatience{60};

class KafkaBusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string brokers = TestServer("KAFKA_BROKERS");
    if (brokers.empty()) GTEST_SKIP() << testing::kNoBrokers;
    options_ = testing::TestOptions(brokers);
    options_.topics = {topic_};
    options_.registry = &registry_;
  }

  std::unique_ptr<Bus> Open() {
    auto bus = OpenKafkaBus(options_);
    EXPECT_TRUE(bus) << bus.error().message();
    INSIGHTD_ASSERT(bus);
    return *std::move(bus);
  }
  std::unique_ptr<Consumer> Subscribe(Bus& bus) {
    auto consumer = bus.Subscribe(group_, {topic_});
    INSIGHTD_ASSERT(consumer);
    return *std::move(consumer);
  }
  Result<Position> Produce(Bus& bus, Record record) {
    std::promise<Result<Position>> promise;
    bus.producer().Produce(topic_, std::move(record),
                           [&](Result<Position> position) { promise.set_value(position); });
    return promise.get_future().get();
  }
  void ProduceNumbers(Bus& bus, int first, int until, std::size_t bytes = 10) {
    for (int i = first; i < until; ++i) {
      std::string value = std::to_string(i);
      value.resize(std::max(bytes, value.size()), ' ');
      bus.producer().Produce(
          topic_, {.key = std::to_string(i % 100), .value = std::move(value), .headers = {}},
          [](const Result<Position>& position) {
            EXPECT_TRUE(position) << position.error().message();
          });
    }
    EXPECT_TRUE(bus.producer().Flush(kPatience));
  }
  std::vector<Message> Take(Consumer& consumer, std::size_t count) {
    std::vector<Message> messages;
    const microseconds until = SystemClock().Steady() + kPatience;
    while (messages.size() < count && SystemClock().Steady() < until) {
      auto polled = consumer.Poll(count - messages.size(), seconds(1), {});
      if (!polled) continue;
      for (Message& message : *polled) messages.push_back(std::move(message));
    }
    return messages;
  }
  // A handle without a bus, for what a bus does not do.
  std::shared_ptr<Client> Raw() {
    auto client = Client::Make(Client::Kind::kProducer, options_, {}, no_events_, raw_state_);
    INSIGHTD_ASSERT(client);
    return *client;
  }
  // What the group reads next in each partition; nothing where the brokers do not say.
  std::map<std::int32_t, std::int64_t> GroupOffsets(std::int32_t partitions) {
    const auto raw = Raw();
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; ++p) {
      rd_kafka_topic_partition_list_add(list, topic_.c_str(), p);
    }
    rd_kafka_ListConsumerGroupOffsets_t* request =
        rd_kafka_ListConsumerGroupOffsets_new(group_.c_str(), list);
    rd_kafka_queue_t* queue = rd_kafka_queue_new(raw->get());
    rd_kafka_ListConsumerGroupOffsets(raw->get(), &request, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 10'000);
    std::map<std::int32_t, std::int64_t> next;
    if (event != nullptr && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      std::size_t count = 0;
      const rd_kafka_group_result_t** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
          rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
      const auto* offsets = count > 0 ? rd_kafka_group_result_partitions(groups[0]) : nullptr;
      for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
        next[offsets->elems[i].partition] = std::max<std::int64_t>(offsets->elems[i].offset, 0);
      }
    }
    if (event != nullptr) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    return next;
  }
  // As retention does it: all that is in the log below this offset.
  void DeleteBefore(std::int64_t offset, std::int32_t partitions) {
    const auto raw = Raw();
    rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; ++p) {
      rd_kafka_topic_partition_list_add(before, topic_.c_str(), p)->offset = offset;
    }
    rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(before);
    rd_kafka_queue_t* queue = rd_kafka_queue_new(raw->get());
    rd_kafka_DeleteRecords(raw->get(), &request, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
    ASSERT_NE(event, nullptr);
    ASSERT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(before);
  }
  // What is logged while a bus is opened.
  std::string LogOfOpening() {
    ::testing::internal::CaptureStdout();
    const auto bus = OpenKafkaBus(options_);
    std::string text = ::testing::internal::GetCapturedStdout();
    EXPECT_TRUE(bus) << bus.error().message();
    return text;
  }
  double MetricOf(const std::string& line_start) {
    const std::string text = registry_.Text();
    const std::size_t at = text.find("\n" + line_start);
    if (at == std::string::npos) return -1;
    return std::stod(text.substr(text.find(' ', at + 1)));
  }

  const std::string topic_ = RandomName();
  const std::string group_ = RandomName();
  metrics::Registry registry_;
  KafkaBusOptions options_;
  ClientEvents no_events_;
  BrokerState raw_state_{"test"};
};

// ---- At start ----

TEST_F(KafkaBusTest, ABrokerThatIsNotThereIsNamedWithItsSetting) {
  options_.brokers = "127.0.0.1:1";
  options_.start_max = milliseconds(1'500);
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code(), Code::kUnavailable);
  for (const char* part : {"bus.kafka_brokers", "127.0.0.1:1", "bus.kafka_start_ms_max", "refused",
                           "bus.kafka_security plaintext"}) {
    EXPECT_NE(bus.error().message().find(part), std::string::npos) << bus.error().message();
  }
}

TEST_F(KafkaBusTest, AMissingTopicIsNamedUnlessItMayBeMade) {
  options_.create_topics = false;
  options_.topics = {topic_, topic_ + ".other"};
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code(), Code::kNotFound);
  for (const std::string& part : {topic_, topic_ + ".other", std::string("kafka_create_topics")}) {
    EXPECT_NE(bus.error().message().find(part), std::string::npos) << bus.error().message();
  }
  options_.create_topics = true;
  options_.partitions = 3;
  const auto made = Open();
  const auto partitions = PartitionsOf(Raw()->get(), options_.topics, seconds(10));
  ASSERT_TRUE(partitions);
  EXPECT_EQ(partitions->at(topic_), 3);
}

TEST_F(KafkaBusTest, ATopicThatIsTooSmallIsNamedAtTheStart) {
  ASSERT_TRUE(CreateTopics(Raw()->get(), {topic_}, 1, 20'000, seconds(10)));
  options_.partitions = 3;
  const std::string log = LogOfOpening();
  for (const std::string& part :
       {topic_, std::string("up to 20000 bytes"), std::string("max.message.bytes")}) {
    EXPECT_NE(log.find(part), std::string::npos) << log;
  }
  options_.topics = {topic_ + ".other"};  // is made as it should be
  const std::string other = LogOfOpening();
  EXPECT_EQ(other.find("max.message.bytes"), std::string::npos) << other;
}

TEST_F(KafkaBusTest, APropertyThatThePromisesRestOnIsRefused) {
  options_.properties = {{"enable.auto.offset.store", "true"}};
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code(), Code::kInvalid);
  EXPECT_NE(bus.error().message().find("enable.auto.offset.store"), std::string::npos);
  options_.properties = {{"no.such.property", "1"}};
  EXPECT_EQ(OpenKafkaBus(options_).error().code(), Code::kInvalid);
}

// ---- Who we are ----

TEST_F(KafkaBusTest, SpeaksTlsAndSasl) {
  KafkaSecurity tls{.protocol = "ssl", .ca_file = TestServer("TLS_CA")};
  KafkaSecurity plain{.protocol = "sasl_plaintext",
                      .sasl_mechanism = "PLAIN",
                      .username = TestServer("KAFKA_USER"),
                      .password = TestServer("KAFKA_PASSWORD")};
  KafkaSecurity both = plain;
  both.protocol = "sasl_ssl";
  both.ca_file = tls.ca_file;
  for (const auto& [address, security] :
       std::vector<std::pair<std::string, KafkaSecurity>>{{"KAFKA_TLS_BROKERS", tls},
                                                          {"KAFKA_SASL_BROKERS", plain},
                                                          {"KAFKA_SASL_TLS_BROKERS", both}}) {
    options_.brokers = TestServer(address);
    options_.security = security;
    const auto bus = Open();
    ASSERT_TRUE(Produce(*bus, {.key = {}, .value = "1", .headers = {}})) << address;
  }
  options_.brokers = TestServer("KAFKA_BROKERS");
  options_.security = {};
  const auto bus = Open();
  EXPECT_EQ(Take(*Subscribe(*bus), 3).size(), 3U);
}

// With a broker before 4.0: see tests/flow/old_kafka_test.py.
bool ScramIsMeantToWork() {
  const char* told = std::getenv("INSIGHTD_TEST_SCRAM");
  return told != nullptr && std::string_view(told) == "works";
}

// librdkafka before 2.6.1 cannot do SCRAM with brokers of 4.0 and later: then it has to say so.
TEST_F(KafkaBusTest, SpeaksScramOrSaysWhyNot) {
  for (const char* mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    options_.brokers = TestServer("KAFKA_SASL_BROKERS");
    options_.start_max = milliseconds(2'000);
    options_.security = {.protocol = "sasl_plaintext",
                         .sasl_mechanism = mechanism,
                         .username = TestServer("KAFKA_USER"),
                         .password = TestServer("KAFKA_PASSWORD")};
    const auto bus = OpenKafkaBus(options_);
    if (bus) {
      EXPECT_TRUE(Produce(**bus, {.key = {}, .value = "1", .headers = {}})) << mechanism;
      continue;
    }
    EXPECT_NE(ScramIsMeantToWork(), true) << bus.error().message();
    EXPECT_NE(bus.error().message().find("librdkafka"), std::string::npos) << bus.error().message();
    EXPECT_LT(rd_kafka_version(), 0x020601ff);
  }
}

TEST_F(KafkaBusTest, ComesWithACertificateOfItsOwn) {
  options_.brokers = TestServer("KAFKA_CERT_BROKERS");
  options_.start_max = milliseconds(1'500);
  options_.security = {.protocol = "ssl", .ca_file = TestServer("TLS_CA")};
  const auto without = OpenKafkaBus(options_);
  EXPECT_FALSE(without) << "a broker that asks for a certificate";
  options_.start_max = milliseconds(10'000);
  options_.security.cert_file = TestServer("TLS_CLIENT_CERT");
  options_.security.key_file = TestServer("TLS_CLIENT_KEY");
  const auto bus = Open();
  EXPECT_TRUE(Produce(*bus, {.key = {}, .value = "1", .headers = {}}));
  EXPECT_EQ(Take(*Subscribe(*bus), 1).size(), 1U);
}

TEST_F(KafkaBusTest, AWrongPasswordIsNamedAndNotShown) {
  options_.brokers = TestServer("KAFKA_SASL_BROKERS");
  options_.start_max = milliseconds(1'500);
  options_.security = {.protocol = "sasl_plaintext",
                       .sasl_mechanism = "PLAIN",
                       .username = TestServer("KAFKA_USER"),
                       .password = "not-the-password"};
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code(), Code::kUnavailable);
  EXPECT_NE(bus.error().message().find("uthentication"), std::string::npos)
      << bus.error().message();
  EXPECT_NE(bus.error().message().find("bus.kafka_username"), std::string::npos);
  EXPECT_EQ(bus.error().message().find("not-the-password"), std::string::npos);
}

TEST_F(KafkaBusTest, ABrokerOfAnUnknownAuthorityIsNamed) {
  options_.brokers = TestServer("KAFKA_TLS_BROKERS");
  options_.start_max = milliseconds(1'500);
  options_.security = {.protocol = "ssl"};
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_NE(bus.error().message().find("ertificate"), std::string::npos) << bus.error().message();
  options_.security.ca_file = "/no/such/ca.pem";
  const auto without = OpenKafkaBus(options_);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code(), Code::kInvalid);
  EXPECT_NE(without.error().message().find("/no/such/ca.pem"), std::string::npos)
      << without.error().message();
}

TEST_F(KafkaBusTest, SpeakingPlainlyToABrokerThatWantsTlsIsNamed) {
  options_.brokers = TestServer("KAFKA_TLS_BROKERS");
  options_.start_max = milliseconds(1'500);
  const auto bus = OpenKafkaBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_NE(bus.error().message().find("bus.kafka_security plaintext"), std::string::npos);
}

// ---- Records ----

TEST_F(KafkaBusTest, TheBrokersLimitIsNamedWithItsTopic) {
  constexpr std::size_t kLimit = 20'000'000;  // of the broker, for a batch with its head
  options_.topics = {};
  options_.record_bytes_max = 2 * kLimit;
  options_.compression = "none";
  ASSERT_TRUE(CreateTopics(Raw()->get(), {topic_}, 1, kLimit, seconds(10)));
  options_.topics = {topic_};
  options_.queue_bytes_max = 4 * kLimit;
  const auto bus = Open();
  const auto below =
      Produce(*bus, {.key = "k", .value = std::string(kLimit - 1'000, 'x'), .headers = {}});
  ASSERT_TRUE(below) << below.error().message();
  const auto above = Produce(*bus, {.key = "k", .value = std::string(kLimit, 'x'), .headers = {}});
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code(), Code::kTooLarge);
  EXPECT_NE(above.error().message().find(topic_), std::string::npos);
  EXPECT_NE(above.error().message().find("max.message.bytes"), std::string::npos);
  ASSERT_TRUE(Produce(*bus, {.key = "k", .value = "next", .headers = {}}));

  const auto consumer = Subscribe(*bus);
  const auto messages = Take(*consumer, 2);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].record.value.size(), kLimit - 1'000);
  EXPECT_EQ(messages[1].record.value, "next");
}

// The library puts up to a million bytes into a batch, which the broker takes as a whole or not.
TEST_F(KafkaBusTest, RecordsThatFitAreTakenWhereTheirBatchIsNot) {
  constexpr std::size_t kLimit = 20'000;
  constexpr int kRecords = 100;
  options_.compression = "none";
  options_.linger = seconds(1);  // so that there is a batch
  ASSERT_TRUE(CreateTopics(Raw()->get(), {topic_}, 1, kLimit, seconds(10)));
  const auto bus = Open();
  ProduceNumbers(*bus, 0, kRecords, kLimit / 4);
  const auto consumer = Subscribe(*bus);
  std::set<int> seen;
  for (const Message& message : Take(*consumer, kRecords)) {
    EXPECT_TRUE(seen.insert(std::stoi(message.record.value)).second) << "none is there twice";
  }
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kRecords));

  // From then on none of the topic waits for a batch, and they stay in order.
  const microseconds begun = SystemClock().Steady();
  ProduceNumbers(*bus, kRecords, 2 * kRecords, kLimit / 4);
  EXPECT_LT(SystemClock().Steady() - begun, options_.linger);
  int next = kRecords;
  for (const Message& message : Take(*consumer, kRecords)) {
    EXPECT_EQ(std::stoi(message.record.value), next++);
  }
  EXPECT_EQ(next, 2 * kRecords);
  const auto above = Produce(*bus, {.key = "k", .value = std::string(kLimit, 'x'), .headers = {}});
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code(), Code::kTooLarge);
}

TEST_F(KafkaBusTest, ReadsWhatOthersHaveWritten) {
  const auto bus = Open();
  {
    const auto raw = Raw();
    rd_kafka_headers_t* headers = rd_kafka_headers_new(3);
    rd_kafka_header_add(headers, "null", -1, nullptr, 0);
    rd_kafka_header_add(headers, "", 0, nullptr, 0);
    rd_kafka_header_add(headers, "x", -1, "1", -1);
    ASSERT_EQ(rd_kafka_producev(raw->get(), RD_KAFKA_V_TOPIC(topic_.c_str()),
                                RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    ASSERT_EQ(rd_kafka_flush(raw->get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  const auto messages = Take(*Subscribe(*bus), 1);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].record.key, "");
  EXPECT_EQ(messages[0].record.value, "");
  EXPECT_TRUE(messages[0].record.no_value) << "a mark of removal";
  ASSERT_EQ(messages[0].record.headers.size(), 3U);
  EXPECT_EQ(messages[0].record.headers[0].value, std::nullopt);
  EXPECT_EQ(messages[0].record.headers[2].value, "1");
}

// The topic takes the records only if they are made smaller.
TEST_F(KafkaBusTest, EachCompressionIsUsedAndRead) {
  constexpr std::size_t kLimit = 20'000;
  constexpr std::size_t kBytes = 50'000;
  ASSERT_TRUE(CreateTopics(Raw()->get(), {topic_}, 1, kLimit, seconds(10)));
  std::map<std::string, std::size_t> written;
  for (const char* compression : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    options_.compression = compression;
    const auto bus = Open();
    const auto produced =
        Produce(*bus, {.key = compression, .value = std::string(kBytes, 'x'), .headers = {}});
    if (compression == std::string_view("none")) {
      ASSERT_FALSE(produced);
      EXPECT_EQ(produced.error().code(), Code::kTooLarge);
      ASSERT_TRUE(Produce(*bus, {.key = "none", .value = "x", .headers = {}}));
    } else {
      ASSERT_TRUE(produced) << compression << ": " << produced.error().message();
    }
    written[compression] = compression == std::string_view("none") ? 1 : kBytes;
  }
  const auto bus = Open();
  std::map<std::string, std::size_t> read;
  for (const Message& message : Take(*Subscribe(*bus), written.size())) {
    read[message.record.key] = message.record.value.size();
  }
  EXPECT_EQ(read, written);
}

// ---- The producer is lost for good ----

TEST_F(KafkaBusTest, AProducerThatIsLostIsReplaced) {
  { Open(); }  // makes the topic
  BrokerState state(options_.brokers);
  KnownTopics topics;
  topics.Add(topic_, 1);
  auto producer = KafkaProducer::Open(options_, state, topics);
  ASSERT_TRUE(producer);
  const auto produce = [&] {
    std::promise<Result<Position>> promise;
    (*producer)->Produce(topic_, {.key = {}, .value = "1", .headers = {}},
                         [&](Result<Position> position) { promise.set_value(position); });
    return promise.get_future().get();
  };
  ASSERT_TRUE(produce());

  rd_kafka_test_fatal_error((*producer)->client()->get(),
                            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "by a test");

  const microseconds until = SystemClock().Steady() + kPatience;
  Result<Position> delivered = produce();
  while (!delivered && SystemClock().Steady() < until) {
    EXPECT_EQ(delivered.error().code(), Code::kUnavailable);
    delivered = produce();
  }
  EXPECT_TRUE(delivered);
  EXPECT_EQ(MetricOf("insightd_bus_producer_restarts_total"), 1);
}

// ---- Retention ----

TEST_F(KafkaBusTest, WhatRetentionDeletesUnreadIsCountedAndPassedOver) {
  const auto bus = Open();
  {
    const auto consumer = Subscribe(*bus);
    ProduceNumbers(*bus, 0, 100);
    const auto messages = Take(*consumer, 10);
    ASSERT_EQ(messages.size(), 10U);
    ASSERT_TRUE(consumer->Commit(messages.back().position));
  }
  ASSERT_NO_FATAL_FAILURE(DeleteBefore(60, 1));

  const auto consumer = Subscribe(*bus);
  const auto messages = Take(*consumer, 40);

  ASSERT_EQ(messages.size(), 40U);
  EXPECT_EQ(messages.front().position.offset, 60);
  const std::string metric =
      "insightd_bus_records_lost_total{group=\"" + group_ + "\",topic=\"" + topic_ + "\"}";
  const microseconds until = SystemClock().Steady() + kPatience;
  while (MetricOf(metric) != 50 && SystemClock().Steady() < until) {
    (void)consumer->Poll(1, milliseconds(20), {});
  }
  EXPECT_EQ(MetricOf(metric), 50);
}

TEST_F(KafkaBusTest, ATopicThatWasMadeAgainIsReadFromItsStart) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus);
  ProduceNumbers(*bus, 0, 50);
  const auto old = Take(*consumer, 50);
  ASSERT_EQ(old.size(), 50U);
  ASSERT_TRUE(consumer->Commit(old[19].position));
  const auto raw = Raw();
  rd_kafka_DeleteTopic_t* request = rd_kafka_DeleteTopic_new(topic_.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(raw->get());
  rd_kafka_DeleteTopics(raw->get(), &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteTopic_destroy(request);
  const microseconds until = SystemClock().Steady() + kPatience;
  while (!CreateTopics(raw->get(), {topic_}, 1, 1'000'000, seconds(10)) &&
         SystemClock().Steady() < until) {
  }
  ProduceNumbers(*bus, 100, 103);

  const auto messages = Take(*consumer, 3);

  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].position.offset, 0);
  EXPECT_GT(messages[0].position.epoch, old[0].position.epoch);
  ASSERT_TRUE(consumer->Commit(old[49].position)) << "and it means nothing any more";
  ASSERT_TRUE(consumer->Commit(messages[1].position));
  // The group goes on from there, not from what was committed of the log before.
  std::int64_t next = -1;
  while (next != 2 && SystemClock().Steady() < until) next = GroupOffsets(1)[0];
  EXPECT_EQ(next, 2);
}

// ---- Slow work ----

// What it still gives when the log is empty, it has read ahead.
TEST_F(KafkaBusTest, ReadsAheadOnlyAsMuchAsItMay) {
  constexpr int kMessages = 2'000;
  constexpr std::size_t kBytes = 2'000;  // of each
  constexpr int kTaken = 250;            // so that twice as many may be read ahead
  options_.compression = "none";
  options_.partitions = 4;
  const auto bus = Open();
  ProduceNumbers(*bus, 0, kMessages, kBytes);
  // What is read at a stretch, which the bounds end, may be as much again, or half a MiB.
  struct Bounds {
    std::size_t messages;
    std::size_t bytes;
    int ahead_max;
  };
  int first_new = kMessages;
  for (const auto& [messages, bytes, ahead_max] :
       {Bounds{.messages = 60, .bytes = 2'000'000, .ahead_max = 2 * 60},
        Bounds{.messages = 500, .bytes = 40 * kBytes, .ahead_max = 40 + 270}}) {
    SCOPED_TRACE(fmt::format("{} messages, {} bytes", messages, bytes));
    options_.prefetch_messages_max = messages;
    options_.prefetch_bytes_max = bytes;
    const auto bounded = Open();
    const auto consumer = *bounded->Subscribe(RandomName(), {topic_});
    int old = static_cast<int>(Take(*consumer, kTaken).size());
    std::this_thread::sleep_for(seconds(2));  // it would have read all
    ASSERT_NO_FATAL_FAILURE(DeleteBefore(RD_KAFKA_OFFSET_END, options_.partitions));
    ProduceNumbers(*bus, first_new, first_new + kMessages, kBytes);
    std::set<int> seen;
    const microseconds until = SystemClock().Steady() + kPatience;
    while (seen.size() < kMessages && SystemClock().Steady() < until) {
      for (const Message& message : Take(*consumer, 1)) {
        const int number = std::stoi(message.record.value);
        if (number < first_new) {
          ++old;
        } else {
          seen.insert(number);
        }
      }
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(kMessages));
    EXPECT_LE(old, kTaken + ahead_max);
    first_new += kMessages;
  }
}

TEST_F(KafkaBusTest, PausingNeitherSkipsNorDoubles) {
  options_.prefetch_bytes_max = 200'000;
  options_.prefetch_messages_max = 50;
  options_.partitions = 4;
  const auto bus = Open();
  ProduceNumbers(*bus, 0, 2'000, 2'000);
  const auto consumer = Subscribe(*bus);
  std::map<std::int32_t, std::int64_t> next;
  std::set<int> seen;
  const microseconds until = SystemClock().Steady() + kPatience;
  while (seen.size() < 2'000 && SystemClock().Steady() < until) {
    // Now and then the work takes so long that the partitions are paused.
    if (seen.size() % 560 == 0) std::this_thread::sleep_for(milliseconds(800));
    const auto messages = consumer->Poll(7, seconds(1), {});
    ASSERT_TRUE(messages);
    for (const Message& message : *messages) {
      EXPECT_EQ(message.position.offset, next[message.position.partition])
          << "pausing must neither skip nor double";
      next[message.position.partition] = message.position.offset + 1;
      EXPECT_EQ(message.position.epoch, 0);
      seen.insert(std::stoi(message.record.value));
    }
  }
  EXPECT_EQ(seen.size(), 2'000U);
}

TEST_F(KafkaBusTest, GoesOnAfterAPauseWithRoomForOneMessage) {
  options_.prefetch_messages_max = 1;
  options_.partitions = 1;
  const auto bus = Open();
  ProduceNumbers(*bus, 0, 5);
  const auto consumer = Subscribe(*bus);
  ASSERT_EQ(Take(*consumer, 1).size(), 1U);
  std::this_thread::sleep_for(milliseconds(800));  // the partition is paused
  EXPECT_EQ(Take(*consumer, 4).size(), 4U);
}

// The library keeps a partition paused over its time with another member.
TEST_F(KafkaBusTest, APartitionThatWentAwayPausedGoesOnWhenItIsBack) {
  constexpr std::size_t kMessages = 200;
  options_.prefetch_messages_max = 10;
  options_.partitions = 2;
  const auto bus = Open();
  ProduceNumbers(*bus, 0, kMessages);
  const auto consumer = Subscribe(*bus);
  ASSERT_EQ(Take(*consumer, 1).size(), 1U);
  std::this_thread::sleep_for(milliseconds(800));  // its partitions are paused
  {
    const auto other = Subscribe(*bus);
    ASSERT_EQ(Take(*other, 1).size(), 1U);
  }
  std::set<std::pair<std::int32_t, std::int64_t>> seen;
  const microseconds until = SystemClock().Steady() + kPatience;
  while (seen.size() < kMessages - 1 && SystemClock().Steady() < until) {
    for (const Message& message : Take(*consumer, 1)) {
      seen.emplace(message.position.partition, message.position.offset);
    }
  }
  EXPECT_GE(seen.size(), kMessages - 1);
}

// Whoever takes in bursts finds the next one there: the library's threads, which rest when the
// queue is full, do not wait out their second.
TEST_F(KafkaBusTest, FetchesOnAfterABurst) {
  constexpr int kMessages = 6'000;
  // A rest, where none is woken, shows as several polls with nothing; there would be ten rests.
  constexpr int kEmptyMax = 10;
  options_.partitions = 4;
  options_.compression = "none";  // a request brings few
  const auto bus = Open();
  ProduceNumbers(*bus, 0, kMessages, 5'000);
  const auto consumer = Subscribe(*bus);
  int seen = static_cast<int>(Take(*consumer, 1).size());
  int empty = 0;
  while (seen < kMessages && empty <= kEmptyMax) {
    const auto messages = consumer->Poll(250, milliseconds(100), {});
    ASSERT_TRUE(messages);
    if (messages->empty()) ++empty;
    seen += static_cast<int>(messages->size());
    // So long it works on them: time enough for the queue to become full.
    if (messages->size() > 100) std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_EQ(seen, kMessages);
  EXPECT_LE(empty, kEmptyMax);
}

// ---- Groups ----

TEST_F(KafkaBusTest, AStaticMemberThatComesBackShutsItsDoubleOut) {
  options_.group_instance = "one";
  const auto bus = Open();
  ProduceNumbers(*bus, 0, 10);
  const auto first = Subscribe(*bus);
  ASSERT_EQ(Take(*first, 10).size(), 10U);
  const auto second = Subscribe(*bus);
  ASSERT_EQ(Take(*second, 10).size(), 10U);
  const microseconds until = SystemClock().Steady() + kPatience;
  Result<std::vector<Message>> polled = first->Poll(1, milliseconds(100), {});
  while (polled && SystemClock().Steady() < until) polled = first->Poll(1, milliseconds(100), {});
  ASSERT_FALSE(polled);
  EXPECT_EQ(VerdictFor(polled.error().code()), Verdict::kStop);
  EXPECT_NE(polled.error().message().find("bus.kafka_group_instance"), std::string::npos);
}

// Members join and leave at random with messages in work, and some of them take long: each message
// is worked on, and what the group has committed never goes back and never passes over anything.
TEST_F(KafkaBusTest, NothingIsLostWhileMembersComeAndGo) {
  constexpr int kMessages = 6'000;
  constexpr std::int32_t kPartitions = 6;
  options_.partitions = kPartitions;
  options_.prefetch_messages_max = 200;
  const auto bus = Open();

  std::mutex mutex;
  std::map<std::pair<std::int32_t, std::int64_t>, int> worked;  // how often
  std::atomic<bool> end = false;

  const auto member = [&](std::uint64_t seed) {
    const auto random = MakeSeededRandom(seed);
    while (!end) {
      const auto consumer = Subscribe(*bus);
      constexpr std::size_t kInWorkMax = 100;
      Progress progress(kInWorkMax);
      std::vector<Position> in_work;
      const microseconds leave = SystemClock().Steady() + milliseconds(300 + random->Below(2'500));
      while (!end && SystemClock().Steady() < leave) {
        const std::size_t room = kInWorkMax - progress.size();
        const auto messages =
            consumer->Poll(std::min(room, 1 + random->Below(30)), milliseconds(20), {});
        if (!messages) continue;
        for (const Message& message : *messages) {
          if (progress.Begin(message.position)) in_work.push_back(message.position);
        }
        // Some is finished, in any order; the rest stays in work, over rebalances too.
        std::size_t to_finish = in_work.size() > 60 ? 30 : random->Below(in_work.size() + 1);
        while (to_finish-- > 0) {
          std::swap(in_work[random->Below(in_work.size())], in_work.back());
          const Position done = in_work.back();
          in_work.pop_back();
          {
            const std::lock_guard lock(mutex);
            ++worked[{done.partition, done.offset}];
          }
          progress.Done(done);
        }
        for (const Position& position : progress.TakeCommittable()) {
          ASSERT_TRUE(consumer->Commit(position));
        }
      }
    }
  };
  std::vector<std::jthread> members;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) members.emplace_back(member, seed);

  // Meanwhile: what is committed only rises, and everything below it has been worked on.
  std::map<std::int32_t, std::int64_t> committed;
  const auto look = [&] {
    const auto offsets = GroupOffsets(kPartitions);
    const std::lock_guard lock(mutex);
    for (const auto& [partition, offset] : offsets) {
      EXPECT_GE(offset, committed[partition]) << "partition " << partition << " went back";
      for (std::int64_t at = committed[partition]; at < offset; ++at) {
        EXPECT_TRUE(worked.contains({partition, at}))
            << partition << "/" << at << " is committed and nobody worked on it";
      }
      committed[partition] = std::max(committed[partition], offset);
    }
    std::int64_t sum = 0;
    for (const auto& [partition, offset] : committed) sum += offset;
    return sum;
  };
  for (int produced = 0; produced < kMessages; produced += 500) {
    ProduceNumbers(*bus, produced, produced + 500);
    look();
  }
  const microseconds until = SystemClock().Steady() + seconds(120);
  while (look() < kMessages && SystemClock().Steady() < until) {
  }
  EXPECT_EQ(look(), kMessages);
  end = true;
  members.clear();
  EXPECT_EQ(worked.size(), static_cast<std::size_t>(kMessages));
  std::size_t doubled = 0;
  for (const auto& [position, times] : worked) doubled += times > 1 ? 1 : 0;
  RecordProperty("doubled", static_cast<int>(doubled));
  RecordProperty("rebalances",
                 static_cast<int>(MetricOf("insightd_bus_rebalances_total{group=\"" + group_)));
}

}  // namespace
}  // namespace insightd::bus
