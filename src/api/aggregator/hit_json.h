// How a hit's details are shown.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {

// As they are stored; what is no JSON as the base64 of its bytes.
void WriteDetails(Writer& w, std::string_view details);

// The original says -1 where there are no hits.
inline std::int64_t HitCount(std::int64_t hits) { return hits == 0 ? -1 : hits; }

}  // namespace insightd::api::aggregator
