// The producing side: idempotent, acknowledged by all replicas in sync.
//
// One thread polls librdkafka and calls `delivered`. When the library says that the handle is lost
// for good (a broker forgot the producer, or sequences do not fit), a new one is made: what was on
// its way fails with kUnavailable, and its senders try again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/kafka/client.h"
#include "bus/kafka/topics.h"

namespace insightd::bus {

// Thread-safe.
class KafkaProducer final : public Producer, private ClientEvents {
 public:
  // What is given must outlive the producer.
  static Result<std::unique_ptr<KafkaProducer>> Open(const KafkaBusOptions& options,
                                                     BrokerState& state, const KnownTopics& topics);
  ~KafkaProducer() override;

  void Produce(std::string_view topic, Record record, Delivered delivered) override;
  Result<void> Flush(milliseconds limit) override;
  // Waits up to `limit`; then all that is left fails.
  void Close(milliseconds limit);
  // The handle in use, for what asks the brokers; null after Close.
  std::shared_ptr<Client> client() const;

 private:
  struct Pending {
    Record record;
    Delivered delivered;
    std::size_t bytes = 0;
    std::uint64_t number = 0;
  };

  KafkaProducer(const KafkaBusOptions& options, BrokerState& state, const KnownTopics& topics);
  Result<std::shared_ptr<Client>> MakeClient();
  void OnDelivered(const rd_kafka_message_s& message) override;
  void PollUntilClosed(std::stop_token stop);
  void Replace(const std::string& reason);
  // Fails what `client` still holds.
  void Abandon(Client& client);
  std::optional<Error> Refusal(std::string_view topic, std::size_t record_bytes,
                               std::size_t header_bytes) const;
  void Finish(const Pending& pending);

  const KafkaBusOptions& options_;
  BrokerState& state_;
  const KnownTopics& topics_;
  metrics::Counter restarts_;

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  std::shared_ptr<Client> client_;
  bool closing_ = false;
  std::size_t queue_bytes_ = 0;
  std::uint64_t handed_over_ = 0;    // records
  std::uint64_t all_finished_ = 0;   // all below this number have had their callback
  std::deque<bool> finished_above_;  // from that number on

  std::jthread thread_;
};

}  // namespace insightd::bus
