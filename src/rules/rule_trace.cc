#include "rules/rule_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace insightd::rules {
namespace {

using cel::Value;

// Lines of one grep that are told.
constexpr std::size_t kLinesToldMax = 200;

}  // namespace

void RuleTrace::Called(std::string_view name, const Value* args, std::size_t count,
                       const Value& result) {
  if (name == "get" && count >= 2) {
    ReadPath(args[0], args[1]);
  } else if ((name == "condition" || name == "brief") && count == 2) {
    ReadCondition(args[0], args[1], name == "brief");
  } else if (name == "grep" && result.is_list()) {
    Value hit, line;
    cel::ListCursor cursor(result);
    for (std::size_t told = 0; told < kLinesToldMax && cursor.Next(hit); ++told) {
      if (cel::MapFind(hit, "line", line)) {
        Add({.bulk = true, .keys = nullptr, .base = {}, .value = line});
      }
    }
  }
}

void RuleTrace::ReadPath(const Value& base, const Value& path) {
  std::vector<Value> keys;
  if (path.is_string()) {
    std::string_view rest = path.AsString();
    while (true) {
      const std::size_t dot = rest.find('.');
      keys.push_back(Value::String(rest.substr(0, dot)));
      if (dot == rest.npos) break;
      rest.remove_prefix(dot + 1);
    }
  } else if (path.is_list()) {
    Value key;
    for (cel::ListCursor cursor(path); cursor.Next(key);) keys.push_back(key);
  }
  if (keys.empty()) return;
  Value* kept = arena_.AllocateArray<Value>(keys.size());
  std::copy(keys.begin(), keys.end(), kept);
  Add({.what = What::kMember,
       .key_count = static_cast<std::uint32_t>(keys.size()),
       .keys = kept,
       .base = base,
       .value = {}});
}

void RuleTrace::ReadCondition(const Value& object, const Value& type, bool with_status) {
  if (!object.is_map() || !type.is_string()) return;
  Value status, conditions, condition, its_type;
  if (cel::MapFind(object, "status", status) && status.is_map() &&
      cel::MapFind(status, "conditions", conditions) && conditions.is_list()) {
    for (cel::ListCursor cursor(conditions); cursor.Next(condition);) {
      if (!condition.is_map() || !cel::MapFind(condition, "type", its_type) ||
          its_type.StringOr("") != type.AsString()) {
        continue;
      }
      if (with_status) {
        ReadPath(condition, Value::String("status"));
      } else {
        Add({.keys = nullptr, .base = {}, .value = condition});
      }
      return;
    }
  }
  // What would have been read.
  Value* keys = arena_.AllocateArray<Value>(3);
  keys[0] = Value::String("status");
  keys[1] = Value::String("conditions");
  keys[2] = Value::String(arena_.Copy(fmt::format("type={}", type.AsString())));
  Add({.what = What::kAbsent, .key_count = 3, .keys = keys, .base = object, .value = {}});
}

TracedRules::TracedRules(const Pack& pack, const cel::Limits& limits, const Clock& clock,
                         FunctionWork& work, cel::CompileOptions::Trace how)
    : pack_(pack), limits_(limits), clock_(clock), work_(work), how_(how) {}

void TracedRules::BeginArchive(const Bind& bind) {
  archive_budget_ = std::make_unique<cel::Budget>(limits_, archive_arena_, clock_);
  archive_ = std::make_unique<cel::Activation>(pack_.environment, archive_arena_, *archive_budget_,
                                               nullptr, &work_);
  archive_->set_trace(&trace_);
  bind(*archive_);
  for (const Named& global : pack_.globals) {
    archive_->BindProgram(global.slot, ProgramOf(global.expression),
                          cel::Activation::Pays::kItself);
  }
}

void TracedRules::EndArchive() {
  trace_.Restart(0);
  rule_.reset();
  archive_.reset();
  rule_budget_.reset();
  archive_budget_.reset();
  rule_arena_.Reset();
  archive_arena_.Reset();
}

Value TracedRules::When(const Rule& rule) {
  trace_.Restart(cel::kTraceOwnSlot);
  rule_.reset();
  rule_arena_.Reset();
  rule_budget_ = std::make_unique<cel::Budget>(limits_, rule_arena_, clock_);
  rule_ = std::make_unique<cel::Activation>(*rule.environment, rule_arena_, *rule_budget_,
                                            archive_.get(), &work_);
  rule_->set_trace(&trace_);
  for (const Named& let : rule.lets) rule_->BindProgram(let.slot, ProgramOf(let.expression));
  return cel::Evaluate(ProgramOf(rule.when), *rule_);
}

Value TracedRules::Evaluate(const Expression& expression) {
  trace_.RestartRoot();
  return cel::Evaluate(ProgramOf(expression), *rule_);
}

const cel::Program& TracedRules::ProgramOf(const Expression& expression) {
  const auto [at, is_new] = programs_.try_emplace(&expression);
  if (is_new) {
    cel::CompileOptions options;
    options.trace = how_;
    tl::expected<cel::Program, cel::Diagnostics> program =
        cel::Compile(expression.scalar.text, *expression.environment, options);
    // It has been compiled before; if not now, it tells nothing.
    at->second = program ? *std::move(program) : expression.program;
  }
  return at->second;
}

}  // namespace insightd::rules
