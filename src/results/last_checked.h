// The times of a result, and the words by which readers of `consumer_error` know a bad one.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::results {

// RFC 3339 with a fraction of any length, to the nearest microsecond: as PostgreSQL rounds what it
// is given. Nothing for anything else.
std::optional<Time> ParseRounded(std::string_view text);

// The same. Fails with kInvalid and the
// text of the original's time library: `parsing time "x" as "2006-01-02T15:04:05.999999999Z07:00":
// cannot parse "x" as "2006"`.
insightd::Result<Time> ParseLastChecked(std::string_view text);

}  // namespace insightd::results
