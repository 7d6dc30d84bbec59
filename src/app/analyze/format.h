// What `analyze` prints about one archive: a table for people, a line for scripts.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/report.h"

namespace insightd::app {

struct TableOptions {
  bool all = false;    // list passes, skips and errors too
  bool color = false;  // for a terminal
};

// Hits by risk, worst first, then counts of the others. Ends with a line end.
std::string FormatTable(std::string_view archive, const rules::Report& report,
                        const TableOptions& options);

// One JSON object and a line end: `archive`, `cluster`, `version`, `now`, `outcomes`, …
std::string FormatJson(std::string_view archive, const rules::Report& report);
// The same for an archive that cannot be read: `archive` and `error`, no outcomes.
std::string FormatJsonError(std::string_view archive, const Error& error);

}  // namespace insightd::app
