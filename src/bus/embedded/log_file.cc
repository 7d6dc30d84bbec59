#include "bus/embedded/log_file.h"

#include <fmt/format.h>

#include <optional>

#include "base/packed_text.h"

namespace insightd::bus {
namespace {

// `PRAGMA user_version` of a file in this form.
constexpr std::int64_t kFormat = 1;

// A record's row id is its log's id, then its offset: each log is one range of the table.
constexpr int kOffsetBits = 40;
constexpr std::int64_t kPartitionsMax = 1024;

// Free pages are kept for the next burst up to this.
constexpr std::int64_t kFreePagesKept = 4096;
constexpr std::int64_t kPagesShrunkAtOnce = 512;
constexpr std::int32_t kPageBytes = 4096;
// The log's pages are used again while it is hot, so that copying them back rarely is cheaper.
constexpr std::int32_t kCheckpointPages = 2048;

std::int64_t RowId(std::int64_t log_id, std::int64_t offset) {
  return (log_id << kOffsetBits) | offset;
}
std::int64_t OffsetOf(std::int64_t row_id) {
  return row_id & ((std::int64_t{1} << kOffsetBits) - 1);
}

// Behind the headers of a record that has no value; no header is as short.
constexpr std::string_view kNoValue = "-";

std::string PackedHeaders(const Record& record) {
  std::string out;
  for (const Header& header : record.headers) {
    PutPacked(out, header.name);
    PutPackedOptional(out, header.value);
  }
  if (record.no_value) out += kNoValue;
  return out;
}

bool UnpackHeaders(std::string_view packed, Record& into) {
  while (!packed.empty() && packed != kNoValue) {
    Header header;
    if (!TakePacked(packed, header.name) || !TakePackedOptional(packed, header.value)) return false;
    into.headers.push_back(std::move(header));
  }
  into.no_value = !packed.empty();
  return true;
}

}  // namespace

std::size_t BytesOf(const Record& record) {
  std::size_t bytes = record.key.size() + record.value.size() + sizeof(Record);
  for (const Header& header : record.headers) {
    bytes += header.bytes() + sizeof(Header);
  }
  return bytes;
}

Result<std::unique_ptr<LogFile>> LogFile::Open(const EmbeddedBusOptions& options) {
  auto database = sqlite::Database::Open(options.path, {.page_bytes = kPageBytes,
                                                        .cache_kib = options.cache_kib,
                                                        .checkpoint_pages = kCheckpointPages,
                                                        .incremental_vacuum = true});
  if (!database) return Fail(std::move(database).error());
  std::unique_ptr<LogFile> file(new LogFile(*std::move(database)));
  if (auto made = file->MakeSchema(); !made) return Fail(std::move(made).error());
  if (auto made = file->MakeTopics(options.topics); !made) return Fail(std::move(made).error());
  if (auto loaded = file->Load(); !loaded) return Fail(std::move(loaded).error());
  return file;
}

Result<void> LogFile::MakeSchema() {
  const Result<std::int64_t> format = database_->Number("PRAGMA user_version");
  if (!format) return Fail(format.error());
  if (*format > kFormat) {
    return Fail(Code::kInvalid,
                fmt::format("{} has format {}, this version knows formats up to {}: start the "
                            "version that made it, or restore a backup made before the update",
                            database_->path(), *format, kFormat));
  }
  if (*format == kFormat) return {};
  return database_->Execute(fmt::format(R"(
    BEGIN IMMEDIATE;
    CREATE TABLE topic(
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      partitions INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE log(
      id INTEGER PRIMARY KEY,  -- topic * 1024 + partition
      next INTEGER NOT NULL    -- offset of the next record
    ) STRICT;
    CREATE TABLE record(
      id INTEGER PRIMARY KEY,  -- log << 40 | offset
      timestamp INTEGER NOT NULL,
      key BLOB NOT NULL,
      headers BLOB NOT NULL,
      value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE position(
      consumer_group TEXT NOT NULL,
      log INTEGER NOT NULL,
      next INTEGER NOT NULL,  -- offset that the group reads next
      PRIMARY KEY (consumer_group, log)
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = {};
    COMMIT;)",
                                        kFormat));
}

Result<void> LogFile::MakeTopics(const std::vector<TopicOptions>& topics) {
  sqlite::Transaction transaction(*database_);
  if (auto begun = transaction.BeginWrite(); !begun) return begun;
  for (const TopicOptions& topic : topics) {
    if (topic.partitions < 1 || topic.partitions > kPartitionsMax) {
      return Fail(Code::kInvalid, fmt::format("topic {} with {} partitions: 1 to {} are possible",
                                              topic.name, topic.partitions, kPartitionsMax));
    }
    sqlite::Query insert(*database_,
                         "INSERT INTO topic(name, partitions) VALUES (?, ?) ON CONFLICT(name) DO "
                         "UPDATE SET partitions = max(partitions, excluded.partitions)");
    if (auto done = insert.Text(topic.name).Int(topic.partitions).Run(); !done) return done;
  }
  if (auto done = database_->Execute(R"(
        WITH RECURSIVE part(topic, number, count) AS (
          SELECT id, 0, partitions FROM topic
          UNION ALL SELECT topic, number + 1, count FROM part WHERE number + 1 < count)
        INSERT OR IGNORE INTO log(id, next) SELECT topic * 1024 + number, 0 FROM part;)");
      !done) {
    return done;
  }
  for (const TopicOptions& topic : topics) {
    for (const std::string& group : topic.groups) {
      // A group that is new begins at the earliest record that is there.
      sqlite::Query insert(*database_,
                           "INSERT OR IGNORE INTO position(consumer_group, log, next) "
                           "SELECT ?, l.id, coalesce((SELECT min(r.id) & 0xffffffffff FROM record r"
                           "  WHERE r.id >= l.id << 40 AND r.id < (l.id + 1) << 40), l.next) "
                           "FROM log l JOIN topic t ON t.id = l.id / 1024 WHERE t.name = ?");
      if (auto done = insert.Text(group).Text(topic.name).Run(); !done) return done;
    }
  }
  return transaction.Commit();
}

Result<void> LogFile::Load() {
  sqlite::Query logs(*database_,
                     "SELECT l.id, t.name, l.id % 1024, l.next, coalesce(r.id, -1), r.timestamp "
                     "FROM log l JOIN topic t ON t.id = l.id / 1024 LEFT JOIN record r ON r.id = "
                     "(SELECT min(id) FROM record WHERE id >= l.id << 40 AND id < (l.id + 1) << 40)"
                     " ORDER BY l.id");
  while (true) {
    const Result<bool> row = logs.Step();
    if (!row) return Fail(row.error());
    if (!*row) break;
    Log log{.id = logs.IntAt(0),
            .topic = logs.StringAt(1),
            .partition = static_cast<std::int32_t>(logs.IntAt(2)),
            .first = 0,
            .next = logs.IntAt(3)};
    const bool empty = logs.IntAt(4) < 0;
    log.first = empty ? log.next : OffsetOf(logs.IntAt(4));
    if (!empty) log.oldest = logs.TimeAt(5);
    logs_.push_back(std::move(log));
  }
  sqlite::Query positions(*database_, "SELECT consumer_group, log, next FROM position");
  while (true) {
    const Result<bool> row = positions.Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    positions_[{positions.StringAt(0), positions.IntAt(1)}] = positions.IntAt(2);
  }
}

Result<void> LogFile::Begin() {
  transaction_ = std::make_unique<sqlite::Transaction>(*database_);
  return transaction_->BeginWrite();
}

Result<void> LogFile::Append(const Log& log, std::int64_t offset, const Record& record) {
  const std::string headers = PackedHeaders(record);
  return sqlite::Query(*database_,
                       "INSERT INTO record(id, timestamp, key, headers, value) VALUES (?,?,?,?,?)")
      .Int(RowId(log.id, offset))
      .At(record.timestamp)
      .Blob(record.key)
      .Blob(headers)
      .Blob(record.value)
      .Run();
}

Result<void> LogFile::SetNext(const Log& log, std::int64_t next) {
  return sqlite::Query(*database_, "UPDATE log SET next = ? WHERE id = ?")
      .Int(next)
      .Int(log.id)
      .Run();
}

Result<void> LogFile::SetPosition(const std::string& group, std::int64_t log_id,
                                  std::int64_t next) {
  return sqlite::Query(*database_,
                       "INSERT INTO position(consumer_group, log, next) VALUES (?,?,?) "
                       "ON CONFLICT(consumer_group, log) DO UPDATE SET next = excluded.next")
      .Text(group)
      .Int(log_id)
      .Int(next)
      .Run();
}

Result<void> LogFile::Remove(const Log& log, std::int64_t first, std::int64_t until) {
  return sqlite::Query(*database_, "DELETE FROM record WHERE id >= ? AND id < ?")
      .Int(RowId(log.id, first))
      .Int(RowId(log.id, until))
      .Run();
}

Result<void> LogFile::Commit() {
  auto committed = transaction_->Commit();
  transaction_.reset();
  return committed;
}

void LogFile::Rollback() { transaction_.reset(); }

Result<Time> LogFile::Produced(const Log& log, std::int64_t offset) {
  sqlite::Query query(*database_, "SELECT timestamp FROM record WHERE id = ?");
  const Result<bool> row = query.Int(RowId(log.id, offset)).Step();
  if (!row) return Fail(row.error());
  // An offset that is missing inside a log counts as old: nothing waits for it.
  return *row ? query.TimeAt(0) : Time{};
}

Result<std::int64_t> LogFile::FirstAfter(const Log& log, std::int64_t first, std::int64_t until,
                                         Time time) {
  sqlite::Query query(*database_,
                      "SELECT id FROM record WHERE id >= ? AND id < ? AND timestamp > ? "
                      "ORDER BY id LIMIT 1");
  const Result<bool> row =
      query.Int(RowId(log.id, first)).Int(RowId(log.id, until)).At(time).Step();
  if (!row) return Fail(row.error());
  return *row ? OffsetOf(query.IntAt(0)) : until;
}

Result<std::int64_t> LogFile::BytesHeld() {
  std::int64_t pages = 0;
  {
    sqlite::Query count(*database_, "PRAGMA page_count");
    if (const Result<bool> row = count.Step(); !row) return Fail(row.error());
    pages = count.IntAt(0);
  }
  sqlite::Query free(*database_, "PRAGMA freelist_count");
  if (const Result<bool> row = free.Step(); !row) return Fail(row.error());
  return (pages - free.IntAt(0)) * kPageBytes;
}

Result<void> LogFile::Shrink() {
  const Result<std::int64_t> free = database_->Number("PRAGMA freelist_count");
  if (!free) return Fail(free.error());
  if (*free <= kFreePagesKept) return {};
  return database_->Execute(fmt::format("PRAGMA incremental_vacuum({})", kPagesShrunkAtOnce));
}

Result<std::unique_ptr<LogReader>> LogReader::Open(const EmbeddedBusOptions& options) {
  auto database = sqlite::Database::Open(
      options.path,
      {.read_only = true, .page_bytes = kPageBytes, .cache_kib = options.reader_cache_kib});
  if (!database) return Fail(std::move(database).error());
  return std::unique_ptr<LogReader>(new LogReader(*std::move(database)));
}

Result<void> LogReader::Read(const Log& log, std::int64_t first, std::int64_t until,
                             std::size_t& messages_max, std::size_t& bytes_max,
                             std::vector<Message>& out) {
  sqlite::Query query(*database_,
                      "SELECT id, timestamp, key, headers, value FROM record "
                      "WHERE id >= ? AND id < ? ORDER BY id LIMIT ?");
  query.Int(RowId(log.id, first))
      .Int(RowId(log.id, until))
      .Int(static_cast<std::int64_t>(messages_max));
  while (messages_max > 0 && bytes_max > 0) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    const std::int64_t offset = OffsetOf(query.IntAt(0));
    Message message{.position = {log.topic, log.partition, offset},
                    .record = {.key = std::string(query.BlobAt(2)),
                               .value = std::string(query.BlobAt(4)),
                               .headers = {},
                               .timestamp = query.TimeAt(1)}};
    if (!UnpackHeaders(query.BlobAt(3), message.record)) {
      return Fail(Code::kInternal,
                  fmt::format("{}: the headers of {}/{} at offset {} are damaged: restore the file "
                              "from a backup",
                              database_->path(), log.topic, log.partition, offset));
    }
    const std::size_t bytes = BytesOf(message.record);
    if (bytes > bytes_max && !out.empty()) {
      bytes_max = 0;
      return {};
    }
    bytes_max -= std::min(bytes, bytes_max);
    --messages_max;
    out.push_back(std::move(message));
  }
  return {};
}

}  // namespace insightd::bus
