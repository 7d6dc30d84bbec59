// Evaluates with the rule packs in force, and words the outcomes as a report.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "pipeline/evaluate/evaluator.h"
#include "rules/current_pack.h"
#include "rules/judge.h"
#include "rules/report.h"

namespace insightd::pipeline {

struct EvaluatorOptions {
  std::shared_ptr<const rules::CurrentPack> packs;
  rules::JudgeLimits limits;
  bool list_passes = false;
  bool evidence = false;
  std::string build;  // names the engine in `plugin_sets`: "insightd-1.0.0"
};

// `clock` and `registry` outlive the evaluators.
MakeEvaluator MakeRulesEvaluators(EvaluatorOptions options, const Clock& clock,
                                  metrics::Registry& registry);

// Evidence of all hits of a report; those beyond it carry none.
inline constexpr std::size_t kEvidenceBytesMax = std::size_t{256} << 10;

// The outcomes as a report. A hit of the family `external.dvo` belongs to the message on workloads:
// it is in `workloads`, which is there `with_workloads`. A rule that failed is a skip with a reason
// of its own.
results::Report MakeReport(const rules::Report& judged, bool list_passes, bool with_workloads);

}  // namespace insightd::pipeline
