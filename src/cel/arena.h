// Memory for the values that expressions make: taken piece by piece, given back all at once.
//
// One arena lives as long as an archive (its globals), another as long as the evaluation of a rule.
// Nothing in it is destroyed, so only trivially destructible things may lie here. The limit does
// not refuse: a piece is always given, and over() tells the evaluator to stop. Whoever makes
// something that can be far larger than what it is made of asks CanTake first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace insightd::cel {

// One thread at a time.
class Arena {
 public:
  static constexpr std::size_t kBlockBytesMin = 4096;
  static constexpr std::size_t kBlockBytesMax = std::size_t{256} << 10;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Aligned to 8 bytes.
  void* Allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    bytes_ += bytes;
    if (bytes <= static_cast<std::size_t>(end_ - at_)) {
      char* piece = at_;
      at_ += bytes;
      return piece;
    }
    return AllocateBlock(bytes);
  }
  template <class T>
  T* AllocateArray(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }
  template <class T, class... Args>
  T* New(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return new (Allocate(sizeof(T))) T{std::forward<Args>(args)...};
  }
  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(Allocate(text.size()));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Bytes handed out since the beginning or the last Reset.
  std::uint64_t bytes() const { return bytes_; }
  // Above which bytes() makes over() true; no limit at first.
  void set_limit(std::uint64_t bytes) { limit_ = bytes; }
  std::uint64_t limit() const { return limit_; }
  bool over() const { return bytes_ > limit_; }
  bool CanTake(std::uint64_t bytes) const { return bytes_ <= limit_ && bytes <= limit_ - bytes_; }

  // Takes everything back, keeps one block of memory for the next use and forgets the limit.
  void Reset();

 private:
  void* AllocateBlock(std::size_t bytes);

  char* at_ = nullptr;
  char* end_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t bytes;
  };
  std::vector<Block> blocks_;
};

}  // namespace insightd::cel
