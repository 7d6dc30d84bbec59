// Base64 of RFC 4648 with `+` and `/`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insightd::cel {

// With padding.
std::string EncodeBase64(std::string_view bytes);
// With padding or without any. Nothing for other characters.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace insightd::cel
