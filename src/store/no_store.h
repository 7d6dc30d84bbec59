// A store that keeps nothing: what it is told is taken and gone, and there is never anything to
// read. For who works without a database, as the aggregator does with storages of the type `noop`.
#pragma once

#include <memory>

#include "store/store.h"

namespace insightd::store {

// Every duty is free. What needs a result (a vote) is kNotFound, as it is without one.
std::unique_ptr<Store> MakeNoStore();

}  // namespace insightd::store
