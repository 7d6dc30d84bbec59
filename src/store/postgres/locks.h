// Advisory locks of the database, as two numbers of 32 bits: ours have the first one in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/store.h"

namespace insightd::store::pg {

inline constexpr std::int64_t kLockClass = 0x696E7369;  // "insi"
inline constexpr std::int64_t kMigrationLock = 1;
// Held while a dead letter is stored or dropped.
inline constexpr std::int64_t kLettersLock = 2;
// Held while results are stored or removed, whoever has the duty.
inline constexpr std::int64_t kPutLock = 3;

// Of kLockClass and another number; until the end of the transaction.
inline constexpr std::string_view kTakeLock = "SELECT pg_advisory_xact_lock($1::int4, $2::int4)";

// The second number.
constexpr std::int64_t LockOf(Duty duty) { return 10 + static_cast<std::int64_t>(duty); }

}  // namespace insightd::store::pg
