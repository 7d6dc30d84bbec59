// Text as JavaScript counts it, in 16-bit units, over UTF-8.
//
// A place in the middle of a pair of units is that of the character's begin: half a pair has no
// form in UTF-8.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "content/templating/value.h"

namespace insightd::content::templating::utf16 {

std::size_t Length(std::string_view text);
// Byte of the unit with that index; the text's size behind its end.
std::size_t ByteOf(std::string_view text, std::size_t unit);
// Index of the unit that begins at a byte.
std::size_t UnitOf(std::string_view text, std::size_t byte);
// As `<` compares texts: below 0, 0, above 0.
int Compare(std::string_view a, std::string_view b);

// Index of a list's element or a text's unit when `name` is one ("0", "17"), else -1; at most 2^32
// - 2.
std::int64_t IndexOf(std::string_view name);
// Members in JavaScript's order: indexes first, by size, then the others as they were put in; of
// two with one name the last value, where the first stood.
std::vector<json::Member> Ordered(json::Value object);

}  // namespace insightd::content::templating::utf16
