#include "base/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

namespace insightd::sqlite {
namespace {

Code CodeFor(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL: return Code::kUnavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return Code::kInvalid;
    default: return Code::kInternal;
  }
}

std::string_view WayOut(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "; make room on its file system";
    case SQLITE_IOERR: return "; see whether its file system is full or its disk is failing";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: return "; see whether the folder is there and may be written";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; see which other process has it open";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "; the file is damaged: restore it from a backup";
    default: return "";
  }
}

Error MakeError(int code, const std::string& path, const char* text) {
  return Error(CodeFor(code), fmt::format("{}: {}{}", path, text, WayOut(code)));
}

// The library's own call makes files that everybody may read.
int OpenPrivate(const char* path, int flags, int mode) {
  const int fd = ::open(path, flags, mode & (S_IRUSR | S_IWUSR));
  struct stat file {};
  if (fd >= 0 && (flags & O_CREAT) != 0 && fstat(fd, &file) == 0 && (file.st_mode & S_IRWXO) != 0) {
    // One that was there: of an earlier version, or restored. Where it is another user's, the
    // folder alone has to keep others out.
    (void)fchmod(fd, file.st_mode & (S_IRWXU | S_IRWXG));
  }
  return fd;
}

// Without the library's count of its memory, which nobody reads here and which takes a lock of the
// whole process at each allocation: connections of several threads waited for each other.
void ConfigureOnce() {
  static const bool kDone = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_vfs* files = sqlite3_vfs_find("unix");
    return files->xSetSystemCall(files, "open",
                                 reinterpret_cast<sqlite3_syscall_ptr>(OpenPrivate)) == SQLITE_OK;
  }();
  INSIGHTD_ASSERT(kDone);
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                 const OpenOptions& options) {
  ConfigureOnce();
  sqlite3* handle = nullptr;
  const int flags =
      (options.read_only ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error = MakeError(code, path, handle != nullptr ? sqlite3_errmsg(handle) : "no memory");
    sqlite3_close_v2(handle);
    return Fail(std::move(error));
  }
  std::unique_ptr<Database> database(new Database(path, handle));
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, options.row_bytes_max);
  // The log's file keeps the size that it needs between two checkpoints: writing over what is there
  // is synced faster than making the file longer.
  const std::int64_t journal_bytes_kept =
      std::int64_t{options.checkpoint_pages} * options.page_bytes * 3 / 2;
  std::string setup = fmt::format(
      "PRAGMA page_size={};"
      "PRAGMA auto_vacuum={};"
      "PRAGMA journal_mode=WAL;"
      "PRAGMA synchronous=FULL;"
      "PRAGMA cache_size=-{};"
      "PRAGMA cache_spill={};"
      "PRAGMA temp_store=MEMORY;"
      "PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit={};"
      "PRAGMA wal_autocheckpoint={};",
      options.page_bytes, options.incremental_vacuum ? "INCREMENTAL" : "NONE", options.cache_kib,
      options.cache_kib * 1024 / options.page_bytes, journal_bytes_kept, options.checkpoint_pages);
  if (options.read_only) setup += "PRAGMA query_only=ON;";
  if (auto done = database->Execute(setup); !done) return Fail(std::move(done).error());
  if (!options.read_only) {
    // A process that ended between writing a commit to the log and syncing it has left one that is
    // read as good, and that a loss of power would still take away: whoever reads it here would
    // build on it. Copying the log back syncs it first, so that no room to copy it does no harm.
    const int copied =
        sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (copied != SQLITE_OK && (copied & 0xff) != SQLITE_FULL && (copied & 0xff) != SQLITE_BUSY &&
        (copied & 0xff) != SQLITE_LOCKED) {
      return Fail(database->ErrorNow(copied));
    }
  }
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Error Database::ErrorNow(int code) const { return MakeError(code, path_, sqlite3_errmsg(handle_)); }

Result<void> Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return Fail(ErrorNow(code));
  return {};
}

Result<std::int64_t> Database::Number(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  std::int64_t number = 0;
  if (code == SQLITE_OK) {
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) number = sqlite3_column_int64(statement, 0);
  }
  const bool good = code == SQLITE_ROW || code == SQLITE_DONE;
  Error error = good ? Error(Code::kInternal, "") : ErrorNow(code);
  sqlite3_finalize(statement);
  if (!good) return Fail(std::move(error));
  return number;
}

std::int64_t Database::Changes() const { return sqlite3_changes64(handle_); }

Query::Query(Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt*& statement = database.statements_[sql.data()];
  if (statement == nullptr) {
    error_ = sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  }
  statement_ = statement;
}

Query::~Query() { Reset(); }

void Query::Check(int code) {
  if (code != SQLITE_OK && error_ == 0) error_ = code;
}

Query& Query::Int(std::int64_t value) {
  Check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

Query& Query::Text(std::string_view value) {
  // A null pointer would bind NULL.
  const char* data = value.data() != nullptr ? value.data() : "";
  Check(sqlite3_bind_text64(statement_, ++bound_, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::Blob(std::string_view value) {
  const char* data = value.data() != nullptr ? value.data() : "";
  Check(sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::Null() {
  Check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

Result<bool> Query::Step() {
  if (error_ != 0) {
    return Fail(MakeError(
        error_, database_.path_,
        statement_ == nullptr ? sqlite3_errmsg(database_.handle_) : sqlite3_errstr(error_)));
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Fail(database_.ErrorNow(code));
}

Result<void> Query::Run() {
  const Result<bool> row = Step();
  if (!row) return Fail(row.error());
  Reset();
  return {};
}

void Query::Reset() {
  if (statement_ != nullptr) {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  bound_ = 0;
  if (statement_ != nullptr) error_ = 0;
}

bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::IntAt(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::TextAt(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Query::BlobAt(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Transaction::~Transaction() {
  // Fails only when SQLite has rolled back already.
  if (open_) (void)Query(database_, "ROLLBACK").Run();
}

Result<void> Transaction::BeginWrite() {
  auto begun = database_.Execute("BEGIN IMMEDIATE");
  open_ = begun.has_value();
  return begun && database_.commit_failed_ ? WriteOver() : begun;
}

// A commit whose sync has failed is whole in the log, behind the end that SQLite knows, and is good
// for whoever reads the log anew. What is committed next overwrites it, unless it changes nothing.
Result<void> Transaction::WriteOver() {
  const Result<std::int64_t> same = database_.Number("PRAGMA user_version");
  if (!same) return Fail(same.error());
  return database_.Execute(fmt::format("PRAGMA user_version = {}", *same));
}

Result<void> Transaction::BeginRead() {
  auto begun = Query(database_, "BEGIN").Run();
  open_ = begun.has_value();
  return begun;
}

Result<void> Transaction::Commit() {
  auto committed = database_.Execute("COMMIT");
  if (committed) open_ = false;
  database_.commit_failed_ = !committed;
  return committed;
}

}  // namespace insightd::sqlite
