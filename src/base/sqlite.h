// SQLite as bus and store use it: a connection, statements that are prepared once, transactions,
// errors as ours.
//
// A full disk, a file that cannot be written, a lock that is held too long: kUnavailable. A row
// that breaks a constraint, or is larger than SQLite takes: kInvalid. A damaged file: kInternal,
// since going on would spread the damage. Each message names the file.
//
// Everything here: one thread at a time for a connection and what was made from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace insightd::sqlite {

struct OpenOptions {
  bool read_only = false;          // PRAGMA query_only; the file and its journal must exist
  std::int32_t page_bytes = 4096;  // of a file that is made new
  std::int32_t cache_kib = 2048;   // page cache of this connection
  // Pages in the write-ahead log at which a commit copies them back into the file.
  std::int32_t checkpoint_pages = 1000;
  bool incremental_vacuum = false;  // of a file that is made new
  milliseconds busy_timeout{10'000};
  std::int32_t row_bytes_max = 256 << 20;
};

class Query;

class Database {
 public:
  // In WAL mode, synchronous=FULL: what is committed is durable. So is what a process before had
  // committed, as far as it is seen, unless `read_only`. Files that are made are this user's alone
  // (0600) whatever the umask; from those that are there others are shut out.
  static Result<std::unique_ptr<Database>> Open(const std::string& path,
                                                const OpenOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One or more statements without parameters; rows are dropped.
  Result<void> Execute(const std::string& sql);
  // The first column of the first row, 0 when there is none.
  Result<std::int64_t> Number(const std::string& sql);
  // Rows changed by the last statement.
  std::int64_t Changes() const;
  const std::string& path() const { return path_; }

 private:
  friend class Query;
  friend class Transaction;
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Error ErrorNow(int code) const;

  std::string path_;
  sqlite3* handle_;
  bool commit_failed_ = false;  // the last one: what it wrote may still be in the log
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by the address of their text
};

// One use of a statement: bind from left to right, step, read columns. A failure of the
// preparation or of a binding comes out of Step.
//
//   Query query(*db, "SELECT name FROM topic WHERE id = ?");
//   query.Int(4);
//   while (TRY(query.Step())) use(query.TextAt(0));
class Query {
 public:
  // `sql` is a literal: it is kept by address. One use of a text at a time for a connection.
  Query(Database& database, std::string_view sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Texts and blobs must outlive the next Step or Reset; they are not copied.
  Query& Int(std::int64_t value);
  Query& Text(std::string_view value);
  Query& Blob(std::string_view value);
  Query& Null();
  Query& At(Time time) { return Int(time.time_since_epoch().count()); }
  Query& At(const std::optional<Time>& time) { return time ? At(*time) : Null(); }
  Query& TextOrNull(std::string_view value) { return value.empty() ? Null() : Text(value); }

  // Whether there is a row.
  Result<bool> Step();
  // To the end, without rows.
  Result<void> Run();
  // For the next use with other values.
  void Reset();

  bool IsNull(int column) const;
  std::int64_t IntAt(int column) const;
  // Valid until the next Step or Reset.
  std::string_view TextAt(int column) const;
  std::string_view BlobAt(int column) const;
  std::string StringAt(int column) const { return std::string(TextAt(column)); }
  Time TimeAt(int column) const { return Time(microseconds(IntAt(column))); }
  std::optional<Time> OptionalTimeAt(int column) const {
    return IsNull(column) ? std::nullopt : std::optional<Time>(TimeAt(column));
  }

 private:
  void Check(int code);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int error_ = 0;
};

// Rolled back unless committed. A commit that failed may take effect after all, but only when the
// process ends before the next one is good: what follows stands on what was there before.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Takes the write lock at once.
  Result<void> BeginWrite();
  // A consistent view for several reads.
  Result<void> BeginRead();
  Result<void> Commit();

 private:
  Result<void> WriteOver();

  Database& database_;
  bool open_ = false;
};

}  // namespace insightd::sqlite
