// Which names an object may have; see blob.h.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace insightd::blob {

inline constexpr std::size_t kKeyCharactersMax = 200;

// kInvalid, with what is wrong, for a key that is none.
Result<void> CheckKey(std::string_view key);

}  // namespace insightd::blob
