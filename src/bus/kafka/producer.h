// The producing side: idempotent, acknowledged by all replicas in sync.
//
// One thread polls librdkafka and calls `delivered`. When the library says that the handle is lost
// for good (a broker forgot the producer, or sequences do not fit), a new one is made: what was on
// its way fails with kUnavailable, and its senders try again.
//
// A topic may take less (max.message.bytes) than the library puts into one batch, and then the
// brokers refuse all records of the batch. Each of them is sent once more by another handle, whose
// batches are of one record; if that helped, so are all later ones of the topic.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
  // kUnavailable once no broker at all has answered for `away_min`.
  Result<void> Room() override { return state_.CheckFor(options_.away_min); }
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
    bool alone = false;  // in its batch
  };

  KafkaProducer(const KafkaBusOptions& options, BrokerState& state, const KnownTopics& topics);
  Result<std::shared_ptr<Client>> MakeClient(bool alone);
  // Makes it where it is not there yet. With the mutex held.
  Result<std::shared_ptr<Client>> ClientForAlone();
  // What the brokers refused in a batch.
  Result<void> SendAlone(const std::string& topic, Pending& pending);
  void OnDelivered(const rd_kafka_message_s& message) override;
  void PollUntilClosed(std::stop_token stop);
  // When `client` is lost for good: puts another one in its place.
  void ReplaceLost(const std::shared_ptr<Client>& client);
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
  std::shared_ptr<Client> client_for_alone_;            // null as long as nothing needed it
  std::set<std::string, std::less<>> topics_of_alone_;  // each record of them goes alone
  bool closing_ = false;
  std::size_t queue_bytes_ = 0;
  std::uint64_t handed_over_ = 0;    // records
  std::uint64_t all_finished_ = 0;   // all below this number have had their callback
  std::deque<bool> finished_above_;  // from that number on
  microseconds replaced_{};          // steady; of the thread

  std::jthread thread_;
};

}  // namespace insightd::bus
