#include "store/postgres/sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "store/postgres/locks.h"

namespace insightd::store::pg {
namespace {

constexpr log::Logger kLog("store");

constexpr milliseconds kDelayMin{50};
constexpr milliseconds kDelayMax{2'000};

ConnectOptions OptionsOf(const PostgresStoreOptions& options, std::string_view suffix,
                         const std::shared_ptr<const StopDeadline>& stop) {
  return {.conninfo = options.conninfo,
          .password = options.password,
          .application = suffix.empty() ? options.application
                                        : fmt::format("{} {}", options.application, suffix),
          .connect_max = options.connect_max,
          .statement_max = options.statement_max,
          .read_only = false,
          .by_key_only = true,
          .stop = stop};
}

ConnectOptions ReadOptionsOf(const PostgresStoreOptions& options,
                             const std::shared_ptr<const StopDeadline>& stop) {
  ConnectOptions read = OptionsOf(options, {}, stop);
  if (!options.read_conninfo.empty()) read.conninfo = options.read_conninfo;
  read.read_only = true;
  read.by_key_only = false;
  return read;
}

// Who holds the lock, for people.
std::string HolderOf(Connection& connection, Duty duty) {
  constexpr std::string_view kHolder =
      "SELECT l.pid::int8, coalesce(a.application_name, ''), "
      "coalesce(host(a.client_addr), 'the same machine') "
      "FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
      "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
      "AND l.classid::int8 = $1 AND l.objid::int8 = $2";
  const Result<Rows> rows = connection.Run(kHolder, Params().Int(kLockClass).Int(LockOf(duty)));
  if (!rows || rows->empty()) return "another process";
  return fmt::format("{} (from {}, server process {})",
                     rows->TextAt(0, 1).empty() ? "another process" : rows->TextAt(0, 1),
                     rows->TextAt(0, 2), rows->IntAt(0, 0));
}

class PostgresLease final : public Lease {
 public:
  PostgresLease(std::shared_ptr<Slot> slot, Duty duty)
      : slot_(std::move(slot)), duty_(duty), number_(slot_->lease) {}

  ~PostgresLease() override {
    const std::lock_guard lock(slot_->mutex);
    if (slot_->lease != number_) return;
    slot_->lease = 0;
    if (!slot_->connection) return;
    // It would go with the connection too, but a little later. A server that is frozen is not
    // waited for: the process may be ending, and has several duties.
    slot_->connection->AwaitAtMost(milliseconds(1));  // last words, which nobody waits for
    (void)slot_->connection->Run("SELECT pg_advisory_unlock($1::int4, $2::int4)",
                                 std::move(Params().Int(kLockClass).Int(LockOf(duty_))));
    slot_->connection.reset();
  }

  bool held() const override {
    const std::unique_lock lock(slot_->mutex, std::try_to_lock);
    // At work just now: what breaks is seen there.
    if (!lock.owns_lock()) return !lost_;
    slot_->DropBroken();
    if (slot_->lease != number_) lost_ = true;
    return !lost_;
  }

 private:
  const std::shared_ptr<Slot> slot_;
  const Duty duty_;
  const std::uint64_t number_;
  mutable std::atomic<bool> lost_{false};
};

}  // namespace

Result<std::unique_ptr<Connection>> Connector::Connect() {
  {
    const std::lock_guard lock(mutex_);
    // While it is away one at a time tries: a server that is frozen answers nobody, and only one
    // is to wait for that.
    if (failed_ && (trying_ > 0 || SystemClock().Steady() < not_before_)) return Fail(*failed_);
    ++trying_;
  }
  ++tries_;
  auto connection = Connection::Open(options_);
  const std::lock_guard lock(mutex_);
  --trying_;
  if (connection) {
    if (failed_) kLog.Info("", "connected again", {{"server", (*connection)->name()}});
    failed_.reset();
    delay_ = milliseconds(0);
    return connection;
  }
  failed_ = connection.error();
  delay_ = std::clamp(delay_ * 2, kDelayMin, kDelayMax);
  not_before_ = SystemClock().Steady() + delay_;
  return connection;
}

Sessions::Sessions(const PostgresStoreOptions& options,
                   const std::shared_ptr<const StopDeadline>& stop)
    : readers_max_(options.connections_max),
      wait_max_(options.statement_max),
      writing_(std::make_unique<Slot>(OptionsOf(options, {}, stop))),
      readers_(ReadOptionsOf(options, stop)) {
  for (const Duty duty : {Duty::kResults, Duty::kWorkloads, Duty::kUpkeep}) {
    duties_[static_cast<std::size_t>(duty)] =
        std::make_shared<Slot>(OptionsOf(options, DutyName(duty), stop));
  }
}

void Slot::DropBroken() {
  if (connection && connection->broken()) connection.reset();
  if (!connection) lease = 0;
}

Result<void> Sessions::Ready(Slot& slot, std::optional<Duty> duty) {
  slot.DropBroken();
  if (duty) {
    if (slot.lease != 0) return {};
    return Fail(Code::kConflict,
                fmt::format("the duty of {} is not ours: it was not taken, or was lost with the "
                            "connection",
                            DutyName(*duty)));
  }
  if (slot.connection) return {};
  auto connection = slot.connector.Connect();
  if (!connection) return Fail(std::move(connection).error());
  slot.connection = *std::move(connection);
  return {};
}

Result<std::unique_ptr<Lease>> Sessions::TryTakeDuty(Duty duty) {
  Remember(duty, std::nullopt);
  const std::shared_ptr<Slot>& slot = duties_[static_cast<std::size_t>(duty)];
  const std::lock_guard lock(slot->mutex);
  slot->DropBroken();
  if (slot->lease != 0) {
    return Fail(Code::kConflict,
                fmt::format("the duty of {} is taken already, by this process", DutyName(duty)));
  }
  if (auto ready = Ready(*slot, std::nullopt); !ready) return Fail(std::move(ready).error());
  const Result<Rows> taken =
      slot->connection->Run("SELECT pg_try_advisory_lock($1::int4, $2::int4)",
                            Params().Int(kLockClass).Int(LockOf(duty)));
  if (!taken) {
    slot->DropBroken();
    return Fail(taken.error());
  }
  if (!taken->BoolAt(0, 0)) {
    return Fail(Code::kConflict, fmt::format("the duty of {} belongs to {}", DutyName(duty),
                                             HolderOf(*slot->connection, duty)));
  }
  slot->lease = ++slot->leases;
  return std::make_unique<PostgresLease>(slot, duty);
}

void Sessions::Remember(Duty duty, std::optional<Error> failing) {
  const std::lock_guard lock(failing_mutex_);
  failing_[static_cast<std::size_t>(duty)] = std::move(failing);
}

std::optional<Error> Sessions::Failing() const {
  const std::lock_guard lock(failing_mutex_);
  for (const std::optional<Error>& failing : failing_) {
    if (failing) return failing;
  }
  return std::nullopt;
}

Result<Sessions::Pooled> Sessions::TakeReader() {
  {
    std::unique_lock lock(readers_mutex_);
    const bool free =
        reader_free_.wait_for(lock, wait_max_, [this] { return readers_taken_ < readers_max_; });
    if (!free) {
      return Fail(Code::kUnavailable,
                  fmt::format("all {} connections for reading have been busy for {} ms "
                              "(store.postgres_connections_max)",
                              readers_max_, wait_max_.count()));
    }
    ++readers_taken_;
    while (!idle_readers_.empty()) {
      auto connection = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      if (!connection->broken()) return Pooled{std::move(connection), true};
    }
  }
  auto connection = readers_.Connect();
  if (!connection) {
    GiveBack({});
    return Fail(std::move(connection).error());
  }
  return Pooled{*std::move(connection), false};
}

void Sessions::GiveBack(Pooled pooled) {
  const std::lock_guard lock(readers_mutex_);
  --readers_taken_;
  if (pooled.connection && !pooled.connection->broken()) {
    idle_readers_.push_back(std::move(pooled.connection));
  }
  reader_free_.notify_one();
}

}  // namespace insightd::store::pg
