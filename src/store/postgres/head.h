// The head of a report in a statement: the same columns wherever one is read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/postgres/rows.h"
#include "store/store.h"

namespace insightd::store::pg {

// What HeadAt reads, of a `report r`.
#define INSIGHTD_HEAD_COLUMNS                                                                \
  "r.cluster, coalesce(c.request_id, ''), r.last_checked_at, r.reported_at, r.gathered_at, " \
  "coalesce(c.version, (SELECT i.version_info FROM report_info i "                           \
  "WHERE i.cluster_id = r.cluster), ''), "                                                   \
  "coalesce(c.passes, -1), coalesce(c.skips, -1), coalesce(c.errors, -1), "                  \
  "coalesce(c.hits::int8, (SELECT count(*) FROM rule_hit n WHERE n.cluster_id = r.cluster "  \
  "AND n.org_id = r.org_id))"

#define INSIGHTD_HEAD_TABLES                                                                \
  "report r LEFT JOIN insightd_cluster c ON c.cluster = r.cluster AND c.org_id = r.org_id " \
  "AND c.reported_at = r.reported_at AND c.last_checked_at = r.last_checked_at"

inline constexpr int kHeadColumns = 10;

// Of the columns from 0 to kHeadColumns.
ReportMeta HeadAt(const Rows& rows, std::size_t row, std::int64_t org_id);

}  // namespace insightd::store::pg
