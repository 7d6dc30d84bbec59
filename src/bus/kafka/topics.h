// Which topics there are on the brokers, and whether they are as this program needs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/kafka/kafka_bus.h"

struct rd_kafka_s;

namespace insightd::bus {

// The topics that are known to be there, with their number of partitions. Thread-safe.
class KnownTopics {
 public:
  bool Contains(std::string_view topic) const;
  void Add(const std::string& topic, std::int32_t partitions);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int32_t, std::less<>> partitions_;
};

// What follows asks the brokers and may take up to `limit`.

// Partitions of each topic of `topics`; zero for one that is not there.
Result<std::map<std::string, std::int32_t>> PartitionsOf(rd_kafka_s* handle,
                                                         const std::vector<std::string>& topics,
                                                         milliseconds limit);

// With `partitions` partitions and as many replicas as the brokers see fit. One that somebody else
// made meanwhile is good.
Result<void> CreateTopics(rd_kafka_s* handle, const std::vector<std::string>& topics,
                          std::int32_t partitions, std::size_t message_bytes_max,
                          milliseconds limit);

// The largest message that each topic takes; left out where the brokers do not say.
std::map<std::string, std::size_t> MessageBytesMaxOf(rd_kafka_s* handle,
                                                     const std::vector<std::string>& topics,
                                                     milliseconds limit);

// Makes those that are missing where `options` say so, logs what is worse than it should be, and
// fills `known`. kNotFound for one that is missing, kUnavailable when the brokers do not say.
Result<void> CheckTopics(rd_kafka_s* handle, const KafkaBusOptions& options, KnownTopics& known);

}  // namespace insightd::bus
