// What the cleaner deletes: clusters of a list, and everything that is old.
#pragma once

#include <string>

#include "app/cleaning/cluster_list.h"
#include "app/cleaning/summary_table.h"
#include "app/compat/common/go_log.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::app::cleaner {

// Many clusters in one transaction; a cluster that cannot be deleted is told and passed over.
// Fails only when the list cannot be read.
Result<cleaning::Summary> DeleteListed(store::Maintenance& database, store::Part part,
                                       cleaning::ClusterList& list, compat::GoLog& log);

// Ends at the first table that fails.
Result<cleaning::Summary> DeleteOld(store::Maintenance& database, const std::string& max_age,
                                    bool dry_run, compat::GoLog& log);

// The rows that testers know; the last failure, if there is one, with those before told.
Result<void> InsertTestRows(store::Maintenance& database, store::Part part, compat::GoLog& log);

}  // namespace insightd::app::cleaner
