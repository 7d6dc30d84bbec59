// What no broker does when it is asked to: by the cluster that librdkafka simulates.
#include "bus/kafka/producer.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <future>

#include "bus/kafka/kafka_bus.h"

namespace insightd::bus {
namespace {

constexpr std::int16_t kProduceRequest = 0;  // its number in Kafka's protocol

class KafkaProducerTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "librdkafka's threads start unseen by the sanitizer, which ends the process";
#endif
    char error[256];
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
    ASSERT_NE(handle_, nullptr) << error;
    cluster_ = rd_kafka_mock_cluster_new(handle_, /*broker_cnt=*/1);
    ASSERT_NE(cluster_, nullptr);
    rd_kafka_mock_topic_create(cluster_, "topic", /*partition_cnt=*/1, /*replication_factor=*/1);
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    topics_.Add("topic", 1);
    auto producer = KafkaProducer::Open(options_, state_, topics_);
    ASSERT_TRUE(producer) << producer.error().message();
    producer_ = *std::move(producer);
  }
  void TearDown() override {
    producer_.reset();
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
    if (handle_ != nullptr) rd_kafka_destroy(handle_);
  }
  Result<Position> Produce(const std::string& value) {
    std::promise<Result<Position>> promise;
    producer_->Produce("topic", {.key = "", .value = value, .headers = {}},
                       [&](Result<Position> position) { promise.set_value(position); });
    return promise.get_future().get();
  }

  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaBusOptions options_;
  BrokerState state_{"the simulated cluster"};
  KnownTopics topics_;
  std::unique_ptr<KafkaProducer> producer_;
};

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

}  // namespace
}  // namespace insightd::bus
