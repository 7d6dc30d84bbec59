// A member of a group.
//
// A thread of its own serves the group: it takes partitions and gives them back, reads ahead into
// the buffer, and pauses all partitions while that is full. So the group never waits for the work.
// Poll takes from the buffer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/kafka/assignment.h"
#include "bus/kafka/client.h"

namespace insightd::bus {

// Where the log of a partition begins, and the offset of its next record.
struct LogEnds {
  std::int64_t first = 0;
  std::int64_t next = 0;
};

class KafkaConsumer final : public Consumer, private ClientEvents {
 public:
  // `options` and `state` must outlive the consumer.
  static Result<std::unique_ptr<KafkaConsumer>> Open(const KafkaBusOptions& options,
                                                     BrokerState& state, std::string group,
                                                     std::vector<std::string> topics);
  ~KafkaConsumer() override;

  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override;
  Result<void> Commit(const Position& position) override;
  void Wake() override;
  std::int64_t Lag() override;

  // For the bus, which asks the brokers for the ends. Thread-safe.
  std::vector<PartitionKey> Partitions() const;
  void SetEnds(const std::map<PartitionKey, LogEnds>& ends);
  std::vector<PartitionLag> Lags() const;
  // Called first of all when the consumer ends.
  void OnEnd(std::function<void()> on_end) { on_end_ = std::move(on_end); }

 private:
  struct Arrived {
    Message message;
    std::size_t bytes;
  };
  struct Jump {
    PartitionKey key;
    std::int64_t from;
    std::int64_t to;
  };

  KafkaConsumer(const KafkaBusOptions& options, BrokerState& state, std::string group,
                std::vector<std::string> topics);
  Result<void> Start();
  void Serve(std::stop_token stop);
  void Leave();
  void Take(const rd_kafka_message_s& message);
  void ReportError(const rd_kafka_message_s& message);
  void OnRebalance(bool assigned, rd_kafka_topic_partition_list_s& partitions) override;
  void OnCommitted(int error, const rd_kafka_topic_partition_list_s* offsets) override;
  void TakePartitions(rd_kafka_topic_partition_list_s& partitions);
  void GivePartitionsBack();
  // Moves messages out of the buffer. With the mutex held, as those below.
  std::vector<Message> TakeBuffered(std::size_t messages_max);
  void DropBuffered(const PartitionKey& key);
  void PauseOrResume();
  void Store(const PartitionKey& key, std::int64_t next);
  // Logs and counts what retention has deleted unread.
  void ReportJumps();

  const KafkaBusOptions& options_;
  BrokerState& state_;
  const std::string group_;
  const std::set<std::string> topics_;
  std::function<void()> on_end_;
  metrics::Counter rebalances_;

  std::shared_ptr<Client> client_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Assignment assignment_;
  std::map<PartitionKey, std::deque<Arrived>> buffer_;
  std::size_t buffered_bytes_ = 0;
  std::size_t buffered_messages_ = 0;
  std::uint64_t turn_ = 0;  // which partition comes first, so that none starves
  bool paused_ = false;
  bool woken_ = false;
  std::optional<Error> fatal_;
  std::optional<Error> refused_;  // what the brokers said last, for Poll to tell once
  microseconds told_away_{};
  std::vector<Jump> jumps_;
  std::map<PartitionKey, LogEnds> ends_;

  std::jthread thread_;
};

}  // namespace insightd::bus
