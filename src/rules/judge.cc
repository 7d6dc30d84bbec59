#include "rules/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "rules/build_explanation.h"
#include "rules/collect_evidence.h"
#include "rules/details.h"
#include "rules/functions/functions.h"
#include "rules/places.h"
#include "rules/rule_trace.h"

namespace insightd::rules {
namespace {

using cel::Value;

// The text of a member of a member; empty when it is no text.
std::string_view TextAt(const Value& root, std::string_view outer, std::string_view inner) {
  Value at;
  if (!root.is_map() || !cel::MapFind(root, outer, at) || !at.is_map()) return {};
  Value text;
  return cel::MapFind(at, inner, text) ? text.StringOr({}) : std::string_view();
}

// The version of the newest completed entry of the history, which has the newest first; the
// desired one when there is none.
std::string_view CurrentVersion(const Value& version, std::string_view desired) {
  Value status, history, entry;
  if (!version.is_map() || !cel::MapFind(version, "status", status) || !status.is_map() ||
      !cel::MapFind(status, "history", history) || !history.is_list()) {
    return desired;
  }
  for (cel::ListCursor entries(history); entries.Next(entry);) {
    Value state, completed;
    if (!entry.is_map() || !cel::MapFind(entry, "state", state)) continue;
    if (state.StringOr({}) != "Completed") continue;
    return cel::MapFind(entry, "version", completed) ? completed.StringOr({}) : std::string_view();
  }
  return desired;
}

// What the rule ARCHIVE_INCOMPLETE says: a gatherer crashed, or the size limit was reached.
bool IsIncomplete(const Value& gathers) {
  Value reports, report;
  if (!gathers.is_map() || !cel::MapFind(gathers, "status_reports", reports) ||
      !reports.is_list()) {
    return false;
  }
  for (cel::ListCursor cursor(reports); cursor.Next(report);) {
    if (!report.is_map()) continue;
    Value panic, errors, error;
    if (cel::MapFind(report, "panic", panic) && !panic.is_null()) return true;
    if (!cel::MapFind(report, "errors", errors) || !errors.is_list()) continue;
    for (cel::ListCursor each(errors); each.Next(error);) {
      if (error.StringOr({}).find("archive size limit") != std::string_view::npos) return true;
    }
  }
  return false;
}

// A limit by the name of its setting, and what its author can do.
std::string LimitText(std::string message) {
  constexpr std::pair<std::string_view, std::string_view> kSettings[] = {
      {"steps_max", "rules.rule_steps_max"},
      {"bytes_max", "rules.rule_bytes_max"},
      {"time_max", "rules.rule_time_ms_max"}};
  for (const auto& [limit, setting] : kSettings) {
    if (const std::size_t at = message.find(limit); at != std::string::npos) {
      message.replace(at, limit.size(), setting);
      break;
    }
  }
  return message +
         "; is there a list gone over for each element of another? Look up in index_by() or "
         "group_by() instead";
}

std::string Quoted(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) {
    text += fmt::format("{}'{}'", text.size() > 1 ? ", " : "", name);
  }
  return text + "]";
}

}  // namespace

struct Judge::Impl {
  Impl(PackPointer the_pack, const JudgeLimits& the_limits, const Clock& the_clock)
      : pack(std::move(the_pack)),
        limits(the_limits),
        clock(the_clock),
        facts(*pack, the_limits.facts) {
    work.parser = &parser;
    cel_limits.steps_max = limits.rule_steps_max;
    cel_limits.bytes_max = limits.rule_bytes_max;
    cel_limits.time_max = limits.rule_time_max;
  }

  static Value ProvideInput(cel::Context&, void* data, std::uint32_t slot) {
    Impl& impl = *static_cast<Impl*>(data);
    return impl.facts.ValueOf(impl.input_of_slot[slot]);
  }

  template <class Body>
  void WithFacts(archive::FileTree& tree, Body body);
  void Bind(cel::Activation& activation);
  Outcome Ask(const Rule& rule, cel::Activation& archive);
  Outcome AskUntimed(const Rule& rule, cel::Activation& archive);
  Evidence EvidenceOf(const Rule& rule);
  bool SkipForNeeds(const Rule& rule, Outcome& outcome);
  bool SkipForVersion(const Rule& rule, Outcome& outcome);
  std::string Describe(const Rule& rule, const Expression& asked, const Value& error,
                       cel::Activation& archive, cel::Activation& own, Outcome& outcome);

  PackPointer pack;
  JudgeLimits limits;
  const Clock& clock;
  cel::Limits cel_limits;
  json::Parser parser;
  FunctionWork work;
  Facts facts;
  cel::Arena archive_arena;
  cel::Arena rule_arena;
  std::vector<std::uint32_t> input_of_slot;
  std::unique_ptr<TracedRules> traced;  // made when evidence is asked for
  std::optional<Places> places;         // of what had been parsed at the last hit
  std::size_t places_known = 0;

  // Of the archive that is judged now.
  JudgeOptions options;
  Value version;
  std::string_view current;
  std::string_view desired;
  cel::Instant now;
};

void Judge::Impl::Bind(cel::Activation& activation) {
  version = facts.ValueOf(pack->version_input);
  desired = {};
  Value status;
  if (version.is_map() && cel::MapFind(version, "status", status)) {
    desired = TextAt(status, "desired", "version");
  }
  current = CurrentVersion(version, desired);
  cel::MapBuilder ocp(archive_arena, 3);
  ocp.Add(Value::String("current"), Value::String(current));
  ocp.Add(Value::String("desired"), Value::String(desired));
  ocp.Add(Value::String("channel"), Value::String(TextAt(version, "spec", "channel")));
  activation.Bind(pack->ocp_slot, ocp.Finish());
  activation.Bind(pack->now_slot, Value::Timestamp(now));
  input_of_slot.resize(pack->environment.slot_count());
  for (std::uint32_t i = 0; i < pack->inputs.size(); ++i) {
    const Input& input = pack->inputs[i];
    if (input.name.empty()) continue;
    input_of_slot[input.slot] = i;
    activation.BindLazy(input.slot, ProvideInput, this);
  }
  for (const Named& global : pack->globals) {
    activation.BindProgram(global.slot, global.expression.program, cel::Activation::Pays::kItself);
  }
}

bool Judge::Impl::SkipForNeeds(const Rule& rule, Outcome& outcome) {
  if (rule.needs.empty()) return false;
  for (const Need& need : rule.needs) {
    bool is_met = false;
    for (const std::uint32_t input : need) is_met = is_met || facts.IsPresent(input);
    if (is_met) continue;
    if (need.size() == 1) {
      outcome.missing_all.push_back(pack->inputs[need.front()].name);
      continue;
    }
    std::vector<std::string>& any = outcome.missing_any.emplace_back();
    for (const std::uint32_t input : need) any.push_back(pack->inputs[input].name);
  }
  if (outcome.missing_all.empty() && outcome.missing_any.empty()) return false;
  outcome.kind = OutcomeKind::kSkip;
  outcome.skip = SkipReason::kMissing;
  outcome.reason = fmt::format("All: {} Any: ", Quoted(outcome.missing_all));
  for (const std::vector<std::string>& any : outcome.missing_any) {
    if (&any != &outcome.missing_any.front()) outcome.reason += " Any: ";
    outcome.reason += Quoted(any);
  }
  return true;
}

bool Judge::Impl::SkipForVersion(const Rule& rule, Outcome& outcome) {
  if (rule.versions) {
    const std::optional<Version> running = ParseVersion(current);
    if (!running || !rule.versions->Contains(*running)) {
      outcome.kind = OutcomeKind::kSkip;
      outcome.skip = SkipReason::kVersion;
      outcome.reason = current.empty()
                           ? fmt::format("the cluster's version is not known; the rule is for {}",
                                         rule.versions->text())
                           : fmt::format("version {} is not in {}", current, rule.versions->text());
      return true;
    }
  }
  if (rule.absence && IsIncomplete(facts.ValueOf(pack->gathers_input))) {
    outcome.kind = OutcomeKind::kSkip;
    outcome.skip = SkipReason::kIncomplete;
    outcome.reason = "the archive is incomplete, so nothing can be concluded from what it lacks";
    return true;
  }
  return false;
}

// An error goes through the expressions that use what failed; the first of them that has it is
// where it arose. It is copied on its way, its text is not. The outcome gets the form for logs.
std::string Judge::Impl::Describe(const Rule& rule, const Expression& asked, const Value& error,
                                  cel::Activation& archive, cel::Activation& own,
                                  Outcome& outcome) {
  const cel::ErrorInfo& info = error.AsError();
  const Expression* origin = &asked;
  const auto find_in = [&](const std::vector<Named>& named, cel::Activation& activation) {
    for (const Named& one : named) {
      if (!activation.IsComputed(one.slot)) continue;
      const Value value = activation.Get(one.slot);
      if (!value.is_error()) continue;
      const cel::ErrorInfo& its = value.AsError();
      if (its.text.data() == info.text.data() && its.line == info.line &&
          its.column == info.column) {
        return &one.expression;
      }
    }
    return static_cast<const Expression*>(nullptr);
  };
  if (const Expression* global = find_in(pack->globals, archive)) {
    origin = global;
  } else if (const Expression* let = find_in(rule.lets, own)) {
    origin = let;
  }
  const Place place = info.line > 0 ? origin->PlaceOf(info.line, info.column)
                                    : origin->source->PlaceOf(origin->scalar.offset);
  const std::string begin = fmt::format("{}:{}:{}: {}: ", origin->source->name(), place.line,
                                        place.column, origin->label);
  if (info.kind == cel::ErrorKind::kLimit) {
    outcome.unquoted_errors.push_back(begin + LimitText(info.Message()));
    return outcome.unquoted_errors.back();
  }
  const std::string_view text = info.text.substr(0, info.text.find_last_not_of(": ") + 1);
  outcome.unquoted_errors.push_back(std::string(begin).append(text));
  return begin + info.Message();
}

Outcome Judge::Impl::Ask(const Rule& rule, cel::Activation& archive) {
  if (!options.timed) return AskUntimed(rule, archive);
  const microseconds begun = clock.Steady();
  Outcome outcome = AskUntimed(rule, archive);
  outcome.time = clock.Steady() - begun;
  return outcome;
}

Outcome Judge::Impl::AskUntimed(const Rule& rule, cel::Activation& archive) {
  Outcome outcome;
  outcome.rule = &rule;
  if (SkipForNeeds(rule, outcome) || SkipForVersion(rule, outcome)) return outcome;

  rule_arena.Reset();
  cel::Budget budget(cel_limits, rule_arena, clock);
  cel::Activation activation(*rule.environment, rule_arena, budget, &archive, &work);
  for (const Named& let : rule.lets) activation.BindProgram(let.slot, let.expression.program);

  const Value when = cel::Evaluate(rule.when.program, activation);
  outcome.steps = budget.steps();
  if (when.is_error()) {
    outcome.kind = OutcomeKind::kError;
    outcome.reason = Describe(rule, rule.when, when, archive, activation, outcome);
    return outcome;
  }
  if (!when.is_bool()) {
    outcome.kind = OutcomeKind::kError;
    const Place place = rule.when.source->PlaceOf(rule.when.scalar.offset);
    outcome.reason = fmt::format("{}:{}:{}: when: gives {}, not bool", rule.when.source->name(),
                                 place.line, place.column, cel::KindName(when.kind()));
    outcome.unquoted_errors.push_back(outcome.reason);
    return outcome;
  }
  if (!when.AsBool()) return outcome;
  outcome.kind = OutcomeKind::kHit;
  outcome.details =
      TruncateDetails(WriteDetails(
                          rule.details,
                          [&](const Expression& expression) {
                            return cel::Evaluate(expression.program, activation);
                          },
                          [&](const Expression& expression, const Value& error) {
                            outcome.detail_errors.push_back(
                                Describe(rule, expression, error, archive, activation, outcome));
                          }),
                      limits.details_bytes_max);
  outcome.steps = budget.steps();
  if (options.evidence) outcome.evidence = EvidenceOf(rule);
  return outcome;
}

Evidence Judge::Impl::EvidenceOf(const Rule& rule) {
  if (traced == nullptr) {
    traced = std::make_unique<TracedRules>(*pack, cel_limits, clock, work,
                                           cel::CompileOptions::Trace::kReads);
  }
  if (!traced->is_open()) {
    traced->BeginArchive([this](cel::Activation& activation) { Bind(activation); });
  }
  const Value when = traced->When(rule);
  const std::size_t known = facts.parsed_count() + facts.texts().size();
  if (!places || known != places_known) {
    places.emplace(facts);
    places_known = known;
  }
  Evidence evidence = CollectEvidence(traced->trace(), *pack, facts, *places);
  evidence.is_complete = evidence.is_complete && when.is_true();
  return evidence;
}

Judge::Judge(PackPointer pack, const JudgeLimits& limits, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(pack), limits, clock)) {}

Judge::~Judge() = default;

const Pack& Judge::pack() const { return *impl_->pack; }

std::function<bool(std::string_view)> Judge::wanted() const {
  return [pack = impl_->pack](std::string_view name) { return pack->Wants(name); };
}

// Everything between the tree and the questions: facts, globals, and their end.
template <class Body>
void Judge::Impl::WithFacts(archive::FileTree& tree, Body body) {
  archive_arena.Reset();
  facts.Begin(tree, archive_arena, parser);
  now = {tree.newest().seconds, tree.newest().nanoseconds};
  cel::Budget budget(cel_limits, archive_arena, clock);
  cel::Activation activation(pack->environment, archive_arena, budget, nullptr, &work);
  Bind(activation);
  body(activation);
  if (traced != nullptr) traced->EndArchive();
  places.reset();
  facts.End();
  rule_arena.Reset();
  archive_arena.Reset();
  parser.Shrink();
}

Report Judge::Run(archive::FileTree& tree, const JudgeOptions& options) {
  Impl& impl = *impl_;
  impl.options = options;
  Report report;
  report.pack = impl.pack;
  impl.WithFacts(tree, [&](cel::Activation& archive) {
    report.now = impl.now;
    report.cluster_version = impl.current;
    report.cluster_id = impl.facts.ValueOf(impl.pack->cluster_id_input).StringOr({});
    if (report.cluster_id.empty()) report.cluster_id = TextAt(impl.version, "spec", "clusterID");
    report.outcomes.reserve(impl.pack->rules.size());
    for (const Rule& rule : impl.pack->rules) {
      if (rule.is_enabled) report.outcomes.push_back(impl.Ask(rule, archive));
    }
    report.files = impl.facts.notes();
    report.files_total = impl.facts.notes_total();
  });
  return report;
}

Outcome Judge::RunOne(const Rule& rule, archive::FileTree& tree, const JudgeOptions& options) {
  Outcome outcome;
  impl_->options = options;
  impl_->WithFacts(tree, [&](cel::Activation& archive) { outcome = impl_->Ask(rule, archive); });
  return outcome;
}

Explanation Judge::Explain(const Rule& rule, archive::FileTree& tree) {
  Impl& impl = *impl_;
  impl.options = {};
  Explanation explanation;
  impl.WithFacts(tree, [&](cel::Activation& archive) {
    explanation.outcome = impl.Ask(rule, archive);
    TracedRules traced(*impl.pack, impl.cel_limits, impl.clock, impl.work,
                       cel::CompileOptions::Trace::kValues);
    traced.BeginArchive([&impl](cel::Activation& activation) { impl.Bind(activation); });
    BuildExplanation(*impl.pack, rule, impl.facts, traced, explanation);
    traced.EndArchive();
  });
  return explanation;
}

ArchiveCost Judge::Measure(archive::FileTree& tree, int rounds) {
  Impl& impl = *impl_;
  impl.options = {};
  const auto now_us = [] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::micro>(now).count();
  };
  ArchiveCost cost;
  std::vector<std::vector<double>> times(impl.pack->rules.size());
  std::vector<double> totals;
  impl.WithFacts(tree, [&](cel::Activation&) {
    const double begun = now_us();
    for (std::uint32_t input = 0; input < impl.pack->inputs.size(); ++input) {
      static_cast<void>(impl.facts.ValueOf(input));
    }
    cost.read_us = now_us() - begun;
    cel::Arena arena;
    for (int round = 0; round < rounds; ++round) {
      arena.Reset();
      cel::Budget budget(impl.cel_limits, arena, impl.clock);
      cel::Activation fresh(impl.pack->environment, arena, budget, nullptr, &impl.work);
      impl.Bind(fresh);
      const double round_begun = now_us();
      double before = round_begun;
      for (std::size_t i = 0; i < times.size(); ++i) {
        const Rule& rule = impl.pack->rules[i];
        if (!rule.is_enabled) continue;
        const Outcome outcome = impl.Ask(rule, fresh);
        const double after = now_us();
        times[i].push_back(after - before);
        before = after;
        if (round == 0) cost.rules.push_back({&rule, outcome.kind, outcome.steps, 0});
      }
      totals.push_back(before - round_begun);
    }
  });
  const auto lower_quartile = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 4];
  };
  cost.rules_us = lower_quartile(totals);
  std::size_t next = 0;
  for (std::vector<double>& of_rule : times) {
    if (!of_rule.empty()) cost.rules[next++].time_us = lower_quartile(of_rule);
  }
  return cost;
}

void Judge::WithArchive(archive::FileTree& tree, const std::function<void(cel::Activation&)>& use) {
  impl_->WithFacts(tree, use);
}

}  // namespace insightd::rules
