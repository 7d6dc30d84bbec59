// One connection to PostgreSQL, on libpq's pipeline mode: several statements go out before the
// first answer is awaited, so that a transaction costs one or two round trips.
//
//   Pipeline pipeline(connection);
//   pipeline.Add("BEGIN");
//   pipeline.Add("UPDATE t SET a = $1 WHERE b = $2", Params().Int(1).Text("x"));
//   pipeline.Add("COMMIT");
//   Result<std::vector<Rows>> rows = pipeline.Run();      // one a statement
//
// * Statements are prepared at their first use on a connection, with the types of their values.
// * A failed statement: those behind it in the pipeline are not done; what has begun with BEGIN
//   stays open until Rollback. Its Code: see errors.h.
// * The server away, killed or frozen: kUnavailable, or kTimeout when a COMMIT was on its way, for
//   then it may or may not have happened. The connection is broken and is thrown away.
// * Messages name server and database, never a password.
//
// One thread at a time for a connection and what was made from it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/params.h"
#include "store/postgres/rows.h"
#include "store/postgres/stop_deadline.h"

struct pg_conn;
struct pg_result;

namespace insightd::store::pg {

struct ConnectOptions {
  std::string conninfo;                // "host=db dbname=insights user=…" or "postgresql://…"
  std::string password = {};           // takes the place of that in conninfo; empty: that one stays
  std::string application = {};        // what the server lists this connection as
  milliseconds connect_max{5'000};     // for each host in conninfo; two seconds at least
  milliseconds statement_max{30'000};  // 0: as long as it takes
  bool read_only = false;              // every transaction; the server may be a standby then
  // Looks rows up by their keys whatever the statistics say: for small statements on large tables,
  // which must not be read whole because a plan is older than their size.
  bool by_key_only = false;
  // Of all connections that end together: until then at most is an answer or a new connection
  // awaited. None: the process does not end before its work is done.
  std::shared_ptr<const StopDeadline> stop = {};
};

class Connection {
 public:
  // kUnavailable when the server cannot be reached or refuses; kInvalid when conninfo is malformed.
  static Result<std::unique_ptr<Connection>> Open(const ConnectOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement and its answer.
  Result<Rows> Run(std::string_view sql, Params params = {});
  // Statements without parameters, separated by semicolons, outside of pipeline mode: for scripts.
  // Without BEGIN they are one transaction. Gives the rows of the last one.
  Result<Rows> Execute(const std::string& sql);
  // `COPY … TO STDOUT`, outside of pipeline mode: gives each piece as it comes, a row each (in the
  // binary form the head of the file stands before the first), so that nothing is kept. The server
  // waits for who is slow. An error of `take` breaks the connection, since the rest is not read.
  Result<void> CopyOut(const std::string& sql,
                       const std::function<Result<void>(std::string_view)>& take);
  // Ends a transaction that was left open; does nothing when there is none.
  Result<void> Rollback();

  // Whether the connection is of no more use. Sees without waiting what has come from the server,
  // so also that it went away in an idle moment.
  bool broken();
  const std::string& name() const { return name_; }  // "PostgreSQL at db:5432, database insights"
  // Why the server refused what was run last, five characters; empty: it did not.
  const std::string& sqlstate() const { return sqlstate_; }
  void ForgetSqlstate() { sqlstate_.clear(); }
  // How often answers have been waited for.
  std::size_t round_trips() const { return round_trips_; }
  int process() const;  // of the server, as in pg_stat_activity
  int socket() const;   // to wait for what comes, see Pipeline::TryTake; -1 when broken
  // How long an answer is awaited at most; 0: as long as it takes.
  milliseconds answer_max() const;
  // From now on the server has so long for a statement, and some seconds more until its answer is
  // given up; gives what it was.
  milliseconds AwaitAtMost(milliseconds statement_max) {
    return std::exchange(statement_max_, statement_max);
  }

 private:
  friend class Pipeline;
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  using Handle = std::unique_ptr<pg_conn, Finish>;

  Connection(Handle handle, const ConnectOptions& options);

  static Result<Handle> Connect(const ConnectOptions& options);
  Result<void> Prepare();
  // Waits until the socket can be read (or written, when `write`), at most until `until` (steady).
  static bool Wait(pg_conn* connection, bool read, bool write, std::optional<microseconds> until);
  // The same for this one; `until` comes nearer when the process is to end.
  bool Await(bool write, std::optional<microseconds>& until);
  Result<void> Pump(std::optional<microseconds>& until);
  std::optional<microseconds> AnswerDeadline() const;
  Error Broken(std::string_view why);
  Error ErrorOf(const pg_result* result);

  Handle handle_;
  std::string name_;
  milliseconds statement_max_;
  bool read_only_;
  bool by_key_only_;
  std::shared_ptr<const StopDeadline> stop_;
  bool committing_ = false;  // a COMMIT, or a statement that is its own transaction, is unanswered
  std::unordered_map<std::string, std::string> prepared_;  // name by text and types
  std::string key_;                                        // of it, of the statement at hand
  std::string sqlstate_;
  std::size_t statements_ = 0;
  std::size_t round_trips_ = 0;
};

class Pipeline {
 public:
  explicit Pipeline(Connection& connection) : connection_(connection) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // `sql` is one statement. Bytes may go out at once; a failure comes out of Run.
  void Add(std::string_view sql, Params params = {});
  // Sends the rest and waits for all answers, in the order of the Adds. At most once.
  Result<std::vector<Rows>> Run();

  // The same for who has other things to do meanwhile: Start sends, and TryTake takes what has
  // come, whenever the connection's socket can be read, until it gives the answers. Neither waits,
  // so what is sent must have room in the socket's buffer; nor does anybody look at answer_max().
  Result<void> Start();
  std::optional<Result<std::vector<Rows>>> TryTake();

 private:
  struct Step {
    std::string prepares;  // key in prepared_ of a statement that is prepared here; else it is run
    std::string sql = {};  // of one that is run, where somebody is told
  };
  Result<void> Send(std::string_view sql, const Params& params);
  // One result; gives something with the last.
  std::optional<Result<std::vector<Rows>>> Take(pg_result* result);

  Connection& connection_;
  std::vector<Step> steps_;
  std::size_t taken_ = 0;  // of these
  std::vector<Rows> answers_;
  microseconds started_{0};
  std::optional<Error> failed_;
};

}  // namespace insightd::store::pg
