// What no broker does when it is asked to: by the cluster that librdkafka simulates.
#include "bus/kafka/producer.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <future>
#include <thread>

#include "bus/kafka/kafka_bus.h"

namespace insightd::bus {
namespace {

constexpr std::int16_t kProduceRequest = 0;  // its number in Kafka's protocol

class SimulatedCluster : public ::testing::Test {
 protected:
  explicit SimulatedCluster(int brokers) : brokers_(brokers) {}

  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "librdkafka's threads start unseen by the sanitizer, which ends the process";
#endif
    char error[256];
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
    ASSERT_NE(handle_, nullptr) << error;
    cluster_ = rd_kafka_mock_cluster_new(handle_, brokers_);
    ASSERT_NE(cluster_, nullptr);
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  void TearDown() override {
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
    if (handle_ != nullptr) rd_kafka_destroy(handle_);
  }

  const int brokers_;
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaBusOptions options_;
};

class KafkaProducerTest : public SimulatedCluster {
 protected:
  KafkaProducerTest() : SimulatedCluster(1) {}

  void SetUp() override {
    SimulatedCluster::SetUp();
    if (cluster_ == nullptr) return;
    rd_kafka_mock_topic_create(cluster_, "topic", /*partition_cnt=*/1, /*replication_factor=*/1);
    topics_.Add("topic", 1);
    auto producer = KafkaProducer::Open(options_, state_, topics_);
    ASSERT_TRUE(producer) << producer.error().message();
    producer_ = *std::move(producer);
  }
  void TearDown() override {
    producer_.reset();
    SimulatedCluster::TearDown();
  }
  Result<Position> Produce(const std::string& value) {
    std::promise<Result<Position>> promise;
    producer_->Produce("topic", {.key = "", .value = value, .headers = {}},
                       [&](Result<Position> position) { promise.set_value(position); });
    return promise.get_future().get();
  }

  BrokerState state_{"the simulated cluster"};
  KnownTopics topics_;
  std::unique_ptr<KafkaProducer> producer_;
};

TEST_F(KafkaProducerTest, HasRoomBeforeABrokerWasReached) {
  options_.brokers = "127.0.0.1:1";
  const auto producer = KafkaProducer::Open(options_, state_, topics_);
  ASSERT_TRUE(producer);
  EXPECT_TRUE((*producer)->Room());
}

TEST_F(KafkaProducerTest, ARecordWithoutAPlaceIsNotDurable) {
  ASSERT_TRUE(Produce("first"));
  rd_kafka_mock_push_request_errors(cluster_, kProduceRequest, 1,
                                    RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  const auto second = Produce("second");
  ASSERT_FALSE(second);
  EXPECT_EQ(VerdictFor(second.error().code()), Verdict::kRetry);
  EXPECT_NE(second.error().message().find("topic"), std::string::npos);
  const auto again = Produce("second");
  ASSERT_TRUE(again) << again.error().message();
}

// A bus on three brokers, which asks them all the time.
class KafkaRoomTest : public SimulatedCluster {
 protected:
  static constexpr int kBrokers = 3;

  KafkaRoomTest() : SimulatedCluster(kBrokers) {}

  void TearDown() override {
    bus_.reset();
    SimulatedCluster::TearDown();
  }
  void Open() {
    auto bus = OpenKafkaBus(options_);
    ASSERT_TRUE(bus) << bus.error().message();
    bus_ = *std::move(bus);
  }
  // Whether there is room, as soon as that is so, or in the end.
  Result<void> RoomOnceItIs(bool there, seconds limit) {
    const microseconds until = SystemClock().Steady() + limit;
    while (bus_->producer().Room().has_value() != there && SystemClock().Steady() < until) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    return bus_->producer().Room();
  }

  std::unique_ptr<Bus> bus_;
};

TEST_F(KafkaRoomTest, ThereIsNoneWhileAllBrokersAreAway) {
  options_.away_min = milliseconds(3'000);
  Open();
  EXPECT_TRUE(bus_->producer().Room());
  for (int id = 1; id <= kBrokers; ++id) rd_kafka_mock_broker_set_down(cluster_, id);
  const auto away = RoomOnceItIs(false, seconds(20));
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code(), Code::kUnavailable);
  EXPECT_NE(away.error().message().find(options_.brokers), std::string::npos)
      << away.error().message();
  for (int id = 1; id <= kBrokers; ++id) rd_kafka_mock_broker_set_up(cluster_, id);
  EXPECT_TRUE(RoomOnceItIs(true, seconds(10))) << "of its own";
}

TEST_F(KafkaRoomTest, ThereIsSomeWhileOneOfThreeBrokersIsSilentOrStartedAnew) {
  constexpr int kForever = 600'000;
  Open();
  for (int id = 1; id <= kBrokers; ++id) {
    rd_kafka_mock_broker_set_rtt(cluster_, id, kForever);
    const auto silent = RoomOnceItIs(false, seconds(6));
    EXPECT_TRUE(silent) << "broker " << id << ": " << silent.error().message();
    rd_kafka_mock_broker_set_rtt(cluster_, id, 0);
    rd_kafka_mock_broker_set_down(cluster_, id);
    const auto down = RoomOnceItIs(false, seconds(2));
    EXPECT_TRUE(down) << "broker " << id << ": " << down.error().message();
    rd_kafka_mock_broker_set_up(cluster_, id);
  }
}

}  // namespace
}  // namespace insightd::bus
