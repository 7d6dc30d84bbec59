// What of the settings can be judged without a data folder and without a port: the checks that a
// role makes when it starts, for those who want to know beforehand.
#pragma once

#include <vector>

#include "app/host.h"
#include "app/settings.h"

namespace insightd::app {

// One a mistake, as the role that starts would say it. Reads the files that the settings name.
std::vector<StartFailure> CheckSettings(const Settings& settings);

}  // namespace insightd::app
