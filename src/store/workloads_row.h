// What both stores make of workloads before they write them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

// What the database would refuse: kInvalid, naming the cluster. The same for both stores, so that a
// message is not good in one and bad in the other.
Result<void> CheckWorkloads(const ClusterWorkloads& workloads);

// `dvo_report.report`: the JSON text as a JSON string.
std::string WorkloadsColumn(const std::string& report);

}  // namespace insightd::store
