// Data in Markdown: shown as it is, wherever it stands, and never taken for Markdown.
//
//   in running text   what Markdown or HTML would read is escaped: `\*`, `\_` at the edge of a
//   word,
//                     `\[`, `&lt;`, `&#96;` …; so there are no links, pictures, tags, headings,
//                     list items, cells or emphasis made by data, nor links of bare addresses. Line
//                     ends and runs of blanks become one blank: data stays in its line
//   in code spans     nothing is escaped, as it would be seen; line ends become blanks, and the
//                     backticks around the span get more when data has as many
//   in code blocks    nothing is escaped; lines are indented as the block is, and its fence gets
//                     longer when data has one as long
//   in a link's       what does not belong into an address is percent-encoded, and data at its
//   address, in tags  front cannot choose the scheme (`javascript:`) unless it is http or https
//
// Control characters become U+FFFD. What the author wrote stays as it is, but for a `<` right
// before data, which becomes `&lt;` so that data cannot name a tag.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "content/templating/value.h"

namespace insightd::content::templating {

// `data` are the bytes of `text` that are data, in order and without overlaps.
std::string EscapeData(std::string_view text, const std::vector<Range>& data);

}  // namespace insightd::content::templating
