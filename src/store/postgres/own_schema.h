// Our own tables of a PostgreSQL database (`insightd_…`), beside the aggregator's.
//
// For the migrator, which knows how to apply a step. A step leads from one version to the next; it
// needs the aggregator's tables at version 32 and leaves their columns and constraints alone. What
// is ours may be taken away whole: the aggregator's own programs do not miss it.
//
// Rows of `insightd_cluster` are trusted only as far as `report` has the same times: another writer
// may have stored a newer report, or the database may come from before us (see reports.cc).
#pragma once

#include <span>

#include "store/postgres/migrations/step.h"

namespace insightd::store::pg {

// The number of the version lies in `insightd_version`, one row, which the migrator makes and
// writes.
std::span<const Step> OwnSteps();

}  // namespace insightd::store::pg
