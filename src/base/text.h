// Small things done to text in more than one part.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace insightd {

// The candidate that a person who wrote `wrong` may have meant: the nearest by insertions,
// deletions, changes and swaps of neighbours, at most a third of its length away. Else empty.
std::string_view Nearest(std::string_view wrong, std::span<const std::string_view> candidates);

// Blanks, tabs and line ends taken off both ends.
std::string_view Stripped(std::string_view text);

// A UUID in any of the forms that the aggregator takes (36 characters, 32 hex digits, with
// `urn:uuid:`, in braces) as lower-case 36 characters; empty when it is none.
std::string CanonicalUuid(std::string_view text);

}  // namespace insightd
