// One hit with what is said about it, in PostgreSQL: FindHit of Lookups (store/lookups.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "store/lookups.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {

// What is said is left out where the database does not let it be read, as in the original: then
// this is three round trips more.
Result<SingleHit> ReadHit(Connection& connection, std::int64_t org_id, std::string_view cluster,
                          std::string_view component, std::string_view key,
                          std::string_view user_id);

}  // namespace insightd::store::pg
