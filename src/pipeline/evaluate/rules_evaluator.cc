#include "pipeline/evaluate/rules_evaluator.h"

#include <fmt/core.h>

#include <array>

#include "base/log.h"
#include "base/metric_names.h"
#include "results/workloads.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");
constexpr std::string_view kWorkloadsFamily = "external.dvo.";

results::Finding FindingOf(const rules::Outcome& outcome) {
  const rules::Rule& rule = *outcome.rule;
  return {.component = rule.component,
          .id = rule.Id(),
          .key = rule.key,
          .details = outcome.details,
          .tags = rule.tags,
          .links = "{}"};
}

class RulesEvaluator final : public Evaluator {
 public:
  RulesEvaluator(const EvaluatorOptions& options, const Clock& clock, metrics::Registry& registry)
      : options_(options), clock_(clock), registry_(registry) {
    TakePacks(options_.packs->Get());
    for (std::size_t kind = 0; kind < outcomes_.size(); ++kind) {
      const std::string name(rules::OutcomeName(static_cast<rules::OutcomeKind>(kind)));
      outcomes_[kind] = registry.MakeCounter(metrics::kOutcomes, {{"outcome", name}});
    }
  }

  void Begin() override {
    rules::PackPointer now = options_.packs->Get();
    if (now.get() != &judge_->pack()) TakePacks(std::move(now));
  }

  bool Wants(std::string_view member) const override { return wanted_(member); }

  Result<Evaluated> Evaluate(archive::FileTree tree) override {
    const Time started = clock_.Now();
    const bool with_workloads = tree.Find(results::kWorkloadsMember) != nullptr;
    const rules::Report judged = judge_->Run(tree, {.evidence = options_.evidence});
    Evaluated evaluated;
    evaluated.report = MakeReport(judged, options_.list_passes, with_workloads);
    evaluated.report.started = started;
    evaluated.report.finished = clock_.Now();
    evaluated.report.plugin_sets = {{"insights-core", options_.build},
                                    {"ccx_ocp_core", options_.build}};
    for (const rules::PackInfo& pack : judge_->pack().packs) {
      evaluated.report.plugin_sets.push_back({pack.component, pack.Title()});
    }
    evaluated.passes = static_cast<std::int32_t>(judged.Count(rules::OutcomeKind::kPass));
    for (std::size_t kind = 0; kind < outcomes_.size(); ++kind) {
      outcomes_[kind].Add(static_cast<double>(judged.Count(static_cast<rules::OutcomeKind>(kind))));
    }
    Tell(judged);
    return evaluated;
  }

 private:
  void TakePacks(rules::PackPointer packs) {
    judge_ = std::make_unique<rules::Judge>(std::move(packs), options_.limits, clock_);
    wanted_ = judge_->wanted();
  }

  // What the authors of rules should hear of, without what stands in the archive: outcomes, which
  // only its organisation reads, have the values.
  void Tell(const rules::Report& judged) {
    for (const rules::Outcome& outcome : judged.outcomes) {
      const bool failed = outcome.kind == rules::OutcomeKind::kError;
      if (failed) {
        registry_
            .MakeCounter(metrics::kRuleErrors,
                         {{"module", outcome.rule->module}, {"key", outcome.rule->key}})
            .Add();
      }
      for (const std::string& error : outcome.unquoted_errors) {
        kLog.Warn("",
                  fmt::format("rule {}{} failed", outcome.rule->Id(), failed ? "" : ": a detail"),
                  {{"cluster", judged.cluster_id}, {"error", error}});
      }
    }
    for (const rules::FileNote& note : judged.files) {
      // "line 3, column 5: alias *x …": what is quoted stands behind the first colon.
      const std::string_view reason =
          std::string_view(note.reason).substr(0, note.reason.find(": "));
      kLog.Info("", fmt::format("file {} not read", note.path),
                {{"cluster", judged.cluster_id}, {"error", reason}});
    }
  }

  const EvaluatorOptions options_;
  const Clock& clock_;
  metrics::Registry& registry_;
  std::unique_ptr<rules::Judge> judge_;
  std::function<bool(std::string_view)> wanted_;
  std::array<metrics::Counter, 4> outcomes_;
};

}  // namespace

results::Report MakeReport(const rules::Report& judged, bool list_passes, bool with_workloads) {
  results::Report report;
  if (with_workloads) report.workloads.emplace();
  std::size_t evidence_bytes = 0;
  for (const rules::Outcome& outcome : judged.outcomes) {
    const rules::Rule& rule = *outcome.rule;
    switch (outcome.kind) {
      case rules::OutcomeKind::kHit:
        if (rule.kind == rules::RuleKind::kInfo) {
          report.infos.push_back(FindingOf(outcome));
        } else if (rule.module.starts_with(kWorkloadsFamily)) {
          if (report.workloads) report.workloads->push_back(FindingOf(outcome));
        } else {
          report.hits.push_back(FindingOf(outcome));
          if (outcome.evidence) {
            std::string evidence = rules::EvidenceToJson(*outcome.evidence);
            evidence_bytes += evidence.size();
            if (evidence_bytes <= kEvidenceBytesMax) {
              report.hits.back().evidence = std::move(evidence);
            }
          }
        }
        break;
      case rules::OutcomeKind::kPass:
        if (list_passes) report.passes.push_back(FindingOf(outcome));
        break;
      case rules::OutcomeKind::kSkip:
        report.skips.push_back(
            {rule.component, std::string(results::kReasonMissing), outcome.reason});
        break;
      case rules::OutcomeKind::kError:
        report.skips.push_back(
            {rule.component, std::string(results::kReasonRuleError), outcome.reason});
        break;
    }
  }
  return report;
}

MakeEvaluator MakeRulesEvaluators(EvaluatorOptions options, const Clock& clock,
                                  metrics::Registry& registry) {
  return [options = std::move(options), &clock, &registry]() -> std::unique_ptr<Evaluator> {
    return std::make_unique<RulesEvaluator>(options, clock, registry);
  };
}

}  // namespace insightd::pipeline
