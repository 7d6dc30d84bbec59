// Whether uploads are on their way to their ends: to the store an archive of such a one is like an
// archive that belongs to nothing.
#pragma once

#include <set>
#include <string>

#include "bus/bus.h"

namespace insightd::upkeep {

// Whether a record of these topics may not have had its effect: a group has not committed it, or
// no group of this process reads its topic. Where all that an upload passes is read by one process
// and nothing waits, each upload that was announced has its end in the store.
bool DoRecordsWait(bus::Bus& bus, const std::set<std::string>& topics);

}  // namespace insightd::upkeep
