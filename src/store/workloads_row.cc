#include "store/workloads_row.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "store/decide.h"

namespace insightd::store {
namespace {

// PostgreSQL's jsonb does not take it, however it is written.
constexpr std::string_view kEscapedNul = "\\u0000";

bool HasNul(const std::string& text) { return text.find('\0') != text.npos; }

}  // namespace

Result<void> CheckWorkloads(const ClusterWorkloads& workloads) {
  const auto refuse = [&workloads](std::string_view why) {
    return Fail(Code::kInvalid, fmt::format("workloads {} of cluster {:.64}: {}",
                                            workloads.request_id, workloads.cluster, why));
  };
  if (workloads.org_id < 0 || workloads.org_id > kOrgIdMax) {
    return refuse(fmt::format("organisation {} is not in 0 to {}", workloads.org_id, kOrgIdMax));
  }
  if (workloads.cluster.empty()) return refuse("the cluster has no name");
  const bool nul = HasNul(workloads.cluster) || HasNul(workloads.request_id) ||
                   HasNul(workloads.report) ||
                   std::any_of(workloads.namespaces.begin(), workloads.namespaces.end(),
                               [](const NamespaceWorkloads& of) {
                                 return HasNul(of.id) || HasNul(of.name) || HasNul(of.hits) ||
                                        of.hits.find(kEscapedNul) != of.hits.npos;
                               });
  if (nul) return refuse("a text holds a NUL character, which the database does not take");
  if (WrittenBytes(workloads) > kWorkloadsBytesMax) {
    return refuse(
        fmt::format("{} namespaces, and the row of each has the whole report of {} bytes: at most "
                    "{} bytes are stored of one message",
                    workloads.namespaces.size(), workloads.report.size(), kWorkloadsBytesMax));
  }
  for (const NamespaceWorkloads& of : workloads.namespaces) {
    if (workloads.cluster.size() + of.id.size() > kKeyBytesMax) {
      return refuse(
          fmt::format("a namespace of {} bytes: with its cluster more than {} bytes, "
                      "which the database's index does not take",
                      of.id.size(), kKeyBytesMax));
    }
  }
  return {};
}

std::string WorkloadsColumn(const std::string& report) {
  std::string column;
  column.reserve(report.size() + report.size() / 8);
  json::AppendQuoted(column, report);
  return column;
}

}  // namespace insightd::store
