// What the brokers are asked and told of offsets. Each function sends, waits for the answer for at
// most `limit`, and says what did not come.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "base/clock.h"
#include "base/result.h"
#include "bus/kafka/assignment.h"

struct rd_kafka_s;
struct rd_kafka_topic_partition_list_s;

namespace insightd::bus {

struct FreePartitionList {
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_s, FreePartitionList>;

// An empty one that has room for so many.
PartitionList MakeList(std::size_t size);

// Where the log of a partition begins, and the offset of its next record.
struct LogEnds {
  std::int64_t first = 0;
  std::int64_t next = 0;
};
Result<LogEnds> AskEnds(rd_kafka_s* client, const PartitionKey& key, milliseconds limit);
// Of many, as far as their leaders answer.
std::map<PartitionKey, LogEnds> AskEnds(rd_kafka_s* client, std::set<PartitionKey> keys,
                                        milliseconds limit);

// Where the group goes on in each of these partitions, in their order; below 0 where it has
// finished nothing. All or nothing: an answer that lacks one is a failure.
Result<PartitionList> AskCommitted(rd_kafka_s* client,
                                   const rd_kafka_topic_partition_list_s& partitions,
                                   milliseconds limit);

// Where the logs begin in which the group has finished nothing, as far as their leaders answer.
std::map<PartitionKey, std::int64_t> AskFirst(rd_kafka_s* client,
                                              const rd_kafka_topic_partition_list_s& committed,
                                              milliseconds limit);

// The group reads `next` next.
Result<void> CommitNow(rd_kafka_s* client, const PartitionKey& key, std::int64_t next,
                       milliseconds limit);

}  // namespace insightd::bus
