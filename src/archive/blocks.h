// Memory for the bytes of members: large blocks that go back to the system one by one.
//
// Blocks are mapped, not taken from the heap: what is given back is gone at once, whatever the
// allocator thinks, and the untouched rest of a block costs nothing. A few of the usual size are
// kept from archive to archive, so that small archives cost no page faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/json.h"

namespace insightd::archive {

// Bytes of a block that several members share: with its padding a huge page.
inline constexpr std::size_t kSharedBlockBytes = (std::size_t{2} << 20) - json::kPadding;
// Shared blocks that a pool keeps for the next archive.
inline constexpr std::size_t kBlocksKept = 2;

// In place of a block's number: none.
inline constexpr std::uint32_t kNoBlock = ~std::uint32_t{0};

// Thread-safe. Every block has json::kPadding bytes more than asked for.
class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  char* Take(std::size_t bytes);
  void Give(char* block, std::size_t bytes);

 private:
  std::mutex mutex_;
  std::vector<char*> kept_;
};

// The blocks of one tree, each with the number of members that still need it.
// One thread at a time.
class Blocks {
 public:
  Blocks() = default;
  explicit Blocks(std::shared_ptr<BlockPool> pool) : pool_(std::move(pool)) {}
  ~Blocks() { Clear(); }
  Blocks(Blocks&& other) noexcept { *this = std::move(other); }
  Blocks& operator=(Blocks&& other) noexcept;

  // A new block with one user, its number.
  std::uint32_t Add(std::size_t bytes);
  // How much of it holds something; counts for bytes_held().
  void SetUsed(std::uint32_t block, std::size_t bytes);
  char* data(std::uint32_t block) { return blocks_[block].data; }
  void AddUser(std::uint32_t block) { ++blocks_[block].users; }
  // Gives the block back with its last user.
  void DropUser(std::uint32_t block);
  std::size_t bytes_held() const { return bytes_held_; }

 private:
  struct Block {
    char* data = nullptr;
    std::size_t bytes = 0;
    std::size_t used = 0;
    std::uint32_t users = 0;
  };
  void Clear();

  std::shared_ptr<BlockPool> pool_;
  std::vector<Block> blocks_;
  std::size_t bytes_held_ = 0;
};

}  // namespace insightd::archive
