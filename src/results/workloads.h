// The message on workloads: what the Deployment Validation Operator found in a cluster, as
// recommendations by namespace. From pipeline to writer, beside the result.
//
// Print and Parse as in result.h: what is parsed may come from anyone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "results/result.h"

namespace insightd::results {

inline constexpr std::string_view kWorkloadsTopic = "ccx.dvo.results";
// The member of an archive that holds the data, in Prometheus' text format.
inline constexpr std::string_view kWorkloadsMember = "config/dvo_metrics";

// The message with its end of line, made of `result.report.workloads`, which is there. A list
// `workloads` in the details of a finding (objects with `namespace`, `namespace_uid`, `kind`,
// `name`, `uid`) becomes that of the recommendation.
std::string PrintWorkloads(const Result& result, json::Parser& parser);

// ---- Read by the writer ----

struct Namespace {
  std::string id;    // its UID
  std::string name;  // of the first workload there
  std::int32_t recommendations = 0;
  std::int32_t objects = 0;  // different workloads
  std::string hits;          // JSON object: workloads by rule and key
};

struct ReceivedWorkloads : Head {
  std::string metrics;                // the `Metrics` object: compact, members in ascending order
  std::vector<Namespace> namespaces;  // each id once, in the order of the message
  bool empty = false;                 // `Metrics` is `{}`: to be counted and passed over
};

// As Parse in result.h. Of `Metrics` only `workload_recommendations` is needed; null in its place
// fails the message.
insightd::Result<ReceivedWorkloads> ParseWorkloads(std::string_view message, json::Parser& parser,
                                                   const Admit& admit = {});

}  // namespace insightd::results
