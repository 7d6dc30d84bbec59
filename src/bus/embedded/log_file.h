// The file of the embedded bus: logs of records, positions of groups. Knows no threads and no
// queue; embedded_bus.cc has these.
//
// A log is one partition of one topic. Offsets of a log have no gaps; a log remembers its next
// offset when all its records are removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "bus/bus.h"
#include "bus/embedded/embedded_bus.h"

namespace insightd::bus {

struct Log {
  std::int64_t id = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t first = 0;  // the lowest offset that is still there, `next` if none
  std::int64_t next = 0;   // the offset of the next record
  Time oldest{};           // when the record at `first` was produced, if there is one
};

// Positions by group and log id: the offset that the group reads next.
using Positions = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;

// The writing side. One thread at a time.
class LogFile {
 public:
  static Result<std::unique_ptr<LogFile>> Open(const EmbeddedBusOptions& options);

  // As they were when the file was opened: all topics ever made, not only those of the options.
  const std::vector<Log>& logs() const { return logs_; }
  const Positions& positions() const { return positions_; }

  // What follows happens between Begin and Commit; Rollback undoes it.
  Result<void> Begin();
  Result<void> Append(const Log& log, std::int64_t offset, const Record& record);
  Result<void> SetNext(const Log& log, std::int64_t next);
  Result<void> SetPosition(const std::string& group, std::int64_t log_id, std::int64_t next);
  // Removes the offsets [first, until).
  Result<void> Remove(const Log& log, std::int64_t first, std::int64_t until);
  Result<void> Commit();
  void Rollback();
  // When the record at an offset that is there was produced.
  Result<Time> Produced(const Log& log, std::int64_t offset);
  // The first offset in [first, until) of a record produced after `time`; `until` if none was.
  Result<std::int64_t> FirstAfter(const Log& log, std::int64_t first, std::int64_t until,
                                  Time time);
  // What records take of the file: pages that are free in it do not count.
  Result<std::int64_t> BytesHeld();

  // Gives some of the free pages back to the file system when there are many.
  Result<void> Shrink();

 private:
  explicit LogFile(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
  Result<void> MakeSchema();
  Result<void> MakeTopics(const std::vector<TopicOptions>& topics);
  Result<void> Load();

  std::unique_ptr<sqlite::Database> database_;
  std::unique_ptr<sqlite::Transaction> transaction_;
  std::vector<Log> logs_;
  Positions positions_;
};

// The reading side, a connection of its own. One thread at a time.
class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> Open(const EmbeddedBusOptions& options);

  // Appends the messages of offsets [first, until), at most `messages_max` and, but for the first,
  // `bytes_max`. Takes what it has used off both limits.
  Result<void> Read(const Log& log, std::int64_t first, std::int64_t until,
                    std::size_t& messages_max, std::size_t& bytes_max, std::vector<Message>& out);

 private:
  explicit LogReader(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
  std::unique_ptr<sqlite::Database> database_;
};

// Bytes that a record counts for in the bounds.
std::size_t BytesOf(const Record& record);

}  // namespace insightd::bus
