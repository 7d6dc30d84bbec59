// Checks a JSON value against a schema of our OpenAPI document, as far as the document uses them:
// $ref, allOf, nullable, type, required, properties, additionalProperties, items, enum, minimum,
// maximum, format, pattern-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace insightd::api::testing {

// What is wrong, one line a mistake: "report.data[0].total_risk: 5 is over the maximum 4". A member
// that the schema does not describe is a mistake too.
std::vector<std::string> CheckSchema(json::Value document, std::string_view schema_name,
                                     json::Value value);

}  // namespace insightd::api::testing
