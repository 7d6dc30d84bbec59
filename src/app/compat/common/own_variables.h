// Our own variables (`INSIGHTD__…`) for a program that stands in for another one: what no key of
// its configuration stands for can be set by them, and they count before it.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace insightd::app::compat {

// Returns one message a mistake.
std::vector<std::string> ApplyOwnVariables(Settings& settings);

}  // namespace insightd::app::compat
