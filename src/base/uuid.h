// Cluster ids: what counts as one, and when two are the same.
#pragma once

#include <string_view>

namespace insightd {

// Whether `text` is a UUID in one of the forms that readers of our messages take: canonical (36
// characters, either case), 32 hex digits, `urn:uuid:` before or braces around the canonical form.
bool IsUuid(std::string_view text);

// Whether two UUIDs are the same one, whatever their form and case.
bool SameUuid(std::string_view a, std::string_view b);

}  // namespace insightd
