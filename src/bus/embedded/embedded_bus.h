// The bus of one machine: an ordered log in one SQLite file, read by groups in the same process.
//
// What bus.h promises, and how it is kept here:
//
// * One thread writes. Everything that is queued when it comes round goes into one transaction:
//   records, positions of groups, and the removal of records that nobody needs. So many producers
//   share one sync, and one alone waits for a single one.
// * A record may go when every group of its topic has committed it, and goes `read_kept` later: at
//   once, if nothing else is said. So the file stays as large as what is in work was at most, and
//   shrinks again when there was much. Of a topic that no group reads the newest
//   `unread_records_max` stay for `unread_kept`.
// * Above `bytes_max` what may go goes before its time, the oldest first. What a group has not
//   committed never does: when this alone is over the limit, Room says so to who lets work in, and
//   reading and what it leads to go on. From `kWarnShare` of it on there is one line in the log.
// * The disk full: the writing thread goes on trying; records wait in the queue until
//   `delivery_timeout`. Nothing that was promised is touched, and it goes on when there is room.
// * Reading waits for a condition variable, not for time to pass.
//
// Without `background` nothing runs by itself: Flush writes in the caller's thread, and Poll never
// waits. With a clock that a test owns, a run then depends on nothing but its calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"

namespace insightd::bus {

// Of `bytes_max`: well before there is no room.
inline constexpr double kWarnShare = 0.8;

struct TopicOptions {
  std::string name;
  std::int32_t partitions = 1;  // more may be added later; fewer are not taken away
  // Groups that will read it: what is produced before they first subscribe is kept for them.
  std::vector<std::string> groups = {};
};

struct EmbeddedBusOptions {
  std::string path;  // of the file, which is made when it is not there
  std::vector<TopicOptions> topics;
  bool background = true;
  const Clock* clock = nullptr;  // nothing: the machine's own

  std::size_t queue_bytes_max = std::size_t{32} << 20;  // handed over and not yet durable
  // Of a record; headers apart, so that whatever came in fits also as a dead letter.
  std::size_t record_bytes_max = std::size_t{16} << 20;  // key and value
  std::size_t header_bytes_max = std::size_t{1} << 20;
  std::size_t batch_bytes_max = std::size_t{4} << 20;  // records in one transaction
  std::size_t poll_bytes_max = std::size_t{8} << 20;   // one Poll gives this, but one message
  milliseconds delivery_timeout{5'000};
  milliseconds retry_pause{100};   // after a transaction that failed
  milliseconds commit_linger{20};  // a position waits this long for records to share a sync with
  std::int64_t bytes_max = std::int64_t{4} << 30;  // of records in the file
  seconds read_kept{0};                            // what all groups have committed
  seconds unread_kept{7 * 86'400};                 // what no group reads
  std::int64_t unread_records_max = 100'000;
  std::size_t removed_per_step = 512;   // records of a log removed in one transaction
  std::int32_t cache_kib = 2048;        // page cache of the writer
  std::int32_t reader_cache_kib = 256;  // page cache of a consumer
};

// kUnavailable when the file cannot be used, kInvalid when a newer version made it.
Result<std::unique_ptr<Bus>> OpenEmbeddedBus(EmbeddedBusOptions options);

}  // namespace insightd::bus
