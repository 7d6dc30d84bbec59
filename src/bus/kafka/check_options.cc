#include "bus/kafka/check_options.h"

#include <utility>

#include "bus/kafka/client.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/topics.h"

namespace insightd::bus {

Result<void> CheckKafkaOptions(KafkaBusOptions options, bool reads) {
  options.brokers.clear();
  options.registry = nullptr;
  options.pulse = nullptr;
  BrokerState nobody("");
  const KnownTopics none;
  if (auto producer = KafkaProducer::Open(options, nobody, none); !producer) {
    return Fail(std::move(producer).error());
  }
  if (!reads) return {};
  if (auto consumer = KafkaConsumer::Open(options, nobody, "check", {"check"}); !consumer) {
    return Fail(std::move(consumer).error());
  }
  return {};
}

}  // namespace insightd::bus
