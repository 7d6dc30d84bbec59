#include "bus/progress.h"

#include <algorithm>

namespace insightd::bus {

bool PartitionProgress::Begin(std::int64_t offset) {
  if (entries_.size() >= in_work_max_ || offset <= begun_) return false;
  begun_ = offset;
  entries_.push_back({offset, false});
  ++in_work_;
  return true;
}

void PartitionProgress::Done(std::int64_t offset) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), offset,
                       [](const Entry& entry, std::int64_t value) { return entry.offset < value; });
  INSIGHTD_ASSERT(at != entries_.end() && at->offset == offset && !at->done);
  at->done = true;
  --in_work_;
  while (!entries_.empty() && entries_.front().done) {
    committable_ = entries_.front().offset;
    entries_.pop_front();
  }
}

std::optional<std::int64_t> PartitionProgress::TakeCommittable() {
  return std::exchange(committable_, std::nullopt);
}

bool Progress::Begin(const Position& position) {
  const auto [at, _] = partitions_.try_emplace({position.topic, position.partition}, position.epoch,
                                               PartitionProgress(in_work_max_));
  Partition& partition = at->second;
  if (position.epoch < partition.epoch) return false;
  if (position.epoch > partition.epoch) {
    partition = {position.epoch, PartitionProgress(in_work_max_)};
  }
  return partition.progress.Begin(position.offset);
}

void Progress::Done(const Position& position) {
  const auto at = partitions_.find({position.topic, position.partition});
  INSIGHTD_ASSERT(at != partitions_.end());
  if (position.epoch == at->second.epoch) at->second.progress.Done(position.offset);
}

std::vector<Position> Progress::TakeCommittable() {
  std::vector<Position> out;
  for (auto& [key, partition] : partitions_) {
    if (const auto offset = partition.progress.TakeCommittable()) {
      out.push_back({key.first, key.second, *offset, partition.epoch});
    }
  }
  return out;
}

std::size_t Progress::size() const {
  std::size_t size = 0;
  for (const auto& [key, partition] : partitions_) size += partition.progress.size();
  return size;
}

std::size_t Progress::in_work() const {
  std::size_t in_work = 0;
  for (const auto& [key, partition] : partitions_) in_work += partition.progress.in_work();
  return in_work;
}

std::vector<Position> LastPositions(const std::vector<Message>& messages) {
  std::map<std::pair<std::string, std::int32_t>, const Position*> last;
  for (const Message& message : messages) {
    const Position& position = message.position;
    const Position*& known = last[{position.topic, position.partition}];
    if (known == nullptr || known->epoch < position.epoch ||
        (known->epoch == position.epoch && known->offset < position.offset)) {
      known = &position;
    }
  }
  std::vector<Position> positions;
  positions.reserve(last.size());
  for (const auto& [key, position] : last) positions.push_back(*position);
  return positions;
}

}  // namespace insightd::bus
