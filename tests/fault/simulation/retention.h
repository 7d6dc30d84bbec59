// What has to hold when archives go: looked at around each step of the cleaner and of the search,
// in worlds that have little room (machine_state.h).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "machine.h"
#include "uploads.h"

namespace insightd::simulation {

// How many archives went: the newest ones of clusters, and those that belonged to nothing.
struct Removals {
  std::uint64_t newest = 0;
  std::uint64_t unknown = 0;
};

class Retention {
 public:
  Retention(const BlobFolder& folder, const Uploads& uploads, std::uint64_t bytes_max)
      : folder_(folder), uploads_(uploads), bytes_max_(bytes_max) {}

  // Before a step.
  Result<void> Look(Machine& machine);
  // The first archive that should not have gone in it; nothing when all is well.
  std::optional<std::string> FindWronglyGone();
  // After a step of the cleaner that had nothing to do: whether there is room, or nothing could go
  // and uploads are refused.
  std::optional<std::string> FindWronglyKept(Machine& machine);
  // After a search at which all was older than the history and nothing on its way: an archive that
  // nobody needs.
  std::optional<std::string> FindNeedless(Machine& machine);
  // What is kept, as it was before the step: "KEY (2), …" with store::ArchiveUse as a number.
  std::string Describe() const;
  const Removals& removals() const { return removals_; }

 private:
  bool IsKept(const std::string& key) const { return folder_.objects.contains(key); }

  const BlobFolder& folder_;
  const Uploads& uploads_;
  const std::uint64_t bytes_max_;
  // As they were before the step.
  std::vector<std::string> keys_;
  std::vector<store::ArchiveUse> uses_;
  std::vector<store::KeptArchive> released_;
  std::vector<store::KeptArchive> newest_;  // oldest first
  std::set<std::string> of_letters_;
  bool was_overfull_ = false;
  // Whose upload had an end, also one that was forgotten since.
  std::set<std::string> ended_;
  Removals removals_;
};

}  // namespace insightd::simulation
