// The connections of one store: who works on which, when one is made again, what a lost race or a
// lost connection means to the caller.
//
// The work that is handed in sends its own BEGIN and COMMIT in its pipelines, so that they cost no
// round trip; what it leaves open is rolled back. Work may be done twice when it lost a race, so it
// must begin from nothing each time.
//
// Thread-safe; work on one connection waits for the work before.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/errors.h"
#include "store/postgres/postgres_store.h"
#include "store/store.h"

namespace insightd::store::pg {

// How often work that loses a race is done in all.
inline constexpr int kRacesMax = 5;

// Makes connections; between two tries that fail it waits longer and longer, and what is asked
// for meanwhile fails with the last reason. Thread-safe.
class Connector {
 public:
  explicit Connector(ConnectOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Connection>> Connect();
  // How often a server was tried.
  std::int64_t tries() const { return tries_; }

 private:
  const ConnectOptions options_;
  std::atomic<std::int64_t> tries_{0};
  std::mutex mutex_;
  std::optional<Error> failed_;
  int trying_ = 0;
  milliseconds delay_{0};
  microseconds not_before_{};
};

// One connection with its turn-taking.
struct Slot {
  explicit Slot(ConnectOptions options) : connector(std::move(options)) {}

  // Lets a broken connection go, and with it its duty. With the mutex held.
  void DropBroken();

  Connector connector;
  std::mutex mutex;
  std::unique_ptr<Connection> connection;  // none: not needed yet, or broken
  // Of a duty's slot: which lease holds it, 0: none. Lost with the connection.
  std::uint64_t lease = 0;
  std::uint64_t leases = 0;  // given so far
};

class Sessions {
 public:
  explicit Sessions(const PostgresStoreOptions& options,
                    const std::shared_ptr<const StopDeadline>& stop = nullptr);

  // `work(Connection&)` gives a Result.
  template <class Work>
  auto Write(const Work& work) {
    return OnSlot(*writing_, /*duty=*/std::nullopt, work);
  }
  // On the connection that holds the duty; kConflict when none does.
  template <class Work>
  auto WriteFor(Duty duty, const Work& work) {
    return OnSlot(*duties_[static_cast<std::size_t>(duty)], duty, work);
  }
  // On a connection of the pool. What failed because an idle connection had broken is done again.
  template <class Work>
  auto Read(const Work& work) -> decltype(work(std::declval<Connection&>())) {
    while (true) {
      Result<Pooled> pooled = TakeReader();
      if (!pooled) return Fail(std::move(pooled).error());
      auto done = Guarded(*pooled->connection, work);
      const bool again = !done && pooled->used_before && pooled->connection->broken();
      GiveBack(*std::move(pooled));
      if (!again) return done;
    }
  }

  Result<std::unique_ptr<Lease>> TryTakeDuty(Duty duty);

  // Why the last write for a duty was not possible though the server answers: its disk is full, a
  // right is missing. Nothing when the last one passed.
  std::optional<Error> Failing() const;

 private:
  struct Pooled {
    std::unique_ptr<Connection> connection;
    bool used_before = false;
  };

  // Rolls back what failed work has left, and does it again where it lost a race.
  template <class Work>
  static auto Guarded(Connection& connection, const Work& work)
      -> decltype(work(std::declval<Connection&>())) {
    for (int tries = 1;; ++tries) {
      connection.ForgetSqlstate();
      auto done = work(connection);
      if (done) return done;
      const bool lost = IsLostRace(connection.sqlstate());
      if (!connection.broken()) (void)connection.Rollback();
      if (!lost || tries == kRacesMax || connection.broken()) return done;
    }
  }

  template <class Work>
  auto OnSlot(Slot& slot, std::optional<Duty> duty, const Work& work)
      -> decltype(work(std::declval<Connection&>())) {
    const std::lock_guard lock(slot.mutex);
    if (auto ready = Ready(slot, duty); !ready) return Fail(std::move(ready).error());
    auto done = Guarded(*slot.connection, work);
    slot.DropBroken();
    if (duty) {
      const bool refused = !done && done.error().code() == Code::kUnavailable && slot.connection;
      Remember(*duty, refused ? std::optional<Error>(done.error()) : std::nullopt);
    }
    return done;
  }

  // The connection is there, and holds the duty where there is one.
  static Result<void> Ready(Slot& slot, std::optional<Duty> duty);

  void Remember(Duty duty, std::optional<Error> failing);

  Result<Pooled> TakeReader();
  void GiveBack(Pooled pooled);

  const std::size_t readers_max_;
  const milliseconds wait_max_;
  // Shared with the leases.
  std::array<std::shared_ptr<Slot>, 3> duties_;
  std::unique_ptr<Slot> writing_;
  mutable std::mutex failing_mutex_;
  std::array<std::optional<Error>, 3> failing_;  // by duty

  Connector readers_;
  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
  std::size_t readers_taken_ = 0;
};

}  // namespace insightd::store::pg
