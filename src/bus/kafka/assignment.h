// What a member of a group knows of its partitions: where each begins, what was handed out, what
// may be committed. No Kafka here, so that each case can be tested.
//
// Three rules:
//
// * The group never moves backwards: a position is given to Kafka only while the partition is ours
//   and only above what is known to be committed.
// * What our own user was handed stays in its work while the partition is away. When it comes back
//   and the group has gone no further, reading goes on where it was: nothing is worked on twice.
// * Nothing is passed over: when it comes back further behind than it is known to have been, or
//   with nothing committed, or when an offset comes that lies behind us, the log or the group was
//   started over. Then a new epoch begins (Position::epoch), and nothing of the old one counts.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "bus/in_work.h"

namespace insightd::bus {

using PartitionKey = std::pair<std::string, std::int32_t>;

class Assignment {
 public:
  // The group has given us the partition. `committed` is the offset that the group reads next, or
  // nothing if none is known.
  struct Start {
    std::optional<std::int64_t> offset;  // to read from; nothing: the earliest
    std::optional<std::int64_t> commit;  // done meanwhile by our user: the group reads this next
  };
  Start Assign(const PartitionKey& key, std::optional<std::int64_t> committed);
  // All partitions have been taken from us.
  void RevokeAll();

  bool Owns(const PartitionKey& key) const;
  std::vector<PartitionKey> owned() const;

  // A message was read from Kafka. `epoch` is what its position gets; `jumped_from` is set where
  // offsets between that one and this message's never came.
  struct Arrived {
    bool ours = false;
    bool began_anew = false;    // what was read of this partition before no longer counts
    std::int64_t expected = 0;  // where it began anew: the offset that was to come
    std::int64_t epoch = 0;
    std::optional<std::int64_t> jumped_from;
  };
  Arrived Arrive(const PartitionKey& key, std::int64_t offset);
  // The log of a partition that began anew at `offset` is shorter than it was, so that the group
  // may be told of offsets below those that it has. Until then it is not: what is read again moves
  // nothing back. Gives the offset that the group reads next.
  std::int64_t LogIsShorter(const PartitionKey& key, std::int64_t offset);
  // It was given to the user.
  void HandOut(const Position& position, Time produced);
  // The user has finished everything up to and with this position. Gives what Kafka has to be told:
  // the offset that the group reads next.
  std::optional<std::int64_t> Commit(const Position& position);
  // Kafka has stored it.
  void Committed(const PartitionKey& key, std::int64_t next);

  // Records of a partition that the group has not finished, when its log ends at `end` (the offset
  // of the next record) and begins at `first`.
  std::int64_t Unfinished(const PartitionKey& key, std::int64_t first, std::int64_t end) const;
  Time OldestInWork(const PartitionKey& key) const;

 private:
  struct Partition {
    bool ours = false;
    std::int64_t epoch = 0;
    std::optional<std::int64_t> committed;  // the group reads this next, as far as we know
    std::optional<std::int64_t> given;      // to Kafka, to be committed
    std::optional<std::int64_t> arrived;    // behind the last message that was read from Kafka
    std::optional<std::int64_t> handed;     // behind the last message that the user was given
    std::optional<std::int64_t> done;       // behind the last message that the user has finished
    InWork in_work;
  };
  static void BeginAnew(Partition& partition);
  std::map<PartitionKey, Partition> partitions_;
};

}  // namespace insightd::bus
