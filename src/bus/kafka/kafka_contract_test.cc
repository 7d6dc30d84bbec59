// The contract of every bus, on a real broker.
#include "bus/kafka/kafka_bus.h"
#include "bus/kafka/testing/brokers.h"
#include "bus/testing/contract.h"

namespace insightd::bus::testing {
namespace {

class KafkaEngine final : public Engine {
 public:
  explicit KafkaEngine(std::string brokers) : brokers_(std::move(brokers)) {}

  std::unique_ptr<Bus> Open(const ContractOptions& options) override {
    std::unique_ptr<Bus> bus;
    for (const auto& [name, partitions] : options.topics) {
      KafkaBusOptions kafka = TestOptions(brokers_);
      // Each with partitions of its own: the last one knows them all.
      for (const auto& [topic, unused] : options.topics) {
        if (topic <= name) kafka.topics.push_back(Name(topic));
      }
      kafka.partitions = partitions;
      kafka.queue_bytes_max = options.queue_bytes_max;
      kafka.record_bytes_max = options.record_bytes_max;
      kafka.header_bytes_max = options.header_bytes_max;
      kafka.poll_bytes_max = options.poll_bytes_max;
      auto opened = OpenKafkaBus(std::move(kafka));
      EXPECT_TRUE(opened) << opened.error().message();
      INSIGHTD_ASSERT(opened);
      bus = *std::move(opened);
    }
    return bus;
  }
  std::string Name(std::string_view name) const override {
    return prefix_ + "." + std::string(name);
  }

 private:
  const std::string brokers_;
  const std::string prefix_ = RandomName();
};

EngineFactory Kafka() {
  const std::string brokers = TestServer("KAFKA_BROKERS");
  return {.name = "Kafka",
          .make = [brokers] { return std::make_unique<KafkaEngine>(brokers); },
          .why_not = brokers.empty() ? kNoBrokers : ""};
}

INSTANTIATE_TEST_SUITE_P(Kafka, BusContract, ::testing::Values(Kafka()), EngineName);

}  // namespace
}  // namespace insightd::bus::testing
