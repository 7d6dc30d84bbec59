// Dead letters, and the aggregator's own list of records that it could not take.
//
// Storing and dropping take turns by a lock of the transaction: a letter that is dropped while its
// record is read again stays dropped.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

Result<void> WriteLetters(Connection& connection, std::span<const DeadLetter> letters);
Result<std::vector<DeadLetter>> ReadLetters(Connection& connection, const DeadLetterFilter& filter);
Result<std::int64_t> CountLetters(Connection& connection);
Result<DeadLetter> ReadLetter(Connection& connection, std::int64_t id);
Result<void> RemoveLetter(Connection& connection, std::int64_t id, ArchiveFate fate, Time now);

Result<void> WriteConsumerErrors(Connection& connection, std::span<const ConsumerError> errors,
                                 Time now);

}  // namespace insightd::store::pg
