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

std::string UploadPath(std::string_view request_id) {
  return fmt::format("/api/insightd/v1/uploads/{}", request_id);
}

EndSeen ReadEnd(long status, std::string_view body, std::string_view request_id) {
  if (status == 0 || status == 429 || status >= 500) return EndSeen::kNotYet;
  const auto document = json::Parse(body);
  if (!document) return EndSeen::kNobodySays;
  const json::Value root = document->root();
  if (status == 404) {
    // Another server says 404 of the path, at most, and not in these words.
    const bool names_it = root["status"].StringOr("").find(request_id) != std::string_view::npos;
    return names_it ? EndSeen::kNotYet : EndSeen::kNobodySays;
  }
  const std::string_view end = root["upload"]["end"].StringOr("");
  if (status != 200 || end.empty()) return EndSeen::kNobodySays;
  return end == "dead_letter" || end == "empty" ? EndSeen::kLost : EndSeen::kReadable;
}

}  // namespace insightd::fleet
