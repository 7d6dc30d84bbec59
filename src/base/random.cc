#include "base/random.h"

#include <sys/random.h>

#include <mutex>

#include "base/result.h"

namespace insightd {
namespace {

class KernelRandom final : public Random {
 public:
  std::uint64_t Next() override {
    std::uint64_t value = 0;
    const ssize_t got = getrandom(&value, sizeof(value), 0);
    INSIGHTD_ASSERT(got == sizeof(value));
    return value;
  }
};

// splitmix64 (public domain, Sebastiano Vigna): small, and the same everywhere.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() override {
    const std::lock_guard lock(mutex_);
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace

std::uint64_t Random::Below(std::uint64_t bound) {
  INSIGHTD_ASSERT(bound > 0);
  // Numbers below `skewed` are drawn again, so that each result is equally likely.
  const std::uint64_t skewed = -bound % bound;
  std::uint64_t value = Next();
  while (value < skewed) value = Next();
  return value % bound;
}

double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

std::string Random::Hex(std::size_t digits) {
  std::string text(digits, '0');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (i % 16 == 0) bits = Next();
    text[i] = "0123456789abcdef"[bits & 15];
    bits >>= 4;
  }
  return text;
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

std::unique_ptr<Random> MakeSeededRandom(std::uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace insightd
