// A set of values for functions that compare many with many: few by comparing, more by hashes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "cel/evaluate.h"
#include "cel/value.h"

namespace insightd::cel {

std::uint64_t StepsToRead(const Value& value);

// Lies in the arena of the context.
class ValueSet {
 public:
  // For up to `size_max` values.
  ValueSet(Context& context, std::size_t size_max)
      : context_(context), values_(context.arena(), size_max < kFew ? size_max : kFew) {
    if (size_max <= kFew) return;
    const std::size_t count = std::bit_ceil(size_max * 2);
    if (!context.CanTake(count * sizeof(std::uint32_t))) {
      stopped_ = true;
      return;
    }
    buckets_ = context.arena().AllocateArray<std::uint32_t>(count);
    std::memset(buckets_, 0, count * sizeof(std::uint32_t));
    mask_ = count - 1;
  }

  // False when it was there already, or when a limit was reached.
  bool Insert(const Value& value) { return !Find(value, true); }
  bool Contains(const Value& value) { return Find(value, false); }
  bool stopped() const { return stopped_; }

 private:
  static constexpr std::size_t kFew = 8;

  bool Find(const Value& value, bool insert) {
    if ((value.is_list() || value.is_map()) && !context_.Spend(StepsToRead(value))) {
      stopped_ = true;
    }
    if (stopped_) return true;
    if (buckets_ == nullptr) {
      for (std::uint32_t i = 0; i < values_.size(); ++i) {
        if (Equals(values_.items()[i], value)) return true;
      }
      if (insert) values_.Add(value);
      return false;
    }
    std::size_t b = Hash(value) & mask_;
    for (std::size_t probes = 0; buckets_[b] != 0; b = (b + 1) & mask_) {
      if (Equals(values_.items()[buckets_[b] - 1], value)) return true;
      // Values that differ only deep down share their hash.
      if (++probes % kFew == 0 && !context_.Spend(1)) {
        stopped_ = true;
        return true;
      }
    }
    if (insert) {
      values_.Add(value);
      buckets_[b] = values_.size();
    }
    return false;
  }

  Context& context_;
  ListBuilder values_;
  std::uint32_t* buckets_ = nullptr;
  std::size_t mask_ = 0;
  bool stopped_ = false;
};

}  // namespace insightd::cel
