// UTF-8, byte by byte: what is valid, how many code points, the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace insightd::utf8 {

struct Decoded {
  std::uint32_t code_point;  // U+FFFD when not valid
  std::uint32_t bytes;       // taken from the front: 1 when not valid
  bool valid;
};

// The code point at the front of `text`, which is not empty. Overlong forms, surrogates and
// numbers above U+10FFFF are not valid.
Decoded Decode(std::string_view text);

void Append(std::string& out, std::uint32_t code_point);

bool IsValid(std::string_view text);

// Code points in valid UTF-8.
std::size_t Length(std::string_view text);

// The front of `text`, `bytes_max` bytes at most, not cut within a character.
std::string_view Front(std::string_view text, std::size_t bytes_max);

// `text` with U+FFFD for each byte that is no UTF-8.
std::string Repaired(std::string_view text);

}  // namespace insightd::utf8
