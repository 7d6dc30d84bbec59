#include "archive/blocks.h"

#include <sys/mman.h>

#include <new>
#include <utility>

#include "base/json.h"
#include "base/result.h"

namespace insightd::archive {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
static_assert(kSharedBlockBytes + json::kPadding == kHugePageBytes);

std::size_t MappedBytes(std::size_t bytes) { return bytes + json::kPadding; }

char* Map(std::size_t bytes) {
  void* const block =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();  // as every allocation: ends the process
  return static_cast<char*>(block);
}

// A shared block is one huge page where the system has them: the 500 page faults that it costs
// else take as long as inflating it.
char* MapHugePage() {
  char* const wide = Map(2 * kHugePageBytes);
  const std::size_t over = reinterpret_cast<std::uintptr_t>(wide) % kHugePageBytes;
  const std::size_t before = over == 0 ? 0 : kHugePageBytes - over;
  char* const block = wide + before;
  if (before > 0) munmap(wide, before);
  munmap(block + kHugePageBytes, kHugePageBytes - before);
  madvise(block, kHugePageBytes, MADV_HUGEPAGE);
  return block;
}

}  // namespace

BlockPool::~BlockPool() {
  for (char* block : kept_) munmap(block, MappedBytes(kSharedBlockBytes));
}

char* BlockPool::Take(std::size_t bytes) {
  if (bytes == kSharedBlockBytes) {
    const std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      char* const block = kept_.back();
      kept_.pop_back();
      return block;
    }
  }
  return bytes == kSharedBlockBytes ? MapHugePage() : Map(MappedBytes(bytes));
}

void BlockPool::Give(char* block, std::size_t bytes) {
  if (bytes == kSharedBlockBytes) {
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kBlocksKept) {
      kept_.push_back(block);
      return;
    }
  }
  munmap(block, MappedBytes(bytes));
}

Blocks& Blocks::operator=(Blocks&& other) noexcept {
  if (this != &other) {
    Clear();
    pool_ = std::move(other.pool_);
    blocks_ = std::exchange(other.blocks_, {});
    bytes_held_ = std::exchange(other.bytes_held_, 0);
  }
  return *this;
}

std::uint32_t Blocks::Add(std::size_t bytes) {
  blocks_.push_back({.data = pool_->Take(bytes), .bytes = bytes, .used = 0, .users = 1});
  return static_cast<std::uint32_t>(blocks_.size() - 1);
}

void Blocks::SetUsed(std::uint32_t block, std::size_t bytes) {
  bytes_held_ += bytes - blocks_[block].used;
  blocks_[block].used = bytes;
}

void Blocks::DropUser(std::uint32_t block) {
  Block& dropped = blocks_[block];
  INSIGHTD_ASSERT(dropped.users > 0);
  if (--dropped.users > 0) return;
  pool_->Give(dropped.data, dropped.bytes);
  dropped.data = nullptr;
  bytes_held_ -= dropped.used;
}

void Blocks::Clear() {
  for (const Block& block : blocks_) {
    if (block.data != nullptr) pool_->Give(block.data, block.bytes);
  }
  blocks_.clear();
  bytes_held_ = 0;
}

}  // namespace insightd::archive
