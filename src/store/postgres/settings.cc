#include "store/postgres/settings.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "store/postgres/conninfo.h"

namespace insightd::store {

void PostgresSettings::AddTo(settings::Table& table) {
  table.Add("store.postgres", &conninfo, {.secret = true},
            "Database: \"host=… dbname=… user=…\" or postgresql://user@host:port/database, with "
            "libpq's settings for TLS.");
  table.Add("store.postgres_read", &read_conninfo, {.secret = true},
            "Database that is read from, such as a standby; empty: that of store.postgres.");
  table.Add("store.postgres_password", &password, {.secret = true},
            "Password, where it does not stand in the connection string.");
  table.Add("store.postgres_password_file", &password_file, {},
            "File whose first line is the password.");
  table.Add("store.postgres_connections_max", &connections_max, {.min = 1, .max = 1'000},
            "Most connections of this process that read at once; further reads wait. "
            "Reports of single clusters go over others, at most twice as many.");
  table.Add("store.postgres_connect_ms_max", &connect_ms_max, {.min = 2'000, .max = 600'000},
            "How long making a connection may take, for each host; whole seconds.");
  table.Add("store.postgres_statement_ms_max", &statement_ms_max, {.min = 100, .max = 3'600'000},
            "How long one statement may take; a server that is silent for longer counts as away.");
  table.Add("store.postgres_migrate_at_start", &migrate, {},
            "Brings the schema to this program's version at start, as `insightd migrate` does.");
}

Result<PostgresStoreOptions> PostgresSettings::Options(std::string application) const {
  if (conninfo.empty()) {
    return Fail(Code::kInvalid, "store.postgres is not set: it names the database");
  }
  if (auto good = pg::CheckConninfo("store.postgres", conninfo); !good) return Fail(good.error());
  if (auto good = pg::CheckConninfo("store.postgres_read", read_conninfo); !good) {
    return Fail(good.error());
  }
  PostgresStoreOptions options{.conninfo = conninfo,
                               .read_conninfo = read_conninfo,
                               .password = password,
                               .application = std::move(application),
                               .connections_max = static_cast<std::size_t>(connections_max),
                               .connect_max = milliseconds(connect_ms_max),
                               .statement_max = milliseconds(statement_ms_max),
                               .storages = storages,
                               .clock = nullptr};
  if (!password_file.empty()) {
    if (!password.empty()) {
      return Fail(
          Code::kInvalid,
          "store.postgres_password and store.postgres_password_file are both set: keep one");
    }
    std::ifstream file(password_file);
    if (!file || !std::getline(file, options.password) || options.password.empty()) {
      return Fail(Code::kInvalid, fmt::format("store.postgres_password_file {} has no first line: "
                                              "{}",
                                              password_file, std::strerror(errno)));
    }
    if (options.password.ends_with('\r')) options.password.pop_back();
  }
  return options;
}

}  // namespace insightd::store
