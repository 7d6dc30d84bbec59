#include "store/postgres/migrations/migrate_at_start.h"

#include <fmt/format.h>

#include <string>

#include "base/log.h"
#include "store/postgres/migrations/migrate.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

class Logged final : public MigrationObserver {
 public:
  void Waits(std::string_view who) override {
    kLog.Info("", fmt::format("the database is being migrated by {}: waiting", who));
  }
  void Begins(Storage storage, std::int32_t number, bool up, std::string_view title) override {
    doing_ =
        fmt::format("{} {} {}: {}", NameOf(storage), up ? "up to" : "down from", number, title);
  }
  void Ended(microseconds took) override {
    kLog.Info("", "migrated: " + doing_,
              {{"duration_ms", static_cast<double>(took.count()) / 1e3}});
  }
  void Moved(const Move& move, microseconds took) override {
    kLog.Info("",
              fmt::format("storage `{}` migrated from version {} to {}", NameOf(move.storage),
                          move.from, move.to),
              {{"duration_ms", static_cast<double>(took.count()) / 1e3}});
  }
  void Adds(std::string_view title) override { doing_ = title; }

 private:
  std::string doing_;
};

}  // namespace

Result<void> MigrateAtStart(const PostgresStoreOptions& options) {
  auto connection = Connection::Open({.conninfo = options.conninfo,
                                      .password = options.password,
                                      .application = options.application + " migrate",
                                      .connect_max = options.connect_max,
                                      .statement_max = milliseconds(0)});
  if (!connection) return Fail(std::move(connection).error());
  Logged observer;
  auto moved = Migrate(**connection, {.storages = options.storages}, observer);
  if (!moved) return Fail(std::move(moved).error());
  return {};
}

}  // namespace insightd::store::pg
