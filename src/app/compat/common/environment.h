// The environment of a process, as those read it who stand in for another program.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace insightd::app::compat {

// Null for a variable that is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

Environment ProcessVariables();

}  // namespace insightd::app::compat
