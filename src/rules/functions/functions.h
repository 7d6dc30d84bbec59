// The functions that rules have beside those of CEL: get, condition, since, quantity, grep, …
//
// All are pure and total: an argument of a wrong kind, a text that cannot be read, give the
// neutral result that rules.md 4.1 states, never an error. Literal arguments (paths, regular
// expressions, ranges) are prepared when the expression is compiled; a literal that cannot be
// read is a mistake of the author, reported there.
#pragma once

#include "base/json.h"
#include "cel/environment.h"

namespace insightd::rules {

// What functions use of the evaluation that calls them: has to be the activation's `user`.
struct FunctionWork {
  json::Parser* parser = nullptr;
};

// Lines that `grep` gives at most.
inline constexpr std::size_t kGrepLinesMax = 1000;

void AddFunctions(cel::Environment& environment);

// The same by group, one file each.
void AddGet(cel::Environment& environment);
void AddCondition(cel::Environment& environment);
void AddTimes(cel::Environment& environment);
void AddQuantity(cel::Environment& environment);
void AddSemver(cel::Environment& environment);
void AddGrep(cel::Environment& environment);
void AddLists(cel::Environment& environment);
void AddCidr(cel::Environment& environment);
void AddParseJson(cel::Environment& environment);

}  // namespace insightd::rules
