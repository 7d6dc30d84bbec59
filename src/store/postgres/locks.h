// Advisory locks of the database, as two numbers of 32 bits: ours have the first one in common.
#pragma once

#include <cstdint>

#include "store/store.h"

namespace insightd::store::pg {

inline constexpr std::int64_t kLockClass = 0x696E7369;  // "insi"
inline constexpr std::int64_t kMigrationLock = 1;
// Held while a dead letter is stored or dropped.
inline constexpr std::int64_t kLettersLock = 2;

// The second number.
constexpr std::int64_t LockOf(Duty duty) { return 10 + static_cast<std::int64_t>(duty); }

}  // namespace insightd::store::pg
