// The text format of Prometheus, as far as rules need it: the samples.
#pragma once

#include <string_view>

#include "cel/arena.h"
#include "cel/value.h"

namespace insightd::rules {

// A list of `{name, labels, value}`, one for each line that is a sample; comments and lines that
// are none are left out, as is what comes when the arena is over its limit. `text` is UTF-8 and has
// to live as long as the value, as has the arena.
cel::Value ReadMetrics(std::string_view text, cel::Arena& arena);

}  // namespace insightd::rules
