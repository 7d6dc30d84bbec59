// Bodies of requests, read as the original reads them (go_json.h). What of a list no row can hold
// is left out: it matches nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/aggregator/call.h"

namespace insightd::api::aggregator {

// {"<field>": "text"}; empty where the field is absent.
Param<std::string> TextBody(const Call& call, std::string_view field);
// A text of people: longer than `feedback_message_bytes_max` is 400. `called` names it in the
// reason: "feedback message".
Param<std::string> FeedbackBody(const Call& call, std::string_view field, std::string_view called);
// ["text", …]
Param<std::vector<std::string>> ListBody(const Call& call);
// {"clusters": ["text", …]}
Param<std::vector<std::string>> ClustersBody(const Call& call);

struct RatingGiven {
  std::string rule;
  std::int64_t rating = 0;
};
Param<RatingGiven> RatingBody(const Call& call);

// Leaves what a database can hold.
std::vector<std::string> Storable(std::vector<std::string> texts);

}  // namespace insightd::api::aggregator
