// A rule asked once more, by programs that tell what they read.
//
// For evidence and explanations: the programs that judge tell nothing and pay nothing for this.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "cel/arena.h"
#include "cel/evaluate.h"
#include "cel/trace.h"
#include "rules/functions/functions.h"
#include "rules/pack.h"

namespace insightd::rules {

// Knows what the functions of rules read of their arguments.
class RuleTrace final : public cel::Trace {
 public:
  explicit RuleTrace(cel::Arena& arena) : arena_(arena) {}
  void Called(std::string_view name, const cel::Value* args, std::size_t count,
              const cel::Value& result) override;

 private:
  void ReadPath(const cel::Value& base, const cel::Value& path);
  void ReadCondition(const cel::Value& object, const cel::Value& type, bool with_status);

  cel::Arena& arena_;
};

// Of one archive at a time, rule by rule. One thread at a time. Programs are compiled when a rule
// is asked for the first time and kept.
class TracedRules {
 public:
  // Binds inputs and the judge's own names for an archive.
  using Bind = std::function<void(cel::Activation& archive)>;

  TracedRules(const Pack& pack, const cel::Limits& limits, const Clock& clock, FunctionWork& work,
              cel::CompileOptions::Trace how);
  TracedRules(const TracedRules&) = delete;
  TracedRules& operator=(const TracedRules&) = delete;

  void BeginArchive(const Bind& bind);
  // Gives memory back. What was told is gone.
  void EndArchive();
  bool is_open() const { return archive_ != nullptr; }

  // The rule's `when`, within the same limits as in judging.
  cel::Value When(const Rule& rule);
  // Another expression of the rule that When was called for last; trace().root() is its own then.
  cel::Value Evaluate(const Expression& expression);

  const RuleTrace& trace() const { return trace_; }
  cel::Activation& archive() { return *archive_; }
  cel::Activation& own() { return *rule_; }
  std::uint64_t steps() const { return rule_budget_->steps(); }

 private:
  const cel::Program& ProgramOf(const Expression& expression);

  const Pack& pack_;
  const cel::Limits limits_;
  const Clock& clock_;
  FunctionWork& work_;
  const cel::CompileOptions::Trace how_;
  std::unordered_map<const Expression*, cel::Program> programs_;
  cel::Arena archive_arena_;
  cel::Arena rule_arena_;
  RuleTrace trace_{archive_arena_};
  std::unique_ptr<cel::Budget> archive_budget_;
  std::unique_ptr<cel::Budget> rule_budget_;
  std::unique_ptr<cel::Activation> archive_;
  std::unique_ptr<cel::Activation> rule_;
};

}  // namespace insightd::rules
