// What of the settings can be judged without a data folder, a port and a server: the checks that a
// role makes when it starts, for those who want to know beforehand.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "app/host.h"
#include "app/settings.h"

namespace insightd::app {

// The row of the table that the command `role` starts: one of its own for a writer into Redis.
std::string_view RowFor(const Settings& settings, std::string_view role);

// Whether the settings are of the form that `role` belongs to: `all` takes none of those that name
// a server, the others need those of the servers that they use. Names them all.
std::optional<StartFailure> CheckForm(const Settings& settings, std::string_view role);

// One a mistake, as `role` would say it when it starts. Reads the files that the settings name.
std::vector<StartFailure> CheckSettings(const Settings& settings, std::string_view role);

// The roles that processes with these settings can be: all those of the distributed form where a
// server is named, else `all`.
std::vector<std::string_view> RolesWith(const Settings& settings);

}  // namespace insightd::app
