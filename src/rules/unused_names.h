// Names of a rule that no expression of it uses: left over, or misspelt where they were meant.
#pragma once

#include <string>
#include <vector>

#include "rules/pack.h"

namespace insightd::rules {

struct UnusedNames {
  std::vector<std::string> params;
  std::vector<std::string> lets;
};

// By the words of the expressions: a variable of a macro that has a let's name counts as a use.
UnusedNames FindUnusedNames(const Rule& rule);

}  // namespace insightd::rules
