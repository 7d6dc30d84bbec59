#include "bus/kafka/offsets.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <string>

#include "bus/kafka/client.h"

namespace insightd::bus {
namespace {

// Of the request for offsets by time: not a time, but an end of the log.
constexpr std::int64_t kTimeOfFirst = -2;
constexpr std::int64_t kTimeOfNext = -1;

int Count(milliseconds limit) { return static_cast<int>(limit.count()); }

// The first error of a partition.
rd_kafka_resp_err_t ErrorIn(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list.elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

void FreePartitionList::operator()(rd_kafka_topic_partition_list_t* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}

PartitionList MakeList(std::size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

Result<LogEnds> AskEnds(rd_kafka_t* client, const PartitionKey& key, milliseconds limit) {
  const auto& [topic, partition] = key;
  LogEnds ends;
  const auto error = rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &ends.first,
                                                      &ends.next, Count(limit));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return ends;
  return Fail(ToError(error, fmt::format("asking for the ends of {}/{}", topic, partition)));
}

std::map<PartitionKey, LogEnds> AskEnds(rd_kafka_t* client, std::set<PartitionKey> keys,
                                        milliseconds limit) {
  std::map<PartitionKey, LogEnds> ends;
  for (const std::int64_t time : {kTimeOfFirst, kTimeOfNext}) {
    if (keys.empty()) return {};
    const PartitionList list = MakeList(keys.size());
    for (const auto& [topic, partition] : keys) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = time;
    }
    if (rd_kafka_offsets_for_times(client, list.get(), Count(limit)) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      return {};
    }
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& answer = list->elems[i];
      const PartitionKey key{answer.topic, answer.partition};
      if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR || answer.offset < 0) {
        keys.erase(key);
        ends.erase(key);
      } else if (time == kTimeOfFirst) {
        ends[key].first = answer.offset;
      } else {
        ends[key].next = answer.offset;
      }
    }
  }
  return ends;
}

Result<PartitionList> AskCommitted(rd_kafka_t* client,
                                   const rd_kafka_topic_partition_list_t& partitions,
                                   milliseconds limit) {
  PartitionList committed(rd_kafka_topic_partition_list_copy(&partitions));
  if (committed->cnt == 0) return committed;
  auto error = rd_kafka_committed(client, committed.get(), Count(limit));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = ErrorIn(*committed);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return committed;
  return Fail(ToError(error, "asking where the group goes on"));
}

std::map<PartitionKey, std::int64_t> AskFirst(rd_kafka_t* client,
                                              const rd_kafka_topic_partition_list_t& committed,
                                              milliseconds limit) {
  const PartitionList unread = MakeList(static_cast<std::size_t>(committed.cnt));
  for (int i = 0; i < committed.cnt; ++i) {
    const rd_kafka_topic_partition_t& one = committed.elems[i];
    if (one.offset >= 0) continue;
    rd_kafka_topic_partition_list_add(unread.get(), one.topic, one.partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  std::map<PartitionKey, std::int64_t> first;
  if (unread->cnt == 0 || rd_kafka_offsets_for_times(client, unread.get(), Count(limit)) !=
                              RD_KAFKA_RESP_ERR_NO_ERROR) {
    return first;
  }
  for (int i = 0; i < unread->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = unread->elems[i];
    if (one.err == RD_KAFKA_RESP_ERR_NO_ERROR && one.offset >= 0) {
      first[{one.topic, one.partition}] = one.offset;
    }
  }
  return first;
}

Result<void> CommitNow(rd_kafka_t* client, const PartitionKey& key, std::int64_t next,
                       milliseconds limit) {
  const PartitionList list = MakeList(1);
  rd_kafka_topic_partition_list_add(list.get(), key.first.c_str(), key.second)->offset = next;
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(client);
  auto error = rd_kafka_commit_queue(client, list.get(), queue, nullptr, nullptr);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_event_t* const answer = rd_kafka_queue_poll(queue, Count(limit));
    error = answer == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(answer);
    const rd_kafka_topic_partition_list_t* of_each =
        answer == nullptr ? nullptr : rd_kafka_event_topic_partition_list(answer);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && of_each != nullptr) error = ErrorIn(*of_each);
    rd_kafka_event_destroy(answer);
  }
  rd_kafka_queue_destroy(queue);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Fail(ToError(error, fmt::format("committing {} of {}/{}", next, key.first, key.second)));
}

}  // namespace insightd::bus
