// What `analyze --texts` prints of a hit: the rule's texts, filled with what was found.
#pragma once

#include <string>

#include "app/analyze/markdown_terminal.h"
#include "base/json_writer.h"
#include "content/catalogue.h"
#include "rules/report.h"

namespace insightd::app {

// The sections of the hit's texts, each below its name. False, and nothing is added, when the rule
// has no texts. A text that cannot be filled in is printed raw with the reason.
bool AppendTexts(std::string& out, const content::Catalogue& catalogue,
                 const rules::Outcome& outcome, const TerminalStyle& style);

// `texts` as a member of the outcome's object: description, generic, reason, resolution, more_info,
// all Markdown but the first, and `errors` by name. Nothing when the rule has no texts.
void WriteTexts(json::JsonWriter& w, const content::Catalogue& catalogue,
                const rules::Outcome& outcome);

}  // namespace insightd::app
