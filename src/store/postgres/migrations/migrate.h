// Brings a database to the versions that this program works on, or down again.
//
// All steps of one storage and the number of its version are one transaction: who is killed in it,
// or fails, leaves that storage as it was. Then the additions (additions.h), each on its own. One
// migrator at a time works on a database, by an advisory lock; the next one waits, and then finds
// nothing left to do. While a table is changed its readers and writers wait.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/plan.h"

namespace insightd::store::pg {

// What a migration tells while it goes on. Called in the thread that migrates.
class MigrationObserver {
 public:
  virtual ~MigrationObserver() = default;
  // Another migrator works: `who` names it. Told once.
  virtual void Waits(std::string_view who) = 0;
  // Step `number` (from 1) up or down begins; has ended, after `took`.
  virtual void Begins(Storage storage, std::int32_t number, bool up, std::string_view title) = 0;
  virtual void Ended(microseconds took) = 0;
  // The storage has its new version, for good.
  virtual void Moved(const Move& move, microseconds took) = 0;
  // As Begins, of an addition; then Ended.
  virtual void Adds(std::string_view title) = 0;
};

struct MigrationLimits {
  milliseconds migrator_wait_max{600'000};  // for another migrator
  milliseconds table_wait_max{60'000};      // for a table that somebody uses
};

// `connection` needs rights to make and change tables, and no limit for the time of a statement;
// it is to be closed afterwards. Gives what was done.
//
// kInvalid: the request, the stored versions, rights, or rows that a step cannot take; kConflict:
// another migrator or another user of a table stood in the way for too long; kUnavailable,
// kTimeout: as Connection says.
Result<std::vector<Move>> Migrate(Connection& connection, const MigrationRequest& request,
                                  MigrationObserver& observer, const MigrationLimits& limits = {});

}  // namespace insightd::store::pg
