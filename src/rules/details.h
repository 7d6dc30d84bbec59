// The details of a hit as JSON text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cel/value.h"
#include "rules/pack.h"

namespace insightd::rules {

// All details of a hit before they are cut. A value of a few bytes can name the same large document
// many times, so this is measured before it is written.
inline constexpr std::uint64_t kDetailsWrittenBytesMax = std::uint64_t{16} << 20;

// Writes the tree, each leaf as `evaluate` gives it. A leaf that is an error, or that would not fit
// into kDetailsWrittenBytesMax, is told to `failed` and left out, of a list too: what is shown of
// a list is shown item by item.
std::string WriteDetails(const DetailNode& details,
                         const std::function<cel::Value(const Expression&)>& evaluate,
                         const std::function<void(const Expression&, const cel::Value&)>& failed);

// Details of more than `bytes_max` are cut: while they are, the longest list among the members
// loses its second half; `"truncated": true` says so. Other members stay as they are, so that
// details without a list stay too long and do not say it.
std::string TruncateDetails(std::string details, std::uint64_t bytes_max);

}  // namespace insightd::rules
