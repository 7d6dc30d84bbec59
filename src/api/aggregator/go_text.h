// Texts as the original's language writes and reads them, where a client can see it.
#pragma once

#include <string>
#include <string_view>

namespace insightd::api::aggregator {

// In double quotes, with escapes for what is not printable.
std::string GoQuoted(std::string_view text);

// White space of Unicode taken off both ends.
std::string_view TrimmedSpace(std::string_view text);

// Why `text` is no UUID in one of the four forms; empty when it is one.
std::string UuidProblem(std::string_view text);

// Whether a database can hold it: UTF-8 without NUL. What is none is in no row.
bool IsStorable(std::string_view text);

// What a time that is not there reads as.
inline constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

}  // namespace insightd::api::aggregator
