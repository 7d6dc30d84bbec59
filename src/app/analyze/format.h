// What `analyze` prints about one archive: a table for people, a line for scripts.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "content/catalogue.h"
#include "rules/report.h"

namespace insightd::app {

struct TableOptions {
  bool all = false;    // list passes, skips and errors too
  bool color = false;  // for a terminal
  // Where to take texts from, which are then shown instead of details; null: none are.
  const content::Catalogue* texts = nullptr;
  std::size_t width = 100;  // of a line of text
};

// Hits by risk, worst first, then counts of the others. Ends with a line end.
std::string FormatTable(std::string_view archive, const rules::Report& report,
                        const TableOptions& options);

// One JSON object and a line end: `archive`, `cluster`, `version`, `now`, `outcomes`, …; with
// `texts` when it is not null.
std::string FormatJson(std::string_view archive, const rules::Report& report,
                       const content::Catalogue* texts = nullptr);
// The same for an archive that cannot be read: `archive` and `error`, no outcomes.
std::string FormatJsonError(std::string_view archive, const Error& error);

}  // namespace insightd::app
