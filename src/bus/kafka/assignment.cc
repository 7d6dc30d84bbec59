#include "bus/kafka/assignment.h"

#include <algorithm>

namespace insightd::bus {

void Assignment::BeginAnew(Partition& partition) {
  const bool ours = partition.ours;
  const std::int64_t epoch = partition.epoch + 1;
  partition = Partition{};
  partition.ours = ours;
  partition.epoch = epoch;
}

Assignment::Start Assignment::Assign(const PartitionKey& key,
                                     std::optional<std::int64_t> committed) {
  Partition& partition = partitions_[key];
  // The group has lost what it had: so may the log.
  if (partition.committed && committed < partition.committed) BeginAnew(partition);
  partition.ours = true;
  partition.committed = committed;
  partition.given = committed;
  // An empty optional is less than any offset.
  partition.handed = std::max(partition.handed, committed);
  partition.arrived = partition.handed;
  Start start{.offset = partition.handed, .commit = {}};
  if (partition.done > committed) {
    partition.given = partition.done;
    start.commit = partition.done;
  }
  partition.done = std::max(partition.done, committed);
  if (partition.done) partition.in_work.Done(*partition.done - 1);
  return start;
}

void Assignment::RevokeAll() {
  for (auto& [key, partition] : partitions_) partition.ours = false;
}

bool Assignment::Owns(const PartitionKey& key) const {
  const auto at = partitions_.find(key);
  return at != partitions_.end() && at->second.ours;
}

std::vector<PartitionKey> Assignment::owned() const {
  std::vector<PartitionKey> keys;
  for (const auto& [key, partition] : partitions_) {
    if (partition.ours) keys.push_back(key);
  }
  return keys;
}

Assignment::Arrived Assignment::Arrive(const PartitionKey& key, std::int64_t offset) {
  const auto at = partitions_.find(key);
  if (at == partitions_.end() || !at->second.ours) return {};
  Partition& partition = at->second;
  Arrived arrived{.ours = true, .began_anew = false, .expected = 0, .epoch = 0, .jumped_from = {}};
  if (partition.arrived && offset < *partition.arrived) {
    const std::optional<std::int64_t> given = partition.given;
    arrived.expected = *partition.arrived;
    BeginAnew(partition);
    partition.given = given;
    arrived.began_anew = true;
  } else if (partition.arrived && offset > *partition.arrived) {
    arrived.jumped_from = partition.arrived;
  }
  partition.arrived = offset + 1;
  arrived.epoch = partition.epoch;
  return arrived;
}

std::int64_t Assignment::LogIsShorter(const PartitionKey& key, std::int64_t offset) {
  const auto at = partitions_.find(key);
  if (at == partitions_.end()) return offset;
  Partition& partition = at->second;
  partition.given = std::max(partition.done, std::optional(offset));
  return *partition.given;
}

void Assignment::HandOut(const Position& position, Time produced) {
  const auto at = partitions_.find({position.topic, position.partition});
  if (at == partitions_.end() || at->second.epoch != position.epoch) return;
  at->second.handed = std::max(at->second.handed, std::optional(position.offset + 1));
  at->second.in_work.Add(position.offset, produced);
}

std::optional<std::int64_t> Assignment::Commit(const Position& position) {
  const auto at = partitions_.find({position.topic, position.partition});
  if (at == partitions_.end() || at->second.epoch != position.epoch) return std::nullopt;
  Partition& partition = at->second;
  const std::optional<std::int64_t> next = position.offset + 1;
  partition.in_work.Done(position.offset);
  partition.done = std::max(partition.done, next);
  if (!partition.ours || next <= partition.given) return std::nullopt;
  partition.given = next;
  return next;
}

void Assignment::Committed(const PartitionKey& key, std::int64_t next) {
  const auto at = partitions_.find(key);
  if (at == partitions_.end() || !at->second.ours) return;
  at->second.committed = std::max(at->second.committed, std::optional(next));
}

std::int64_t Assignment::Unfinished(const PartitionKey& key, std::int64_t first,
                                    std::int64_t end) const {
  const auto at = partitions_.find(key);
  if (at == partitions_.end()) return 0;
  const std::int64_t next = std::max(at->second.done.value_or(first), first);
  return std::max<std::int64_t>(end - next, 0);
}

Time Assignment::OldestInWork(const PartitionKey& key) const {
  const auto at = partitions_.find(key);
  return at == partitions_.end() ? Time{} : at->second.in_work.oldest();
}

}  // namespace insightd::bus
