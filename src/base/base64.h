// Base64 with the standard alphabet.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insightd {

// With padding.
std::string EncodeBase64(std::string_view bytes);

// With padding or without any. Nothing when a character is outside the alphabet or misplaced.
std::optional<std::string> DecodeBase64(std::string_view text);

// Passes over every byte outside the alphabet, as the readers of identity headers do; text behind
// complete padding is not read. Nothing when the padding is wrong.
std::optional<std::string> DecodeBase64Lenient(std::string_view text);

}  // namespace insightd
