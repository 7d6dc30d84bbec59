// Programs in whose place this one can be started: by their names, as links to the binary. Each
// takes that program's own command line, settings and environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/exit_code.h"

namespace insightd::app {

struct CompatName {
  std::string_view name;
  // `words` are the arguments behind the name; the exit code is what that program's callers know.
  int (*run)(std::string_view name, const std::vector<std::string>& words);
};

// By the last part of `program` (argv[0]); null for one that is no such name.
const CompatName* FindCompatName(std::string_view program);

}  // namespace insightd::app
