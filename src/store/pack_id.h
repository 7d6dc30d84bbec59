// The number of a rule pack in the tables of results: made from its text, so that none has to be
// asked for. Of all packs that there will be no two meet.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace insightd::store {

// FNV-1a of 64 bits; 0 for none.
constexpr std::int64_t PackIdOf(std::string_view pack) {
  if (pack.empty()) return 0;
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : pack) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3;
  }
  return std::bit_cast<std::int64_t>(hash);
}

}  // namespace insightd::store
