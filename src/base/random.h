// Randomness as a door to the outside world: handed in, so that a test or a simulation owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace insightd {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [0, 1).
  double Unit();
  // `digits` lower-case hexadecimal digits: a request id has 32.
  std::string Hex(std::size_t digits);
};

// The kernel's source of randomness; lives as long as the process.
Random& SystemRandom();

// The same numbers for the same seed on every machine.
std::unique_ptr<Random> MakeSeededRandom(std::uint64_t seed);

}  // namespace insightd
