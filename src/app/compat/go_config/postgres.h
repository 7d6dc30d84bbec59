// The `pg_…` keys of the services that are written in Go as a connection string of libpq.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/compat/go_config/clowder.h"
#include "app/compat/go_config/go_config.h"
#include "base/result.h"

namespace insightd::app::go {

struct PostgresKeys {
  std::string username = {};
  std::string password = {};
  std::string host = {};
  std::int64_t port = 0;
  std::string db_name = {};
  std::string params = {};  // the query of a URL: "sslmode=disable&connect_timeout=5"

  // As keys of that section of the file; printed below `field`.
  void AddTo(Table& table, std::string_view section, std::string_view field);
  // What a Clowder file says wins.
  void Take(const Clowder::Database& database);
};

struct PostgresTarget {
  std::string conninfo;  // without the password
  std::string password;
  std::vector<std::string> notices;  // parameters that mean nothing here
};

// Whatever the values hold, each stays one value. As their driver does it: user, password and name
// of the database may be written with %-escapes (only where every % begins one), and without an
// `sslmode` it is `require`, unless `environment_sslmode` says that PGSSLMODE is set. kInvalid for
// a port that is none.
Result<PostgresTarget> ToPostgres(const PostgresKeys& keys, bool environment_sslmode);

}  // namespace insightd::app::go
