// Where a byte of a rule's text, or a name, stands in the file of the rule.
#pragma once

#include <cstddef>
#include <string_view>

#include "rules/pack.h"

namespace insightd::content {

// `text` is the name below `content`: "reason". Reads the file again, so it is for messages only;
// the place of the rule when the text is not found.
rules::Place PlaceInText(const rules::Rule& rule, std::string_view text, std::size_t offset);
// The same for a name below `field`: "params", "let".
rules::Place PlaceOfName(const rules::Rule& rule, std::string_view field, std::string_view name);

}  // namespace insightd::content
