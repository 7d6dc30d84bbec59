// Connection::CopyOut: rows that are too many to be an answer.
#include <libpq-fe.h>

#include <memory>
#include <utility>

#include "base/text.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {
namespace {

struct FreePiece {
  void operator()(char* piece) const { PQfreemem(piece); }
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

std::string_view LastError(PGconn* connection) { return Stripped(PQerrorMessage(connection)); }

}  // namespace

Result<void> Connection::CopyOut(const std::string& sql,
                                 const std::function<Result<void>(std::string_view)>& take) {
  if (!handle_) return Fail(Broken("the connection broke before"));
  if (PQexitPipelineMode(handle_.get()) != 1 || PQsendQuery(handle_.get(), sql.c_str()) != 1) {
    return Fail(Broken(LastError(handle_.get())));
  }
  ++round_trips_;
  std::optional<microseconds> until = AnswerDeadline();
  std::optional<Error> failed;
  while (true) {
    if (auto pumped = Pump(until); !pumped) return pumped;
    const std::unique_ptr<PGresult, ClearResult> answer(PQgetResult(handle_.get()));
    const PGresult* const result = answer.get();
    if (result == nullptr) break;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR && !failed) failed = ErrorOf(result);
    if (PQresultStatus(result) != PGRES_COPY_OUT) continue;
    while (true) {
      char* bytes = nullptr;
      const int length = PQgetCopyData(handle_.get(), &bytes, /*async=*/1);
      const std::unique_ptr<char, FreePiece> piece(bytes);
      if (length == -1) break;
      if (length == -2) return Fail(Broken(LastError(handle_.get())));
      if (length == 0) {
        if (!Await(/*write=*/false, until)) {
          return Fail(Broken("no row came in time (store.postgres_statement_ms_max)"));
        }
        if (PQconsumeInput(handle_.get()) == 0) {
          return Fail(Broken(LastError(handle_.get())));
        }
        continue;
      }
      if (auto taken = take({bytes, static_cast<std::size_t>(length)}); !taken) {
        static_cast<void>(Broken("a row was not taken"));
        return taken;
      }
      until = AnswerDeadline();
    }
  }
  if (PQstatus(handle_.get()) == CONNECTION_BAD || PQenterPipelineMode(handle_.get()) != 1) {
    const Error broken = Broken("the connection broke");
    return Fail(failed ? *std::move(failed) : broken);
  }
  if (failed) return Fail(*std::move(failed));
  return {};
}

}  // namespace insightd::store::pg
