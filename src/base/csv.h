// Comma-separated values (RFC 4180), as Go's encoding/csv writes and reads them.
//
// Lines end in LF. A field is put in quotes only where it must be: when it holds a comma, a quote,
// a CR or LF, begins with white space, or is `\.`; an empty one is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::csv {

// Without a comma before or behind it.
void AppendField(std::string& out, std::string_view field);
// Fields with commas between them, and the end of the line.
void AppendRecord(std::string& out, const std::vector<std::string>& fields);

// All records; empty lines are none. kInvalid, with the line, for a quote out of place, or a record
// that has not as many fields as the first one. CR LF ends a line too.
Result<std::vector<std::vector<std::string>>> Parse(std::string_view text);

}  // namespace insightd::csv
