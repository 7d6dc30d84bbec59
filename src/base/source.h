// Bytes that are pulled, so that a large thing streams through a small buffer.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"

namespace insightd {

// One thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  // Fills `into` from the front, as far as bytes are at hand without much waiting: at least one
  // byte unless the end is reached, then 0. After a failure every further call fails.
  virtual Result<std::size_t> Read(std::span<char> into) = 0;
};

}  // namespace insightd
