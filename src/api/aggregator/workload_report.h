// What a stored workloads text says about one namespace.
#pragma once

#include <string>
#include <string_view>

#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {

// Writes the list of recommendations: [] for a text that cannot be read, as the original does.
//
// The text is usually a JSON string that holds the message's `Metrics` object; of one that begins
// with a brace, as old rows do, every backslash is dropped before it is read.
void WriteWorkloadRecommendations(Writer& w, std::string_view stored,
                                  std::string_view namespace_id);

}  // namespace insightd::api::aggregator
