// What has to hold at every quiet point, whatever went wrong before.
#pragma once

#include <optional>
#include <string>

#include "machine.h"
#include "uploads.h"

namespace insightd::simulation {

// What a world keeps, at least.
struct Kept {
  std::int64_t ends = 0;        // of uploads, that can be looked up
  bool newest_archives = true;  // of clusters
};

// The first promise that is broken, for people; nothing when all hold. Nothing may be on its way.
std::optional<std::string> FindBrokenPromise(Machine& machine, const BlobFolder& folder,
                                             const Uploads& uploads, const Kept& kept);

}  // namespace insightd::simulation
