// What people do with dead letters that are kept: send one on its way again, or drop it. Listing
// and looking is the store's own: ListDeadLetters, GetDeadLetter.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"
#include "store/store.h"

namespace insightd::upkeep {

// Produces the record as it came to the topic that it came from and, when it is delivered, drops
// the letter. After a crash between the two it is there still and may be replayed again: doing the
// same twice changes nothing. kNotFound without such a letter; kInvalid for a letter that does not
// say where it came from; kTimeout or kUnavailable when the bus does not take it within `limit`.
Result<bus::Position> ReplayDeadLetter(store::Store& store, bus::Bus& bus, std::int64_t id,
                                       milliseconds limit);

// The archive that was kept for it may go.
Result<void> DropDeadLetter(store::Store& store, std::int64_t id);

}  // namespace insightd::upkeep
