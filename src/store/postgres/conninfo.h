// Connection strings of PostgreSQL, as far as they can be judged without a server.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::store::pg {

// kInvalid, with the name of the setting, for what libpq would refuse before it asks a server: a
// text that is no connection string, a value that an option cannot have, a file of authorities that
// is to be used and not there. No message holds a password.
Result<void> CheckConninfo(std::string_view setting, const std::string& conninfo);

}  // namespace insightd::store::pg
