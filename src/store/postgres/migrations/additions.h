// What our own work adds to the tables of the aggregator: indexes that its API lacked, and a faster
// compression of reports. Nobody but us depends on them, and columns and constraints stay as they
// are.
//
// They belong to no version, for they go when a table is made anew and may be missing in a
// database that was given back. So each says itself whether it is there, and they are made at the
// end of every migration, each on its own and without keeping others from writing, and go with our
// own tables.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/migrations/step.h"

namespace insightd::store::pg {

struct Addition {
  Storage storage;
  std::string_view title;
  std::string_view is_there;  // a select of one bool
  std::string_view make;      // one statement, not within a transaction
  std::string_view remove;    // does nothing where it is not there
};

std::span<const Addition> Additions();

// Those of these storages that are missing. The tables that they belong to must be there.
Result<std::vector<const Addition*>> MissingAdditions(Connection& connection,
                                                      const Storages& storages = {});

}  // namespace insightd::store::pg
