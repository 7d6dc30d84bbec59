// What the cleaner lists: old rows, and rules that were disabled several times.
#pragma once

#include <string>

#include "app/compat/common/go_log.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::app::cleaner {

// Each row is a line of the log; of reports also one of the file `output`, unless that is empty.
// An empty age: kInvalid.
Result<void> ListOld(store::Maintenance& database, store::Part part, const std::string& max_age,
                     const std::string& output, compat::GoLog& log);
Result<void> ListRepeatedDisables(store::Maintenance& database, const std::string& output,
                                  compat::GoLog& log);

}  // namespace insightd::app::cleaner
