// From a rule that is asked once more with all values told to an explanation. For the judge.
#pragma once

#include "rules/explain.h"
#include "rules/inputs/facts.h"
#include "rules/pack.h"
#include "rules/rule_trace.h"

namespace insightd::rules {

// `explanation.outcome` is there already; `traced` tells values and is open for the archive.
void BuildExplanation(const Pack& pack, const Rule& rule, Facts& facts, TracedRules& traced,
                      Explanation& explanation);

}  // namespace insightd::rules
