// Looking up a member of an object of a parsed document: the innermost loop of everything.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "cel/value.h"

namespace insightd::cel {

// Whether `size` bytes are the same. Names are short: two words, that may overlap, tell it.
inline bool SameBytes(const char* a, const char* b, std::size_t size) {
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) {
    std::uint64_t a_first, a_last, b_first, b_last;
    std::memcpy(&a_first, a, 8);
    std::memcpy(&b_first, b, 8);
    std::memcpy(&a_last, a + size - 8, 8);
    std::memcpy(&b_last, b + size - 8, 8);
    return ((a_first ^ b_first) | (a_last ^ b_last)) == 0;
  }
  if (size >= 4) {
    std::uint32_t a_first, a_last, b_first, b_last;
    std::memcpy(&a_first, a, 4);
    std::memcpy(&b_first, b, 4);
    std::memcpy(&a_last, a + size - 4, 4);
    std::memcpy(&b_last, b + size - 4, 4);
    return ((a_first ^ b_first) | (a_last ^ b_last)) == 0;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// The last member of that name. The walk passes over nested values in one step each. `found` may
// be what `object` was made of.
inline bool FindJsonMember(json::Value object, std::string_view name, Value& found) {
  constexpr std::uint64_t kPayload = 0x00ff'ffff'ffff'ffff;
  const std::uint64_t* tape = object.tape();
  const char* texts = reinterpret_cast<const char*>(tape) + tape[-1];
  const std::uint64_t* end = tape + object.NextIndex() - 1;
  const std::uint64_t* hit = nullptr;
  for (const std::uint64_t* at = tape + object.index() + 1; at < end;) {
    const char* text = texts + (*at & kPayload);
    std::uint32_t size;
    std::memcpy(&size, text, sizeof(size));
    ++at;
    if (size == name.size() && SameBytes(text + sizeof(size), name.data(), size)) hit = at;
    const auto tag = static_cast<unsigned char>(*at >> 56);
    if (tag == '{' || tag == '[') {
      at = tape + static_cast<std::uint32_t>(*at);
    } else {
      at += tag == 'l' || tag == 'd' || tag == 'u' ? 2 : 1;
    }
  }
  if (hit == nullptr) return false;
  found = Value::FromJson(json::Value(tape, static_cast<std::uint32_t>(hit - tape)));
  return true;
}

// Whether one of the elements is that text.
inline bool HasJsonText(json::Value array, std::string_view text) {
  constexpr std::uint64_t kPayload = 0x00ff'ffff'ffff'ffff;
  const std::uint64_t* tape = array.tape();
  const char* texts = reinterpret_cast<const char*>(tape) + tape[-1];
  const std::uint32_t end = array.NextIndex() - 1;
  for (std::uint32_t at = array.index() + 1; at < end;) {
    if (static_cast<unsigned char>(tape[at] >> 56) != '"') {
      at = json::Value(tape, at).NextIndex();
      continue;
    }
    const char* candidate = texts + (tape[at] & kPayload);
    std::uint32_t size;
    std::memcpy(&size, candidate, sizeof(size));
    if (size == text.size() && SameBytes(candidate + sizeof(size), text.data(), size)) return true;
    ++at;
  }
  return false;
}

}  // namespace insightd::cel
