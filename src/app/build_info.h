// Which build this is.
#pragma once

#include <string>
#include <string_view>

namespace insightd::app {

std::string_view BuildVersion();  // "1.0.0"
std::string_view BuildCommit();   // "5ffb163", or "unknown"
// Empty where the build did not know.
std::string_view BuildCommitFull();  // 40 hex digits
std::string_view BuildCommitTime();  // "2026-08-01T10:00:00Z"
// "insightd-1.0.0": as results and dead letters name it.
std::string BuildName();

}  // namespace insightd::app
