#include "bus/kafka/followed_groups.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "bus/kafka/admin.h"
#include "bus/kafka/client.h"
#include "bus/kafka/offsets.h"
#include "bus/kafka/topics.h"

namespace insightd::bus {
namespace {

Result<bool> HasMembers(rd_kafka_t* client, const std::string& group, milliseconds limit) {
  const char* name = group.c_str();
  const auto event = AskAdmin(client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, limit,
                              [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                rd_kafka_DescribeConsumerGroups(client, &name, 1, options, queue);
                              });
  if (!event) return Fail(event.error());
  std::size_t count = 0;
  const auto* const groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count != 1) return Fail(Code::kUnavailable, "the brokers do not describe the group");
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(groups[0]); error != nullptr) {
    return Fail(ToError(rd_kafka_error_code(error), fmt::format("describing group {}", group)));
  }
  return rd_kafka_ConsumerGroupDescription_member_count(groups[0]) > 0;
}

// Where the group goes on; left out where it has finished nothing.
Result<std::map<PartitionKey, std::int64_t>> CommittedOf(rd_kafka_t* client,
                                                         const std::string& group,
                                                         const std::set<PartitionKey>& keys,
                                                         milliseconds limit) {
  const PartitionList wanted = MakeList(keys.size());
  for (const auto& [topic, partition] : keys) {
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), partition);
  }
  rd_kafka_ListConsumerGroupOffsets_t* request =
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), wanted.get());
  const auto event =
      AskAdmin(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, limit,
               [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                 rd_kafka_ListConsumerGroupOffsets(client, &request, 1, options, queue);
               });
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  if (!event) return Fail(event.error());
  std::size_t count = 0;
  const auto* const groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  if (count != 1) return Fail(Code::kUnavailable, "the brokers do not tell the group's offsets");
  if (const auto* error = rd_kafka_group_result_error(groups[0]); error != nullptr) {
    return Fail(ToError(rd_kafka_error_code(error), fmt::format("offsets of group {}", group)));
  }
  std::map<PartitionKey, std::int64_t> committed;
  const rd_kafka_topic_partition_list_t* list = rd_kafka_group_result_partitions(groups[0]);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR || one.offset < 0) continue;
    committed[{one.topic, one.partition}] = one.offset;
  }
  return committed;
}

}  // namespace

void FollowedGroups::Follow(std::string_view group, std::vector<std::string> topics) {
  const std::lock_guard lock(mutex_);
  groups_[std::string(group)] = {.topics = std::move(topics), .lags = {}};
}

void FollowedGroups::Ask(rd_kafka_t* client, const std::set<std::string>& read_here,
                         milliseconds limit) {
  std::map<std::string, Group, std::less<>> groups;
  {
    const std::lock_guard lock(mutex_);
    groups = groups_;
  }
  for (const auto& [name, group] : groups) {
    Result<std::vector<PartitionLag>> lags = std::vector<PartitionLag>();
    if (!read_here.contains(name)) lags = LagsOf(client, name, group, limit);
    if (!lags) continue;
    const std::lock_guard lock(mutex_);
    groups_[name].lags = *std::move(lags);
  }
}

Result<std::vector<PartitionLag>> FollowedGroups::LagsOf(rd_kafka_t* client,
                                                         const std::string& name,
                                                         const Group& group, milliseconds limit) {
  std::vector<PartitionLag> lags;
  const auto has_members = HasMembers(client, name, limit);
  if (!has_members) return Fail(has_members.error());
  if (*has_members) return lags;
  const auto partitions = PartitionsOf(client, group.topics, limit);
  if (!partitions) return Fail(partitions.error());
  std::set<PartitionKey> keys;
  for (const auto& [topic, count] : *partitions) {
    for (std::int32_t partition = 0; partition < count; ++partition) keys.emplace(topic, partition);
  }
  const auto committed = CommittedOf(client, name, keys, limit);
  if (!committed) return Fail(committed.error());
  const Time now = SystemClock().Now();
  for (const auto& [key, ends] : AskEnds(client, keys, limit)) {
    const auto at = committed->find(key);
    const std::int64_t next =
        std::min(at == committed->end() ? ends.first : std::max(at->second, ends.first), ends.next);
    Still& still = still_[{name, key}];
    if (next == ends.next) {
      still = {};
    } else if (still.since == Time{} || still.committed != next) {
      still = {.committed = next, .since = now};
    }
    lags.push_back({.group = name,
                    .topic = key.first,
                    .partition = key.second,
                    .records = ends.next - next,
                    .oldest = still.since});
  }
  return lags;
}

std::vector<PartitionLag> FollowedGroups::Lags(const std::set<std::string>& read_here) const {
  std::vector<PartitionLag> lags;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, group] : groups_) {
    if (read_here.contains(name)) continue;
    std::copy(group.lags.begin(), group.lags.end(), std::back_inserter(lags));
  }
  return lags;
}

}  // namespace insightd::bus
