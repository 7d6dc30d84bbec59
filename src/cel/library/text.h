// Texts of scalars, and positions in texts that are counted in code points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace insightd::cel {

// As `string(x)` gives them: bool, int, uint, double, timestamp, duration.
std::string ScalarText(const Value& value);
// The shortest digits that read back as the same double: "1.5", "1e+22", "NaN", "+Inf".
std::string DoubleText(double number);
// Decimal or scientific, "NaN", "Inf", "Infinity" with any sign and case.
bool ParseDouble(std::string_view text, double& number);

// Whether every byte is a character.
bool IsAscii(std::string_view text);
// Byte at which code point `index` begins; text.size() for the one past the last, npos behind it.
std::size_t ByteOffset(std::string_view text, std::int64_t index);

}  // namespace insightd::cel
