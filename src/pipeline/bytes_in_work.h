// Keeps memory flat: how many bytes of archives are in work at one time, over all workers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace insightd::pipeline {

// Thread-safe. First come, first served, so that a large archive gets its turn.
class BytesInWork {
 public:
  // What one worker holds; gives it back when it goes. Must go before the BytesInWork.
  class Share {
   public:
    Share(Share&& other) noexcept { *this = std::move(other); }
    Share& operator=(Share&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() {
      if (owner_ != nullptr) owner_->GiveBack(bytes_);
    }

   private:
    friend class BytesInWork;
    Share(BytesInWork* owner, std::uint64_t bytes) : owner_(owner), bytes_(bytes) {}
    BytesInWork* owner_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  explicit BytesInWork(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Waits until `bytes` fit beside what is in work; more than the limit waits until nothing is.
  // Nothing when `stop` is requested first.
  std::optional<Share> Take(std::uint64_t bytes, std::stop_token stop);

  std::uint64_t bytes() const;

 private:
  void GiveBack(std::uint64_t bytes);

  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_ticket_ = 0;
  std::uint64_t served_ticket_ = 0;
};

}  // namespace insightd::pipeline
