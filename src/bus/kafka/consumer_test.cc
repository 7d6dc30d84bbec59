// Answers that a real broker gives too rarely to wait for: librdkafka's own broker gives them, in
// this process. All else of the consumer is tested on real brokers, see kafka_bus_test.cc.
#include "bus/kafka/consumer.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <memory>
#include <string>
#include <vector>

namespace insightd::bus {
namespace {

// Of Kafka's protocol (https://kafka.apache.org/protocol#protocol_api_keys).
enum Request : std::int16_t {
  kListOffsets = 2,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kHeartbeat = 12
};

constexpr const char* kTopic = "letters";
constexpr seconds kPatience{20};

class KafkaConsumerTest : public ::testing::Test {
 protected:
  KafkaConsumerTest() {
    options_.session_max = milliseconds(6'000);
    options_.properties = {{"allow.auto.create.topics", "true"}};  // or it tells that it cannot
    options_.brokers = "127.0.0.1:1";  // of the handle that the cluster belongs to
    owner_ = Handle();
    cluster_.reset(rd_kafka_mock_cluster_new(owner_->get(), 1));
    INSIGHTD_ASSERT(cluster_);
    rd_kafka_mock_topic_create(cluster_.get(), kTopic, 1, 1);
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
  }

  std::shared_ptr<Client> Handle() {
    auto client = Client::Make(Client::Kind::kProducer, options_, {}, no_events_, state_);
    INSIGHTD_ASSERT(client);
    return *client;
  }
  void Produce(int count) {
    const std::shared_ptr<Client> client = Handle();
    for (int i = 0; i < count; ++i) {
      std::string value = std::to_string(i);
      ASSERT_EQ(rd_kafka_producev(client->get(), RD_KAFKA_V_TOPIC(kTopic), RD_KAFKA_V_PARTITION(0),
                                  RD_KAFKA_V_VALUE(value.data(), value.size()),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    ASSERT_EQ(rd_kafka_flush(client->get(), 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  std::unique_ptr<KafkaConsumer> Join() {
    auto consumer = KafkaConsumer::Open(options_, state_, "readers", {kTopic});
    INSIGHTD_ASSERT(consumer);
    return *std::move(consumer);
  }
  // The next `times` requests of a kind are answered with this error.
  void Refuse(Request request, rd_kafka_resp_err_t error, std::size_t times) {
    const std::vector<rd_kafka_resp_err_t> errors(times, error);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), request, errors.size(), errors.data());
  }
  // Offsets of what comes until there are `count`, or in the whole time.
  static std::vector<std::int64_t> Take(KafkaConsumer& consumer, std::size_t count,
                                        milliseconds limit = kPatience) {
    std::vector<std::int64_t> offsets;
    const microseconds until = SystemClock().Steady() + limit;
    while (offsets.size() < count && SystemClock().Steady() < until) {
      const auto polled = consumer.Poll(1, milliseconds(100), {});
      if (!polled) continue;
      for (const Message& message : *polled) {
        offsets.push_back(message.position.offset);
        last_ = message.position;
      }
    }
    return offsets;
  }
  std::int64_t GroupOffset() {
    ClientProperties group = {{"group.id", "readers"}};
    auto client = Client::Make(Client::Kind::kConsumer, options_, group, no_events_, state_);
    INSIGHTD_ASSERT(client);
    const PartitionList list = MakeList(1);
    rd_kafka_topic_partition_list_add(list.get(), kTopic, 0);
    const auto committed = AskCommitted((*client)->get(), *list, kPatience);
    return committed ? (*committed)->elems[0].offset : -1;
  }

  static inline Position last_;
  KafkaBusOptions options_;
  ClientEvents no_events_;
  BrokerState state_{"test"};
  std::shared_ptr<Client> owner_;
  struct Destroy {
    void operator()(rd_kafka_mock_cluster_t* cluster) const {
      rd_kafka_mock_cluster_destroy(cluster);
    }
  };
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy> cluster_;
};

TEST_F(KafkaConsumerTest, NothingIsReadUntilABrokerSaysWhereTheGroupIs) {
  Produce(10);
  {
    const auto first = Join();
    ASSERT_EQ(Take(*first, 5).size(), 5U);
    ASSERT_TRUE(first->Commit(last_));
  }
  // Not one that the library repeats by itself.
  Refuse(kOffsetFetch, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 6);
  const auto second = Join();
  EXPECT_EQ(Take(*second, 1, seconds(1)), std::vector<std::int64_t>());
  EXPECT_EQ(Take(*second, 5), (std::vector<std::int64_t>{5, 6, 7, 8, 9}));
}

TEST_F(KafkaConsumerTest, AMemberThatWasForgottenGoesOnWhereItWas) {
  Produce(10);
  const auto consumer = Join();
  ASSERT_EQ(Take(*consumer, 5).size(), 5U);
  const Position fifth = last_;
  Refuse(kHeartbeat, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1);
  // What it has been given may be finished afterwards, and is not given again.
  EXPECT_EQ(Take(*consumer, 6, seconds(8)), (std::vector<std::int64_t>{5, 6, 7, 8, 9}));
  ASSERT_TRUE(consumer->Commit(fifth));
  const microseconds until = SystemClock().Steady() + kPatience;
  while (GroupOffset() != 5 && SystemClock().Steady() < until) {
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_EQ(GroupOffset(), 5);
  EXPECT_EQ(Take(*consumer, 1, seconds(1)), std::vector<std::int64_t>());
}

TEST_F(KafkaConsumerTest, AnOffsetThatWasNotTakenIsSaidToBeSo) {
  Produce(3);
  ClientProperties group = {{"group.id", "others"}};
  auto client = Client::Make(Client::Kind::kConsumer, options_, group, no_events_, state_);
  ASSERT_TRUE(client);
  const PartitionKey key{kTopic, 0};
  Refuse(kOffsetCommit, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 1);
  const auto refused = CommitNow((*client)->get(), key, 2, kPatience);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("committing 2 of letters/0: "), std::string::npos)
      << refused.error().message();
  EXPECT_TRUE(CommitNow((*client)->get(), key, 2, kPatience));
  EXPECT_EQ(AskEnds((*client)->get(), key, kPatience)->next, 3);
}

}  // namespace
}  // namespace insightd::bus
