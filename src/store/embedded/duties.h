// Duties where one process has the whole store: each is granted to one holder at a time.
//
// The folder of the data is locked by its process, so that nobody else can write; calls of a duty
// are not refused without it. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

class EmbeddedDuties {
 public:
  Result<std::unique_ptr<Lease>> Take(Duty duty);

 private:
  static constexpr std::size_t kDuties = 3;
  // Shared with the leases.
  std::shared_ptr<std::array<std::atomic<bool>, kDuties>> taken_ =
      std::make_shared<std::array<std::atomic<bool>, kDuties>>();
};

}  // namespace insightd::store
