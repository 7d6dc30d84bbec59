#include "rules/report.h"

#include <algorithm>

namespace insightd::rules {

std::string_view OutcomeName(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::kHit: return "hit";
    case OutcomeKind::kPass: return "pass";
    case OutcomeKind::kSkip: return "skip";
    case OutcomeKind::kError: return "error";
  }
  __builtin_unreachable();
}

std::size_t Report::Count(OutcomeKind kind) const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [&](const Outcome& outcome) { return outcome.kind == kind; }));
}

std::string Report::NowText() const { return cel::FormatTimestamp(now); }

}  // namespace insightd::rules
