// A value of a configuration file or of a variable, and what the services in Go take it for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace insightd::app::go {

// Nothing: a list, or another value that no key has.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

// Nothing when the value cannot be taken for one. Of an empty text: "", 0, false.
std::optional<std::string> ToText(const Value& value);
std::optional<std::int64_t> ToInteger(const Value& value);
std::optional<bool> ToBool(const Value& value);
std::optional<std::chrono::nanoseconds> ToDuration(const Value& value);

// "1h30m", "-1.5s", "100us", "0". Nothing for what is none, or is longer than 292 years.
std::optional<std::chrono::nanoseconds> ParseDuration(std::string_view text);

}  // namespace insightd::app::go
