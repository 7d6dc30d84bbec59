#include "bus/progress.h"

#include <algorithm>

namespace insightd::bus {

bool PartitionProgress::Begin(std::int64_t offset) {
  if (entries_.size() >= in_work_max_ || offset <= begun_) return false;
  begun_ = offset;
  entries_.push_back({offset, false});
  return true;
}

void PartitionProgress::Done(std::int64_t offset) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), offset,
                       [](const Entry& entry, std::int64_t value) { return entry.offset < value; });
  INSIGHTD_ASSERT(at != entries_.end() && at->offset == offset && !at->done);
  at->done = true;
  while (!entries_.empty() && entries_.front().done) {
    committable_ = entries_.front().offset;
    entries_.pop_front();
  }
}

std::optional<std::int64_t> PartitionProgress::TakeCommittable() {
  return std::exchange(committable_, std::nullopt);
}

bool Progress::Begin(const Position& position) {
  const auto [at, _] = partitions_.try_emplace({position.topic, position.partition}, in_work_max_);
  return at->second.Begin(position.offset);
}

void Progress::Done(const Position& position) {
  const auto at = partitions_.find({position.topic, position.partition});
  INSIGHTD_ASSERT(at != partitions_.end());
  at->second.Done(position.offset);
}

std::vector<Position> Progress::TakeCommittable() {
  std::vector<Position> out;
  for (auto& [key, progress] : partitions_) {
    if (const auto offset = progress.TakeCommittable()) {
      out.push_back({key.first, key.second, *offset});
    }
  }
  return out;
}

std::size_t Progress::size() const {
  std::size_t size = 0;
  for (const auto& [key, progress] : partitions_) size += progress.size();
  return size;
}

}  // namespace insightd::bus
