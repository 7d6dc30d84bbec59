#include "cel/arena.h"

#include <algorithm>

namespace insightd::cel {

void* Arena::AllocateBlock(std::size_t bytes) {
  const std::size_t last = blocks_.empty() ? kBlockBytesMin / 2 : blocks_.back().bytes;
  const std::size_t wanted = std::max(bytes, std::min(2 * last, kBlockBytesMax));
  blocks_.push_back({std::unique_ptr<char[]>(new char[wanted]), wanted});
  char* piece = blocks_.back().memory.get();
  at_ = piece + bytes;
  end_ = piece + wanted;
  return piece;
}

void Arena::Reset() {
  bytes_ = 0;
  limit_ = std::numeric_limits<std::uint64_t>::max();
  if (blocks_.empty()) return;
  if (blocks_.back().bytes > kBlockBytesMax) {
    // A single huge piece is not worth keeping.
    blocks_.clear();
    at_ = end_ = nullptr;
    return;
  }
  std::swap(blocks_.front(), blocks_.back());
  blocks_.resize(1);
  at_ = blocks_.front().memory.get();
  end_ = at_ + blocks_.front().bytes;
}

}  // namespace insightd::cel
