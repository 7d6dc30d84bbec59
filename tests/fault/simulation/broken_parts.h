// Parts that break one guarantee each, on purpose: the simulation has to notice.
//
// They come in where the real ones do, through the interfaces of bus, store and disk; the product
// has no switch for them.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "bus/bus.h"
#include "store/store.h"

namespace insightd::simulation {

struct PartsOfWorld {
  std::string_view name;
  bool disk_syncs = true;
  bool log_is_copied_at_start = true;  // what a process before has left in it, synced with that
  bool archives_sync = true;
  bool steady_clock = true;  // stays as it is when the clock is set
  // Around the real part; empty: as it is.
  std::function<std::unique_ptr<bus::Bus>(std::unique_ptr<bus::Bus>)> around_bus = {};
  std::function<std::unique_ptr<store::Store>(std::unique_ptr<store::Store>)> around_store = {};
};

// All that keep what they promise.
PartsOfWorld GoodParts();
// One for each guarantee.
std::vector<PartsOfWorld> BrokenParts();

}  // namespace insightd::simulation
