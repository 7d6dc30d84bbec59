// Which inputs of a pack a rule can read.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/pack.h"

namespace insightd::rules {

// Indexes into Pack::inputs, ascending: those that the rule needs, and those that its expressions
// name, through `let` and globals too. The judge's own inputs are among them where the rule asks
// for `ocp`, for a version or for `absence`.
std::vector<std::uint32_t> InputsRead(const Pack& pack, const Rule& rule);

}  // namespace insightd::rules
