// Keys of objects from a pattern: `$cluster_id[:2]/$cluster_id/$year$month/$day/$time.tar.gz`.
//
// A `$NAME` or `${NAME}` stands for the value of that name; `[2]`, `[:2]`, `[8:]`, `[-4:-1]` behind
// it takes characters of it as Python does. A `$` before anything else stands for itself.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::pipeline {

using KeyNames = std::map<std::string, std::string, std::less<>>;

// kInvalid for a name that is not there, with those that are.
Result<std::string> MakeKey(std::string_view pattern, const KeyNames& names);

}  // namespace insightd::pipeline
