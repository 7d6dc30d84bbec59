// `ccx-messaging`: the program that runs the services of the hosted pipeline, each by a YAML file.
//
//   ccx-messaging [CONFIG] [--version]
//
// Exit codes are the original's: 0 when it was stopped, 1 when it could not start or go on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insightd::app::ccx {

int Run(std::string_view name, const std::vector<std::string>& words);

}  // namespace insightd::app::ccx
