// A database of its own for a test, in the PostgreSQL server that INSIGHTD_TEST_SERVERS names
// (see tools/servers); dropped in the end, whoever is still connected.
#pragma once

#include <memory>
#include <string>

#include "store/postgres/connection.h"

namespace insightd::store::pg {

// What the file says about `key` ("POSTGRES"); empty: there is no such server, the test is skipped.
std::string TestServer(const std::string& key);

class TestDatabase {
 public:
  // Empty, or a copy of the database `from`. Fails the test that makes it when it cannot be made.
  explicit TestDatabase(const std::string& from = "");
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const { return name_; }
  // As a superuser; `more` is added: "user=reader".
  std::string Conninfo(const std::string& more = "") const;
  std::unique_ptr<Connection> Connect(const std::string& more = "") const;
  // Statements that must succeed.
  void Do(const std::string& sql) const;

 private:
  std::string server_;
  std::string name_;
};

// All steps of all storages, and the additions; the steps are not told.
void MigrateToLatest(const TestDatabase& database);

}  // namespace insightd::store::pg

// First in every test that needs the server.
#define INSIGHTD_SKIP_WITHOUT_POSTGRES()                                      \
  if (::insightd::store::pg::TestServer("POSTGRES").empty()) {                \
    GTEST_SKIP() << "no PostgreSQL server: INSIGHTD_TEST_SERVERS names none"; \
  }                                                                           \
  static_assert(true)
