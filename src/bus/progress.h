// What of a partition is in work and what is done, so that a consumer commits only positions below
// which everything is done. For consumers that work on several messages at once.
//
// One thread at a time. Bounded: Begin refuses above `in_work_max`, and the consumer then has to
// finish something before it takes more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"

namespace insightd::bus {

// Of one partition.
class PartitionProgress {
 public:
  explicit PartitionProgress(std::size_t in_work_max) : in_work_max_(in_work_max) {}

  // Takes `offset` into work; offsets come ascending, gaps are allowed. False when there are
  // `in_work_max` entries that wait for a commit, or when the offset came before (a redelivery).
  bool Begin(std::int64_t offset);
  // The effect of `offset`, which is in work, is durable.
  void Done(std::int64_t offset);
  // The highest offset below and at which all is done, if that has moved since the last call.
  std::optional<std::int64_t> TakeCommittable();
  // Entries between the lowest in work and the highest taken.
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::int64_t offset;
    bool done;
  };
  std::size_t in_work_max_;
  std::deque<Entry> entries_;  // by offset; the front is in work
  std::int64_t begun_ = -1;    // the highest offset taken
  std::optional<std::int64_t> committable_;
};

// Of all partitions that a consumer has met.
class Progress {
 public:
  // `in_work_max` is for each partition.
  explicit Progress(std::size_t in_work_max) : in_work_max_(in_work_max) {}

  bool Begin(const Position& position);
  void Done(const Position& position);
  // One position for each partition that has moved since the last call.
  std::vector<Position> TakeCommittable();
  std::size_t size() const;

 private:
  std::size_t in_work_max_;
  std::map<std::pair<std::string, std::int32_t>, PartitionProgress> partitions_;
};

}  // namespace insightd::bus
