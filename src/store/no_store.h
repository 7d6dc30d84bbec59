// A store that keeps nothing: what it is told is taken and gone, and there is never anything to
// read. For who works without a database, as the aggregator does with storages of the type `noop`.
#pragma once

#include <memory>

#include "store/store.h"

namespace insightd::store {

// Every duty is free. The report of every cluster is an empty one, which names no cluster and has
// no times: the original's storages that keep nothing read so. What needs a result (a vote) or a
// hit is kNotFound, as it is without one.
std::unique_ptr<Store> MakeNoStore();

}  // namespace insightd::store
