// What a reader of the public API sees of one cluster: the answer to
// GET /api/insights-results-aggregator/v2/cluster/{id}/reports.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::fleet {

// Total risk is 1 (low) to 4 (critical).
inline constexpr std::size_t kRisks = 4;

struct ReportSeen {
  std::array<std::int64_t, kRisks> hits_by_risk{};  // the first: low
  std::string worst;                                // text of the worst recommendation, or empty
  std::string last_checked_at;                      // as it stands there; may be empty
  std::optional<Time> gathered_at;
};

std::string ReportPath(std::string_view cluster_id);
// kInvalid when the answer is no report.
Result<ReportSeen> ReadReport(std::string_view body);

// Where insightd tells how the upload of that request id has ended.
std::string UploadPath(std::string_view request_id);

enum class EndSeen : std::uint8_t {
  kNotYet,     // no answer to go by, or still on its way
  kReadable,   // what it brought, or something newer, can be read
  kLost,       // there will be nothing to read of it
  kNobodySays  // whoever answers is not insightd, or does not tell us
};

// What an answer to UploadPath says. insightd is told by its 404, which names the request id.
EndSeen ReadEnd(long status, std::string_view body, std::string_view request_id);

}  // namespace insightd::fleet
