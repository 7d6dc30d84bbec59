// Topics between the roles: an ordered log of records, read by groups of consumers.
//
// The embedded log (bus/embedded) and Kafka (bus/kafka) keep the same contract:
//
// * How often: at least once. A record that a producer was told is durable comes to each group
//   again and again until that group has committed its position. So consumers must be such that
//   doing the same twice changes nothing.
// * In which order: within one partition the order of the log; among partitions none. Records
//   with one non-empty key are in one partition.
// * Done: when the group has committed that position. A commit covers all lower positions of the
//   partition, so a consumer commits only what lies below everything still in work (progress.h).
// * The other side away: a producer keeps records up to `queue_bytes_max` and goes on trying until
//   `delivery_timeout`, then `delivered` gets kUnavailable; Poll gives kUnavailable and may be
//   called again. Nothing is dropped without its callback.
// * Stopping: Close waits until each record handed over has had its callback, up to its limit;
//   what is then left gets kUnavailable. A position that was not committed comes again after start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::bus {

struct Header {
  std::string name;
  std::optional<std::string> value;  // none is not the same as an empty one: both are passed on

  std::size_t bytes() const { return name.size() + (value ? value->size() : 0); }
};

struct Record {
  std::string key;  // empty: none
  std::string value;
  std::vector<Header> headers;
  Time timestamp{};  // when it was produced; the bus sets it where it is zero
  // It has no value (Kafka's mark of removal), which an empty one is not; `value` is then empty.
  bool no_value = false;

  // The value of the last header of that name; nothing where there is none, or it has no value.
  const std::string* FindHeader(std::string_view name) const {
    for (auto it = headers.rbegin(); it != headers.rend(); ++it) {
      if (it->name == name) return it->value ? &*it->value : nullptr;
    }
    return nullptr;
  }
};

struct Position {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  // Of a message that was polled: how often the partition has begun anew for its consumer. Offsets
  // ascend within one epoch; with a higher one they start over, because the log was cut or made
  // again, or because what the group had done was forgotten. progress.h minds it.
  std::int64_t epoch = 0;
};

struct Message {
  Position position;
  Record record;
};

// Thread-safe.
class Producer {
 public:
  // Called exactly once a record, from a thread of the bus or from within Produce or Flush; may
  // not block. A position says that the record is durable. A failure may still have happened.
  using Delivered = std::function<void(Result<Position>)>;

  virtual ~Producer() = default;
  // Never blocks. A full queue, an unknown topic, a record over `record_bytes_max` fail at once.
  virtual void Produce(std::string_view topic, Record record, Delivered delivered) = 0;
  // kNoRoom while the log has no room for new work. For who lets work in, before it does: what
  // work that is in leads to is produced all the same, or the log would never get shorter. Never
  // waits. Kafka looks after its room itself: there kUnavailable, once it has been away for a
  // while.
  virtual Result<void> Room() { return {}; }
  // Returns when all that was handed over before the call has had its callback, or kTimeout.
  virtual Result<void> Flush(milliseconds limit) = 0;
};

// One thread at a time, but for Wake.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // Up to `messages_max` messages as soon as one is there; none when `wait` has passed, `stop` is
  // requested or Wake was called. Messages of several partitions may be mixed.
  virtual Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                            std::stop_token stop) = 0;
  // Everything of the partition up to and with this position, which Poll gave, has taken effect.
  // Durable soon, not at once: after a crash committed messages may come again. Of a partition that
  // has gone to another member it counts when it comes back; nothing moves the group backwards.
  virtual Result<void> Commit(const Position& position) = 0;
  // Ends a Poll that waits. Thread-safe.
  virtual void Wake() = 0;
};

// What a group has not finished of a partition.
struct PartitionLag {
  std::string group;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t records = 0;  // not committed
  // When the oldest of those in work was produced; of a group without members, since when its
  // oldest is known to wait. Zero: none is.
  Time oldest{};
};

// What a log takes of its limit.
struct LogBytes {
  std::int64_t held = 0;
  std::int64_t max = 0;
};

// Thread-safe. Consumers and the producer must go before the bus.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual Producer& producer() = 0;
  // A member of `group`; partitions are shared among the members. A new group begins at the
  // earliest record. kNotFound for an unknown topic.
  virtual Result<std::unique_ptr<Consumer>> Subscribe(std::string_view group,
                                                      std::vector<std::string> topics) = 0;
  // Lag tells of this group also while it has no member in any process: who reads only under a duty
  // leaves the group when that is lost, and nobody else would see what piles up. Known topics.
  virtual void Follow(std::string_view group, std::vector<std::string> topics) = 0;
  // Of the partitions that the consumers of this process have, as last known: a partition of which
  // nothing is known so far is left out. Never waits; for metrics.
  virtual std::vector<PartitionLag> Lag() = 0;
  // Nothing where the log lies on other machines. Never waits; for metrics.
  virtual std::optional<LogBytes> Bytes() { return std::nullopt; }
  // Whether the other side answers, as last known. Never waits; for /readyz.
  virtual Result<void> Check() = 0;
  // Ends the work of the producer; see above. Consumers must be gone.
  virtual void Close(milliseconds limit) = 0;
};

}  // namespace insightd::bus
