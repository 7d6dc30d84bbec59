// Section [store] of the settings, as far as it is about PostgreSQL.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/settings.h"
#include "store/postgres/postgres_store.h"

namespace insightd::store {

struct PostgresSettings {
  std::string conninfo;
  std::string read_conninfo;
  std::string password;
  std::string password_file;
  std::int64_t connections_max = 8;
  std::int64_t connect_ms_max = 5'000;
  std::int64_t statement_ms_max = 30'000;
  bool migrate = false;
  pg::Storages storages = {};  // not to be set by people: which of the aggregator's are worked on

  void AddTo(settings::Table& table);

  // Reads the password's file; kInvalid without store.postgres. `application` is what the server
  // lists the connections as.
  Result<PostgresStoreOptions> Options(std::string application) const;
};

}  // namespace insightd::store
