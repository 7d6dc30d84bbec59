// What of a partition is in work and what is done, so that a consumer commits only positions below
// which everything is done. For consumers that work on several messages at once.
//
// A message that comes again while it is in work or done is recognised by its offset. A partition
// that has begun anew (a higher Position::epoch) is taken from the start: what was in work of it is
// forgotten, and its end no longer counts.
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
  // Those of them that are in work.
  std::size_t in_work() const { return in_work_; }

 private:
  struct Entry {
    std::int64_t offset;
    bool done;
  };
  std::size_t in_work_max_;
  std::deque<Entry> entries_;  // by offset; the front is in work
  std::size_t in_work_ = 0;
  std::int64_t begun_ = -1;  // the highest offset taken
  std::optional<std::int64_t> committable_;
};

// Of all partitions that a consumer has met.
class Progress {
 public:
  // `in_work_max` is for each partition.
  explicit Progress(std::size_t in_work_max) : in_work_max_(in_work_max) {}

  // False for a position of an older epoch too.
  bool Begin(const Position& position);
  // Of an older epoch: nothing happens.
  void Done(const Position& position);
  // One position for each partition that has moved since the last call.
  std::vector<Position> TakeCommittable();
  std::size_t size() const;
  std::size_t in_work() const;

 private:
  struct Partition {
    std::int64_t epoch;
    PartitionProgress progress;
  };
  std::size_t in_work_max_;
  std::map<std::pair<std::string, std::int32_t>, Partition> partitions_;
};

// The last position of each partition in `messages`: what is committed when all have taken effect.
std::vector<Position> LastPositions(const std::vector<Message>& messages);

}  // namespace insightd::bus
