// Total risks by name, as every client shows them.
#pragma once

#include <optional>
#include <string_view>

namespace insightd::rules {

inline constexpr int kRiskMax = 4;

// "low" for 1 (and below) to "critical" for 4.
constexpr std::string_view RiskName(int risk) {
  switch (risk) {
    case 4: return "critical";
    case 3: return "important";
    case 2: return "moderate";
    default: return "low";
  }
}

constexpr std::optional<int> ParseRisk(std::string_view name) {
  for (int risk = 1; risk <= kRiskMax; ++risk) {
    if (RiskName(risk) == name) return risk;
  }
  return std::nullopt;
}

}  // namespace insightd::rules
