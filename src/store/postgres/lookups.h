// What is stored of one cluster. Each call is one statement, and so sees whole results only.
//
// A head comes from `report`; what `insightd_cluster` knows beside it (request, counts) counts only
// where both have the same times. Else another writer has stored that report, or it is from before
// us: then request and counts are unknown.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

// Whether there may be such a report; nothing else may be asked for in reports.h.
bool IsReportKey(std::int64_t org_id, std::string_view cluster);
Error NoSuchCluster(std::int64_t org_id, std::string_view cluster);

Result<ReportMeta> ReadMeta(Connection& connection, std::int64_t org_id, std::string_view cluster);
Result<std::string> ReadReportText(Connection& connection, std::int64_t org_id,
                                   std::string_view cluster);
Result<std::int64_t> ReadOrganization(Connection& connection, std::string_view cluster);

Result<SchemaVersions> ReadVersions(Connection& connection);
// Whether the server answers, and takes writes where the connection is for them.
Result<void> CheckServer(Connection& connection);

}  // namespace insightd::store::pg
