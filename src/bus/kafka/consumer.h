// A member of a group.
//
// A thread of its own serves the group: it takes partitions and gives them back, and reads ahead
// into the buffer. When that is full and stays so, it pauses all partitions and serves on, so that
// the group never waits for slow work. Poll takes from the buffer.
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
#include "bus/kafka/offsets.h"

namespace insightd::bus {

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

  // For the bus, which asks the brokers for the ends. Thread-safe.
  const std::string& group() const { return group_; }
  std::vector<PartitionKey> Partitions() const;
  void SetEnds(const std::map<PartitionKey, LogEnds>& ends);
  std::vector<PartitionLag> Lags() const;
  // kUnavailable with the reason while the brokers keep this member out of its group: a right is
  // missing. Thread-safe.
  Result<void> Check() const;
  // Has the library's threads look at their work and timers now. They wait by the wall clock
  // (2.0.2): set back by an hour, it would keep this member from its group for an hour.
  // Thread-safe.
  void Nudge();
  // Called first of all when the consumer ends.
  void OnEnd(std::function<void()> on_end) { on_end_ = std::move(on_end); }

 private:
  struct Arrived {
    Message message;
    std::size_t bytes;
  };
  // A partition whose messages come from an earlier offset again.
  struct Anew {
    Position position;
    std::int64_t expected = 0;
    std::optional<bool> shorter;  // its log, where the broker has said that
  };
  // Offsets that never came.
  struct Gap {
    std::int64_t from;
    std::int64_t to;
    std::int64_t records() const { return to - from; }
  };

  KafkaConsumer(const KafkaBusOptions& options, BrokerState& state, std::string group,
                std::vector<std::string> topics);
  Result<void> Start();
  void Serve(std::stop_token stop);
  void Leave();
  void YieldQueue();
  void AwaitRoom(const std::stop_token& stop);
  // Reads what is there and puts it into the buffer.
  void Gather();
  // What was read goes into the buffer.
  void HandOver();
  // What the thread has to know of the brokers, at once and then now and again until they say it.
  void AskWhatIsOpen();
  // Asks the broker of each that began anew whether its log is shorter; if so, the group goes back.
  void SettleAnew();
  bool Settle(const PartitionKey& key, Anew& one);
  // Logs and counts what retention has deleted unread.
  void ReportGaps();
  // The library's thread of a broker that finds the queue full rests for up to a second, even where
  // the queue is emptied meanwhile (librdkafka before 2.2, which brings fetch.queue.backoff.ms). So
  // much has come at a stretch that it may have found that.
  bool MayRest() const;
  // The queue is empty: those that may rest are asked for something, since an answer wakes them.
  void WakeFetching();
  std::size_t QueuedMax() const;
  void ReportError(const rd_kafka_message_s& message);
  void OnRebalance(bool assigned, rd_kafka_topic_partition_list_s& partitions) override;
  void OnCommitted(int error, const rd_kafka_topic_partition_list_s* offsets) override;
  // Takes what is untaken. Where the group goes on in it has to be known: as long as no broker says
  // that, nothing is read (the library, left to find out itself, may give up and never read it).
  void TakePartitions();
  void Assign(const rd_kafka_topic_partition_list_s& partitions);
  void GivePartitionsBack();
  // With the mutex held, as those below.
  void Buffer(Message message);
  // Of all partitions; says of how many.
  std::size_t LetGo();
  // Moves messages out of the buffer.
  std::vector<Message> TakeBuffered(std::size_t messages_max);
  void DropBuffered(const PartitionKey& key);
  // Whether the buffer holds one part of `share` of what it may.
  bool IsFilled(std::size_t share) const;
  // Messages that the buffer is filled to: what two Polls take, at most prefetch_messages_max.
  std::size_t AheadMax() const;
  void Pause(bool pause);
  void Store(const PartitionKey& key, std::int64_t next);

  const KafkaBusOptions& options_;
  BrokerState& state_;
  const std::string group_;
  const std::set<std::string> topics_;
  std::function<void()> on_end_;
  metrics::Counter rebalances_;

  std::shared_ptr<Client> client_;
  // Of the thread.
  std::vector<Message> gathered_;
  PartitionList untaken_;  // given by the group
  std::map<PartitionKey, Anew> anew_;
  microseconds ask_again_{};           // steady
  std::size_t unbroken_messages_ = 0;  // since the library's queue was empty
  std::size_t unbroken_bytes_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable_any room_;
  Assignment assignment_;
  std::map<PartitionKey, std::deque<Arrived>> buffer_;
  std::size_t buffered_bytes_ = 0;
  std::size_t buffered_messages_ = 0;
  std::size_t asked_max_ = 0;  // by a Poll
  std::uint64_t turn_ = 0;     // which partition comes first, so that none starves
  bool paused_ = false;
  bool woken_ = false;
  std::optional<Error> fatal_;
  std::optional<Error> refused_;   // what the brokers said last, for Poll to tell once
  std::optional<Error> shut_out_;  // until partitions are taken
  microseconds told_away_{};
  std::map<PartitionKey, Gap> gaps_;  // the widest of each that are not looked into yet
  std::map<PartitionKey, LogEnds> ends_;

  std::jthread thread_;
};

}  // namespace insightd::bus
