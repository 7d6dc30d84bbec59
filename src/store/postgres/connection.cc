#include "store/postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/postgres/conninfo.h"
#include "store/postgres/errors.h"
#include "store/postgres/statements.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

// How much longer than a statement may take its answer is awaited: the server ends the statement
// first, unless it is frozen or the network is gone.
constexpr milliseconds kAnswerSlack{5'000};
// How soon a wait sees that the process is to stop.
constexpr milliseconds kStopLook{500};
// libpq knows no shorter one.
constexpr seconds kConnectMin{2};
// A transaction of a process that is frozen gives its locks back after this.
constexpr milliseconds kIdleTransactionMax{60'000};

microseconds Now() { return SystemClock().Steady(); }

std::optional<microseconds> EndOf(const std::shared_ptr<const StopDeadline>& stop) {
  return stop == nullptr ? std::nullopt : stop->until();
}

// libpq's messages end in line breaks and may have several lines.
std::string OneLine(const char* message) {
  std::string text;
  for (const char* at = message == nullptr ? "" : message; *at != '\0'; ++at) {
    if (*at == '\n' || *at == '\t') {
      if (!text.empty() && text.back() != ' ') text.push_back(' ');
    } else {
      text.push_back(*at);
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string_view FieldOf(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

void DropNotice(void* /*unused*/, const PGresult* result) {
  kLog.Debug("", OneLine(PQresultErrorMessage(result)));
}

std::string NameOf(PGconn* connection) {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  const std::string host = text(PQhost(connection));
  return fmt::format("PostgreSQL at {}{}{}, database {}", host.empty() ? "(no host)" : host,
                     host.starts_with('/') ? " port " : ":", text(PQport(connection)),
                     text(PQdb(connection)));
}

}  // namespace

void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(Handle handle, const ConnectOptions& options)
    : handle_(std::move(handle)),
      name_(NameOf(handle_.get())),
      statement_max_(options.statement_max),
      read_only_(options.read_only),
      by_key_only_(options.by_key_only),
      stop_(options.stop) {}

Connection::~Connection() = default;

Result<Connection::Handle> Connection::Connect(const ConnectOptions& options) {
  // What stands before `dbname`, which conninfo takes the place of, conninfo may set otherwise.
  std::vector<const char*> keys = {"keepalives_idle",      "keepalives_interval",
                                   "keepalives_count",     "tcp_user_timeout",
                                   "target_session_attrs", "dbname",
                                   "client_encoding",      "fallback_application_name"};
  std::vector<const char*> values = {
      "10",
      "5",
      "3",
      "30000",
      options.read_only ? "any" : "read-write",
      options.conninfo.c_str(),
      "UTF8",
      options.application.empty() ? "insightd" : options.application.c_str()};
  // For each host and address in turn, so that one that is away does not hide the next one.
  const microseconds begun = Now();
  auto connect_s = std::max(kConnectMin, std::chrono::ceil<seconds>(options.connect_max));
  if (const auto end = EndOf(options.stop)) {
    if (begun >= *end) return Fail(Code::kUnavailable, "PostgreSQL: the process is to end");
    connect_s =
        std::min(connect_s, std::max(kConnectMin, std::chrono::ceil<seconds>(*end - begun)));
  }
  const std::string connect_text = std::to_string(connect_s.count());
  keys.push_back("connect_timeout");
  values.push_back(connect_text.c_str());
  if (!options.password.empty()) {
    keys.push_back("password");
    values.push_back(options.password.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);

  if (auto good = CheckConninfo("store.postgres", options.conninfo); !good) {
    return Fail(std::move(good).error());
  }

  Handle handle(PQconnectdbParams(keys.data(), values.data(), /*expand_dbname=*/1));
  INSIGHTD_ASSERT(handle != nullptr);
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    const bool late = Now() - begun >= connect_s;
    const std::string why = OneLine(PQerrorMessage(handle.get()));
    const std::string_view hint = HintForConnecting(why);
    return Fail(Code::kUnavailable,
                fmt::format("{}: {}{}{}{}", NameOf(handle.get()), why, hint.empty() ? "" : "; ",
                            hint, late ? " (store.postgres_connect_ms_max)" : ""));
  }
  return handle;
}

Result<std::unique_ptr<Connection>> Connection::Open(const ConnectOptions& options) {
  Result<Handle> handle = Connect(options);
  if (!handle) return Fail(std::move(handle).error());
  std::unique_ptr<Connection> connection(new Connection(*std::move(handle), options));
  if (auto prepared = connection->Prepare(); !prepared) return Fail(std::move(prepared).error());
  return connection;
}

Result<void> Connection::Prepare() {
  PQsetNoticeReceiver(handle_.get(), DropNotice, nullptr);
  if (PQsetnonblocking(handle_.get(), 1) != 0 || PQenterPipelineMode(handle_.get()) != 1) {
    return Fail(Broken(OneLine(PQerrorMessage(handle_.get()))));
  }
  std::string settings = fmt::format(
      "SET timezone = 'UTC'; SET statement_timeout = {}; "
      "SET idle_in_transaction_session_timeout = {}; "
      // The server notices too that we are gone, and gives our locks to others.
      "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
      "SET tcp_keepalives_count = 3; SET tcp_user_timeout = 30000",
      statement_max_.count(), kIdleTransactionMax.count());
  if (read_only_) settings += "; SET default_transaction_read_only = on";
  if (by_key_only_) {
    settings += "; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
  }
  const Result<Rows> done = Execute(settings);
  if (!done) return Fail(done.error());
  return {};
}

bool Connection::Wait(pg_conn* connection, bool read, bool write,
                      std::optional<microseconds> until) {
  pollfd poller{.fd = PQsocket(connection),
                .events = static_cast<short>((read ? POLLIN : 0) | (write ? POLLOUT : 0)),
                .revents = 0};
  while (true) {
    int wait_ms = -1;
    if (until) {
      const auto left = std::chrono::ceil<milliseconds>(*until - Now());
      if (left.count() <= 0) return false;
      wait_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000));
    }
    const int ready = poll(&poller, 1, wait_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // libpq finds out what is wrong
  }
}

std::optional<microseconds> Connection::AnswerDeadline() const {
  if (statement_max_.count() == 0) return std::nullopt;
  return Now() + answer_max();
}

Error Connection::Broken(std::string_view why) {
  handle_.reset();
  prepared_.clear();
  sqlstate_.clear();
  const bool unknown = std::exchange(committing_, false);
  return Error(unknown ? Code::kTimeout : Code::kUnavailable,
               fmt::format("{}: {}{}", name_, why,
                           unknown ? "; the transaction may have been committed" : ""));
}

bool Connection::Await(bool write, std::optional<microseconds>& until) {
  while (true) {
    if (const auto end = EndOf(stop_)) until = std::min(until.value_or(*end), *end);
    const microseconds look = Now() + kStopLook;
    const bool is_last = until && *until <= look;
    if (Wait(handle_.get(), /*read=*/true, write, is_last ? until : look)) return true;
    if (is_last) return false;
  }
}

// Sends what is left and reads until an answer is complete.
Result<void> Connection::Pump(std::optional<microseconds>& until) {
  while (true) {
    const int unsent = PQflush(handle_.get());
    if (unsent < 0) return Fail(Broken(OneLine(PQerrorMessage(handle_.get()))));
    if (PQisBusy(handle_.get()) == 0) return {};
    if (!Await(unsent > 0, until)) {
      return Fail(Broken(
          EndOf(stop_) ? std::string("no answer, and the process is to end")
                       : fmt::format("no answer for {} ms (store.postgres_statement_ms_max and {})",
                                     answer_max().count(), kAnswerSlack.count())));
    }
    if (PQconsumeInput(handle_.get()) == 0) {
      return Fail(Broken(OneLine(PQerrorMessage(handle_.get()))));
    }
    until = AnswerDeadline();
  }
}

Result<Rows> Connection::Run(std::string_view sql, Params params) {
  Pipeline pipeline(*this);
  pipeline.Add(sql, std::move(params));
  auto rows = pipeline.Run();
  if (!rows) return Fail(std::move(rows).error());
  return std::move(rows->front());
}

Result<Rows> Connection::Execute(const std::string& sql) {
  if (!handle_) return Fail(Broken("the connection broke before"));
  if (PQexitPipelineMode(handle_.get()) != 1 || PQsendQuery(handle_.get(), sql.c_str()) != 1) {
    return Fail(Broken(OneLine(PQerrorMessage(handle_.get()))));
  }
  committing_ = !read_only_;
  sqlstate_.clear();
  std::optional<microseconds> until = AnswerDeadline();
  std::optional<Error> failed;
  Rows last(nullptr);
  while (true) {
    if (auto pumped = Pump(until); !pumped) {
      return Fail(failed ? *std::move(failed) : std::move(pumped).error());
    }
    PGresult* result = PQgetResult(handle_.get());
    if (result == nullptr) break;
    Rows rows(result);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
      if (!failed) failed = ErrorOf(result);
      committing_ = false;
    } else {
      last = std::move(rows);
    }
  }
  committing_ = false;
  if (PQstatus(handle_.get()) == CONNECTION_BAD) {
    const Error broken = Broken("the connection broke");
    return Fail(failed ? *std::move(failed) : broken);
  }
  if (PQenterPipelineMode(handle_.get()) != 1) {
    return Fail(Broken(OneLine(PQerrorMessage(handle_.get()))));
  }
  if (failed) return Fail(*std::move(failed));
  return last;
}

Error Connection::ErrorOf(const pg_result* result) {
  const std::string_view state = FieldOf(result, PG_DIAG_SQLSTATE);
  sqlstate_ = state;
  const std::string_view detail = FieldOf(result, PG_DIAG_MESSAGE_DETAIL);
  std::string message = std::string(FieldOf(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = OneLine(PQresultErrorMessage(result));
  if (!detail.empty()) message += fmt::format(" ({})", detail);
  const std::string_view hint = HintFor(state);
  if (!hint.empty()) message += fmt::format(": {}", hint);
  return Error(CodeFor(state), fmt::format("{}: {}{}", name_, message,
                                           state.empty() ? "" : fmt::format(" [{}]", state)));
}

Result<void> Connection::Rollback() {
  if (!handle_ || PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) return {};
  const Result<Rows> done = Run("ROLLBACK");
  if (!done) return Fail(done.error());
  return {};
}

bool Connection::broken() {
  if (!handle_) return true;
  // The first look may take the server's last words, the second finds that nothing follows.
  if (PQconsumeInput(handle_.get()) == 0 || PQconsumeInput(handle_.get()) == 0 ||
      PQstatus(handle_.get()) == CONNECTION_BAD) {
    (void)Broken("the server closed the connection");
  }
  return !handle_;
}

int Connection::process() const { return handle_ ? PQbackendPID(handle_.get()) : 0; }

int Connection::socket() const { return handle_ ? PQsocket(handle_.get()) : -1; }

milliseconds Connection::answer_max() const {
  return statement_max_.count() == 0 ? statement_max_ : statement_max_ + kAnswerSlack;
}

Result<void> Pipeline::Send(std::string_view sql, const Params& params) {
  PGconn* handle = connection_.handle_.get();
  if (handle == nullptr) return Fail(connection_.Broken("the connection broke before"));
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  types.reserve(params.values_.size());
  values.reserve(params.values_.size());
  lengths.reserve(params.values_.size());
  std::string& key = connection_.key_;
  key = sql;
  for (const Params::Value& value : params.values_) {
    const auto type = static_cast<Oid>(value.type);
    types.push_back(type);
    values.push_back(value.bytes ? value.bytes->data() : nullptr);
    lengths.push_back(value.bytes ? static_cast<int>(value.bytes->size()) : 0);
    key.append(reinterpret_cast<const char*>(&type), sizeof type);
  }
  const int count = static_cast<int>(types.size());
  auto found = connection_.prepared_.find(key);
  if (found == connection_.prepared_.end()) {
    found = connection_.prepared_.emplace(key, fmt::format("s{}", ++connection_.statements_)).first;
    if (PQsendPrepare(handle, found->second.c_str(), std::string(sql).c_str(), count,
                      types.data()) != 1) {
      return Fail(connection_.Broken(OneLine(PQerrorMessage(handle))));
    }
    steps_.push_back({found->first});
  }
  const std::vector<int> formats(types.size(), 1);
  if (PQsendQueryPrepared(handle, found->second.c_str(), count, values.data(), lengths.data(),
                          formats.data(), /*resultFormat=*/1) != 1) {
    return Fail(connection_.Broken(OneLine(PQerrorMessage(handle))));
  }
  steps_.push_back({});
  if (CurrentStatementObserver()) steps_.back().sql = sql;
  if (sql == "COMMIT") connection_.committing_ = true;
  return {};
}

void Pipeline::Add(std::string_view sql, Params params) {
  if (failed_) return;
  if (auto sent = Send(sql, params); !sent) failed_ = std::move(sent).error();
}

Result<void> Pipeline::Start() {
  if (failed_) return Fail(*failed_);
  PGconn* handle = connection_.handle_.get();
  if (handle == nullptr) return Fail(connection_.Broken("the connection broke before"));
  // Outside of a transaction each pipeline is one of its own.
  if (PQtransactionStatus(handle) == PQTRANS_IDLE && !connection_.read_only_) {
    connection_.committing_ = true;
  }
  if (PQpipelineSync(handle) != 1) {  // flushes
    return Fail(connection_.Broken(OneLine(PQerrorMessage(handle))));
  }
  ++connection_.round_trips_;
  connection_.sqlstate_.clear();
  if (CurrentStatementObserver()) started_ = Now();
  return {};
}

std::optional<Result<std::vector<Rows>>> Pipeline::Take(pg_result* result) {
  if (result == nullptr) return std::nullopt;  // the end of one statement's results
  Rows rows(result);
  PGconn* handle = connection_.handle_.get();
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) {
    connection_.committing_ = false;
    if (failed_) return Fail(*std::move(failed_));
    return std::move(answers_);
  }
  if (status == PGRES_FATAL_ERROR && !failed_) {
    failed_ = connection_.ErrorOf(result);
    if (PQstatus(handle) == CONNECTION_BAD && FieldOf(result, PG_DIAG_SQLSTATE).empty()) {
      // Not the server's word but libpq's: nothing is known about what was sent.
      return Fail(connection_.Broken(OneLine(PQresultErrorMessage(result))));
    }
    connection_.committing_ = false;
    if (PQstatus(handle) == CONNECTION_BAD) {
      (void)connection_.Broken({});
      return Fail(*std::move(failed_));
    }
  }
  INSIGHTD_ASSERT(taken_ < steps_.size());
  const Step& done = steps_[taken_++];
  if (failed_) {
    // It may not have been prepared.
    if (!done.prepares.empty()) connection_.prepared_.erase(done.prepares);
  } else if (done.prepares.empty()) {
    if (const StatementObserver& observer = CurrentStatementObserver()) {
      observer(done.sql, Now() - started_);
    }
    answers_.push_back(std::move(rows));
  }
  return std::nullopt;
}

Result<std::vector<Rows>> Pipeline::Run() {
  if (auto started = Start(); !started) return Fail(std::move(started).error());
  std::optional<microseconds> until = connection_.AnswerDeadline();
  while (true) {
    if (auto pumped = connection_.Pump(until); !pumped) {
      return Fail(failed_ ? *std::move(failed_) : std::move(pumped).error());
    }
    if (auto taken = Take(PQgetResult(connection_.handle_.get()))) return *std::move(taken);
  }
}

std::optional<Result<std::vector<Rows>>> Pipeline::TryTake() {
  PGconn* handle = connection_.handle_.get();
  if (PQflush(handle) < 0 || PQconsumeInput(handle) == 0) {
    const Error broken = connection_.Broken(OneLine(PQerrorMessage(handle)));
    return Fail(failed_ ? *std::move(failed_) : broken);
  }
  while (PQisBusy(handle) == 0) {
    if (auto taken = Take(PQgetResult(handle))) return taken;
  }
  return std::nullopt;
}

}  // namespace insightd::store::pg
