// Archives made before they are due, on a thread of its own, so that making them does not slow
// uploading down.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/generate.h"

namespace insightd::fleet {

// An archive, packed.
struct Packed {
  std::shared_ptr<const std::string> bytes;
  Time gathered_at;
};

// Makes the archive of each cluster once, on `threads` threads. `made` is called after each one,
// on any of them.
Result<std::vector<Packed>> MakeAll(const Generator& generator,
                                    const std::vector<Cluster>& clusters, const Clock& clock,
                                    int threads, std::stop_token stop,
                                    const std::function<void()>& made);

// Bounds of what is made ahead.
inline constexpr std::size_t kAheadMax = 64;
inline constexpr std::size_t kAheadBytesMax = std::size_t{32} << 20;

// For uploads 0, 1, 2, …: that of number i comes from clusters[i % size] and is made when it is
// due within kEarly. Take() from one thread.
class Supply {
 public:
  // When upload i is due, as steady time; the microseconds' maximum: never.
  using Due = std::function<microseconds(std::uint64_t upload)>;

  // All outlive it. `ready` is called on its thread when one more can be taken.
  Supply(const Generator& generator, const std::vector<Cluster>& clusters, const Clock& clock,
         Due due, std::function<void()> ready);
  ~Supply();
  Supply(const Supply&) = delete;
  Supply& operator=(const Supply&) = delete;

  // The next one, or no bytes when it is not made yet. An error ends the supply.
  Result<Packed> Take();

 private:
  void Make(std::stop_token stop);

  const Generator& generator_;
  const std::vector<Cluster>& clusters_;
  const Clock& clock_;
  Due due_;
  std::function<void()> ready_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Packed> made_;
  std::size_t made_bytes_ = 0;
  std::unique_ptr<Error> error_;
  std::jthread thread_;
};

}  // namespace insightd::fleet
