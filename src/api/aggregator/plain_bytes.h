// How many bytes at the front of a text need no care: what may be copied or passed over as it is.
// Sixteen bytes at a time, since most texts are plain from end to end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace insightd::api::aggregator {

// A comparison with a block gives a block: all bits of each byte for which it holds.
using ByteBlock = unsigned char __attribute__((vector_size(16)));

// Up to the first byte for which `Special` holds. It is a lambda without captures that takes an
// `unsigned char` or a ByteBlock: comparisons with bytes, joined by `|`.
template <class Special>
std::size_t PlainBytes(std::string_view text, Special special) {
  static constexpr auto kSpecial = [] {
    std::array<bool, 256> of{};
    for (std::size_t byte = 0; byte < of.size(); ++byte) {
      of[byte] = Special{}(static_cast<unsigned char>(byte)) != 0;
    }
    return of;
  }();
  std::size_t at = 0;
  if (text.size() < sizeof(ByteBlock)) {
    while (at < text.size() && !kSpecial[static_cast<unsigned char>(text[at])]) ++at;
    return at;
  }
  const auto first = [](std::uint64_t found) {
    const bool little = std::endian::native == std::endian::little;
    return static_cast<std::size_t>(little ? std::countr_zero(found) : std::countl_zero(found)) / 8;
  };
  while (at < text.size()) {
    // The last block begins in what has been looked at.
    at = std::min(at, text.size() - sizeof(ByteBlock));
    ByteBlock block;
    std::memcpy(&block, text.data() + at, sizeof(block));
    const auto found = std::bit_cast<std::array<std::uint64_t, 2>>(special(block));
    if ((found[0] | found[1]) != 0) {
      return found[0] != 0 ? at + first(found[0]) : at + sizeof(found[0]) + first(found[1]);
    }
    at += sizeof(block);
  }
  return at;
}

}  // namespace insightd::api::aggregator
