// Which names an object may have; see blob.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::blob {

inline constexpr std::size_t kKeyCharactersMax = 200;

// kInvalid, with what is wrong, for a key that is none.
Result<void> CheckKey(std::string_view key);

// The key in `blob:KEY`, which is how embedded stores name what they hold; it may be none.
std::optional<std::string> KeyOfBlobUrl(std::string_view url);

}  // namespace insightd::blob
