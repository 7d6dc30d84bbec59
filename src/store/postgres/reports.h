// The reports of many clusters in one statement.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

struct ReportKey {
  std::int64_t org_id = 0;
  std::string cluster = {};
  std::string user_id = {};
  // Without it what Store::ReportLater leaves out may be left out, which costs the server half.
  bool whole = true;
};

// One statement for all of `keys`.
void AskForReports(Pipeline& pipeline, std::span<const ReportKey* const> keys);
// Out of its answer, in the order of `keys`; kNotFound for those that are not there. The reports
// keep the whole answer between them.
std::vector<Result<ClusterReport>> TakeReports(Rows answer, std::span<const ReportKey* const> keys);

}  // namespace insightd::store::pg
