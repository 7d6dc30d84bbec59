// Started as insights-results-aggregator-cleaner: with its flags, configuration, lines and exit
// codes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insightd::app::cleaner {

int Run(std::string_view name, const std::vector<std::string>& words);

}  // namespace insightd::app::cleaner
