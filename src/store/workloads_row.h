// What both stores make of workloads before they write them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

// What is written of one message at most: the aggregator's table has the whole report in the row of
// every namespace, so a message of some hundred kilobytes may be gigabytes there, which no
// statement writes in its time.
inline constexpr std::uint64_t kWorkloadsBytesMax = std::uint64_t{256} << 20;
inline std::uint64_t WrittenBytes(const ClusterWorkloads& workloads) {
  return workloads.namespaces.size() * workloads.report.size();
}

// What the database would refuse: kInvalid, naming the cluster. The same for both stores, so that a
// message is not good in one and bad in the other.
Result<void> CheckWorkloads(const ClusterWorkloads& workloads);

// `dvo_report.report`: the JSON text as a JSON string.
std::string WorkloadsColumn(const std::string& report);

}  // namespace insightd::store
