// Lays a defect over a healthy file: a JSON merge patch (RFC 7386) that also reaches into lists.
//
// A map laid over a map goes member by member, null takes a member away, all else replaces. A map
// laid over a list names its elements:
//
//   "[type=Degraded]"  those whose member `type` is that text; appended when there are none
//   "[0]"              one by its place
//   "[*]"              all
//   "[+]"              a new one at the end
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace insightd::fleet {

// kInternal when a place is not there.
Result<void> AppendPatched(json::Value base, json::Value patch, std::string& out);

}  // namespace insightd::fleet
