// Dead letters and consumer errors. All functions work inside the transaction of their caller.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

Result<void> WriteLetters(sqlite::Database& database, std::span<const DeadLetter> letters);
Result<std::vector<DeadLetter>> ReadLetters(sqlite::Database& database,
                                            const DeadLetterFilter& filter);
Result<DeadLetter> ReadLetter(sqlite::Database& database, std::int64_t id);
Result<void> RemoveLetter(sqlite::Database& database, std::int64_t id, ArchiveFate fate, Time now);

Result<void> WriteConsumerErrors(sqlite::Database& database, std::span<const ConsumerError> errors,
                                 Time now);

}  // namespace insightd::store
