#include "store/postgres/testing/test_database.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "store/postgres/migrations/migrate.h"

namespace insightd::store::pg {
namespace {

std::unique_ptr<Connection> Open(const std::string& conninfo) {
  auto connection = Connection::Open({.conninfo = conninfo, .statement_max = milliseconds(0)});
  EXPECT_TRUE(connection) << connection.error().message();
  return connection ? *std::move(connection) : nullptr;
}

class Silent final : public MigrationObserver {
  void Waits(std::string_view) override {}
  void Begins(Storage, std::int32_t, bool, std::string_view) override {}
  void Ended(microseconds) override {}
  void Moved(const Move&, microseconds) override {}
  void Adds(std::string_view) override {}
};

}  // namespace

std::string TestServer(const std::string& key) {
  const char* const path = std::getenv("INSIGHTD_TEST_SERVERS");
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + "=")) return line.substr(key.size() + 1);
  }
  return "";
}

TestDatabase::TestDatabase(const std::string& from)
    : server_(TestServer("POSTGRES")),
      name_(fmt::format("test_{:08x}{:08x}", std::random_device()(), std::random_device()())) {
  const auto server = Open(server_);
  if (server == nullptr) return;
  const Result<Rows> made = server->Execute(fmt::format(
      "CREATE DATABASE {}{}", name_, from.empty() ? "" : fmt::format(" TEMPLATE {}", from)));
  EXPECT_TRUE(made) << made.error().message();
}

TestDatabase::~TestDatabase() {
  const auto server = Open(server_);
  if (server == nullptr) return;
  const Result<Rows> gone = server->Execute(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  EXPECT_TRUE(gone) << gone.error().message();
}

std::string TestDatabase::Conninfo(const std::string& more) const {
  return fmt::format("{} dbname={} {}", server_, name_, more);
}

std::unique_ptr<Connection> TestDatabase::Connect(const std::string& more) const {
  return Open(Conninfo(more));
}

void TestDatabase::Do(const std::string& sql) const {
  const auto connection = Connect();
  if (connection == nullptr) return;
  const Result<Rows> done = connection->Execute(sql);
  EXPECT_TRUE(done) << done.error().message() << "\n" << sql;
}

void MigrateToLatest(const TestDatabase& database) {
  const auto connection = database.Connect();
  if (connection == nullptr) return;
  Silent silent;
  const auto moved = Migrate(*connection, {}, silent);
  EXPECT_TRUE(moved) << moved.error().message();
}

}  // namespace insightd::store::pg
