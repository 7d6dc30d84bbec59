// Started as insights-results-aggregator-exporter: with its flags, configuration, lines, files and
// exit codes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insightd::app::exporter {

int Run(std::string_view name, const std::vector<std::string>& words);

}  // namespace insightd::app::exporter
