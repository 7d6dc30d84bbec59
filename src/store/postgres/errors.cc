#include "store/postgres/errors.h"

#include <array>
#include <utility>

#include "base/log.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

}  // namespace

Code CodeFor(std::string_view sqlstate) {
  if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03") return Code::kConflict;
  const std::string_view classname = sqlstate.substr(0, 2);
  if (classname == "22" || classname == "23" || classname == "54") return Code::kInvalid;
  return Code::kUnavailable;
}

bool IsLostRace(std::string_view sqlstate) {
  return CodeFor(sqlstate) == Code::kConflict || sqlstate == "23505";
}

bool GoesOnWithout(Connection& connection, const Error& error) {
  const std::string& state = connection.sqlstate();
  if (state.empty() || IsLostRace(state) || connection.broken()) return false;
  kLog.Warn("", "an answer is made without what cannot be read", {{"error", error.message()}});
  return true;
}

std::string_view HintFor(std::string_view sqlstate) {
  // The longer beginning stands first.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kHints = {{
      {"57014", "it took longer than store.postgres_statement_ms_max allows"},
      {"53100", "the disk of the database is full: make room there"},
      {"53300", "raise max_connections of the server, or lower store.postgres_connections_max"},
      {"53", "the database lacks resources"},
      {"57P", "the database is stopping or starting"},
      {"25006", "the server takes no writes: store.postgres must name the primary"},
      {"42501", "the user of store.postgres lacks a right: grant it"},
      {"42P01", "a table is missing: run `insightd migrate`"},
      {"42703", "a column is missing: run `insightd migrate`"},
      {"3F000", "a schema is missing: run `insightd migrate`"},
      {"3D000", "create the database, or name another one in store.postgres"},
      {"28P01", "check user and password (store.postgres_password_file)"},
      {"28", "check user, password and pg_hba.conf of the server"},
      {"08", "the connection broke"},
  }};
  for (const auto& [beginning, hint] : kHints) {
    if (sqlstate.starts_with(beginning)) return hint;
  }
  return {};
}

std::string_view HintForConnecting(std::string_view message) {
  const auto kHints = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"password authentication failed",
       "check user= of store.postgres and the password "
       "(store.postgres_password_file)"},
      {"no password supplied", "the server asks for one: set store.postgres_password_file"},
      {"no pg_hba.conf entry",
       "the server's pg_hba.conf has to let this user, database and address "
       "in, with this sslmode"},
      {"permission denied for database", "its owner can do GRANT CONNECT ON DATABASE … TO …"},
      {"SSL was required",
       "the server speaks no TLS: see its setting ssl, or sslmode= of "
       "store.postgres"},
      {"certificate verify failed",
       "name those who signed the server's certificate by sslrootcert= "
       "in store.postgres"},
      {"root certificate file",
       "name those who signed the server's certificate by sslrootcert= in "
       "store.postgres"},
      {"does not match host name", "name the server in store.postgres as its certificate does"},
      {"invalid response to SSL negotiation",
       "what listens there is no PostgreSQL: check host= and "
       "port= of store.postgres"},
      {"could not translate host name", "check host= of store.postgres"},
      {"session is read-only", HintFor("25006")},
      {"too many clients", HintFor("53300")},
      {"too many connections", HintFor("53300")},
      // Behind those of the same words about something else.
      {"\" does not exist", "create it, or name another one by dbname= or user= in store.postgres"},
  });
  for (const auto& [part, hint] : kHints) {
    if (message.find(part) != std::string_view::npos) return hint;
  }
  return {};
}

}  // namespace insightd::store::pg
