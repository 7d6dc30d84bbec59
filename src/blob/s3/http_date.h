// Dates as they stand in heads of HTTP: "Thu, 26 Nov 2026 00:47:59 GMT".
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace insightd::blob::s3 {

// Nothing for any other form.
std::optional<Time> ParseHttpDate(std::string_view text);

}  // namespace insightd::blob::s3
