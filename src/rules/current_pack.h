// The packs that judge now: replaced when they change on disk. Whoever judges takes them once for
// each archive, so that one archive is judged by one set.
#pragma once

#include <mutex>
#include <utility>

#include "rules/pack.h"

namespace insightd::rules {

// Thread-safe. Never null.
class CurrentPack {
 public:
  explicit CurrentPack(PackPointer first) : now_(std::move(first)) {}

  PackPointer Get() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  // What judges with the one before goes on with it to the end of its archive.
  void Set(PackPointer next) {
    const std::lock_guard lock(mutex_);
    now_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  PackPointer now_;
};

}  // namespace insightd::rules
