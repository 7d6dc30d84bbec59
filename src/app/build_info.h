// Which build this is.
#pragma once

#include <string>
#include <string_view>

namespace insightd::app {

std::string_view BuildVersion();  // "1.0.0"
std::string_view BuildCommit();   // "5ffb163", or "unknown"
// "insightd-1.0.0": as results and dead letters name it.
std::string BuildName();

}  // namespace insightd::app
