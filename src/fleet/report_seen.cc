#include "fleet/report_seen.h"

#include <fmt/core.h>

#include "base/json.h"

namespace insightd::fleet {

std::string ReportPath(std::string_view cluster_id) {
  return fmt::format("/api/insights-results-aggregator/v2/cluster/{}/reports", cluster_id);
}

Result<ReportSeen> ReadReport(std::string_view body) {
  const auto document = json::Parse(body);
  if (!document) return Fail(Code::kInvalid, "the report is no JSON");
  const json::Value report = document->root()["report"];
  const json::Value meta = report["meta"];
  const json::Value data = report["data"];
  if (!meta.is_object() || !data.is_array()) {
    return Fail(Code::kInvalid, "the answer holds no report");
  }
  ReportSeen seen;
  seen.last_checked_at = meta["last_checked_at"].StringOr("");
  seen.gathered_at = ParseTime(meta["gathered_at"].StringOr(""));
  std::int64_t worst_risk = 0;
  for (const json::Value item : data.elements()) {
    const json::Value risk = item["total_risk"];
    if (!risk.is_int() || risk.AsInt() < 1 || risk.AsInt() > std::int64_t{kRisks}) continue;
    ++seen.hits_by_risk[static_cast<std::size_t>(risk.AsInt() - 1)];
    if (risk.AsInt() <= worst_risk) continue;
    worst_risk = risk.AsInt();
    seen.worst = item["description"].StringOr("");
  }
  return seen;
}

}  // namespace insightd::fleet
