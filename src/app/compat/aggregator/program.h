// insights-results-aggregator and insights-results-db-writer: one program, whose configuration says
// which role it has.
//
//   NAME [start-service|help|print-help|print-config|print-env|print-version-info]
//   NAME migration|migrations|migrate [VERSION|latest|max]
//
// Exit codes are the original's: 0 good, also for an unknown command; 1 what runs has failed; 2 a
// configuration that cannot be loaded, a database that is away or has another version; 5 a
// migration that failed. 3, 4 and 7 are for a stop that fails, which the original never tells
// either.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insightd::app::aggregator {

int Run(std::string_view name, const std::vector<std::string>& words);

}  // namespace insightd::app::aggregator
