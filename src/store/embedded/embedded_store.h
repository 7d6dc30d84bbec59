// The store of one machine: one SQLite file.
//
// Writing calls share one connection and wait for each other; reading calls have a connection each
// out of a small pool. What a call has written is synced before it returns, so that many results
// in one Put cost one sync.
//
// The aggregator's tables have its names and columns (`dvo.dvo_report` is `dvo_report` here); times
// are microseconds since 1970, UTC. Its index on `kafka_offset`, a column that is always 0, is left
// out; indexes of our own begin with `insightd_`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

struct EmbeddedStoreOptions {
  std::string path;                      // of the file, which is made when it is not there
  const Clock* clock = nullptr;          // nothing: the machine's own
  std::size_t readers_max = 4;           // reading calls at once; further ones wait
  std::int32_t cache_kib = 8 * 1024;     // page cache of the writing connection
  std::int32_t reader_cache_kib = 4096;  // of each reading one: the inner pages of 10,000 clusters
};

// kUnavailable when the file cannot be used; kInvalid when a newer version made it, with both
// versions and what to do.
Result<std::unique_ptr<Store>> OpenEmbeddedStore(EmbeddedStoreOptions options);

}  // namespace insightd::store
