// What a Clowder file (the JSON that `ACG_CONFIG` names) puts into the configuration: brokers,
// names of topics, keys of buckets. Before variables are put in, as ccx-messaging does it: a topic
// that is written as `${VAR}` keeps its name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/compat/ccx_messaging/value.h"
#include "base/result.h"

namespace insightd::app::ccx {

// Whether the environment asks for it: a file is named and CLOWDER_ENABLED is a yes.
bool ClowderAskedFor(const Environment& environment);

// `json` is the file's text, `file` its name for messages. The certificate of the brokers is
// written to `folder`, which must be there, for this user alone. Gives notices for people. kInvalid
// when the file is no such JSON or names no broker.
Result<std::vector<std::string>> ApplyClowder(Value& configuration, const std::string& file,
                                              std::string_view json, const std::string& folder);

}  // namespace insightd::app::ccx
