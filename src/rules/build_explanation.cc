#include "rules/build_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "rules/collect_evidence.h"
#include "rules/rule_inputs.h"

namespace insightd::rules {
namespace {

using cel::Trace;
using cel::Value;

class Builder {
 public:
  Builder(const Pack& pack, const Rule& rule, Facts& facts, TracedRules& traced)
      : pack_(pack), rule_(rule), facts_(facts), traced_(traced) {}

  void AddInputs(Explanation& explanation) {
    std::set<std::uint32_t> needed;
    for (const Need& need : rule_.needs) needed.insert(need.begin(), need.end());
    for (const std::uint32_t index : InputsRead(pack_, rule_)) {
      const Input& input = pack_.inputs[index];
      ExplainedInput& shown = explanation.inputs.emplace_back();
      shown.name = input.name.empty() ? "the judge's own" : input.name;
      shown.patterns = input.paths;
      shown.is_needed = needed.contains(index);
      shown.is_present = facts_.IsPresent(index);
      const std::vector<std::uint32_t>& members = facts_.MembersOf(index);
      shown.files_total = members.size();
      for (std::size_t i = 0; i < std::min(members.size(), kExplainedFilesMax); ++i) {
        shown.files.emplace_back(facts_.tree().members()[members[i]].name);
      }
    }
  }

  void AddCondition(Explanation& explanation) {
    const Value when = traced_.When(rule_);
    const Trace::Journal root = traced_.trace().root();
    // Places are those of what has been parsed by now.
    Places places(facts_);
    std::set<std::uint32_t> used;
    for (const std::uint32_t slot : traced_.trace().order()) {
      const Named* const named = NamedOf(slot);
      const Trace::Journal* const journal = traced_.trace().OfSlot(slot);
      if (named == nullptr || journal == nullptr) continue;
      used.insert(slot);
      explanation.names.push_back(Explain(named->expression, journal->value, *journal, places));
    }
    explanation.when = Explain(rule_.when, when, root, places);
    for (const Named& let : rule_.lets) {
      if (!used.contains(let.slot | cel::kTraceOwnSlot)) {
        explanation.unused.push_back(let.expression.label);
      }
    }
    if (explanation.outcome.kind == OutcomeKind::kHit) AddDetails(rule_.details, explanation);
  }

 private:
  const Named* NamedOf(std::uint32_t slot) const {
    const bool is_own = (slot & cel::kTraceOwnSlot) != 0;
    const std::vector<Named>& list = is_own ? rule_.lets : pack_.globals;
    const auto found = std::find_if(list.begin(), list.end(), [slot](const Named& named) {
      return named.slot == (slot & ~cel::kTraceOwnSlot);
    });
    return found == list.end() ? nullptr : &*found;
  }

  void AddDetails(const DetailNode& node, Explanation& explanation) {
    if (node.kind == DetailNode::Kind::kExpression) {
      const Value value = traced_.Evaluate(node.expression);
      Places places(facts_);
      explanation.details.push_back(
          Explain(node.expression, value, traced_.trace().root(), places));
    }
    for (const DetailNode& child : node.children) AddDetails(child, explanation);
  }

  ExplainedExpression Explain(const Expression& expression, const Value& value,
                              const Trace::Journal& journal, Places& places) const {
    ExplainedExpression shown;
    shown.label = expression.label;
    shown.text = expression.scalar.text;
    shown.is_error = value.is_error();
    shown.value = Shown(value);
    shown.files = PlacesOfReads(journal.reads, facts_, places, shown.more_files);
    std::set<std::string> seen = {shown.text};
    for (const Trace::Part& part : journal.parts) {
      if (shown.parts.size() == kExplainedPartsMax) break;
      if (part.end <= part.begin || part.end > shown.text.size()) continue;
      const std::string_view text = shown.text;
      ExplainedPart one{std::string(Stripped(text.substr(part.begin, part.end - part.begin))),
                        Shown(part.value)};
      // A literal explains itself.
      if (one.text == one.value || !seen.insert(one.text).second) continue;
      shown.parts.push_back(std::move(one));
    }
    return shown;
  }

  static std::string Shown(const Value& value) {
    if (value.is_error()) return value.AsError().Message();
    std::string shown = ShownValue(value);
    if (value.is_list()) shown = fmt::format("a list of {}: {}", cel::ListSize(value), shown);
    return shown;
  }

  const Pack& pack_;
  const Rule& rule_;
  Facts& facts_;
  TracedRules& traced_;
};

// "`doc` (config/doc.json, config/doc.yaml)"; with what is there when it does not count.
std::string InputInWords(const Explanation& explanation, const std::string& name) {
  const auto found = std::find_if(explanation.inputs.begin(), explanation.inputs.end(),
                                  [&name](const ExplainedInput& one) { return one.name == name; });
  if (found == explanation.inputs.end()) return fmt::format("`{}`", name);
  std::string words = fmt::format("`{}` ({})", name, fmt::join(found->patterns, ", "));
  if (!found->files.empty()) {
    words += fmt::format(" that can be read: {} {} not parse, or {} null",
                         fmt::join(found->files, ", "), found->files.size() == 1 ? "does" : "do",
                         found->files.size() == 1 ? "is" : "are");
  }
  return words;
}

}  // namespace

std::string ReasonInWords(const Explanation& explanation, std::string_view whose) {
  const Outcome& outcome = explanation.outcome;
  if (outcome.missing_all.empty() && outcome.missing_any.empty()) return outcome.reason;
  std::string words;
  const auto add = [&](const std::vector<std::string>& any) {
    words += words.empty() ? fmt::format("no file of {} is an input ", whose) : "; none is ";
    for (const std::string& name : any) {
      if (&name != &any.front()) words += " or ";
      words += InputInWords(explanation, name);
    }
  };
  for (const std::string& name : outcome.missing_all) add({name});
  for (const std::vector<std::string>& any : outcome.missing_any) add(any);
  return words;
}

void BuildExplanation(const Pack& pack, const Rule& rule, Facts& facts, TracedRules& traced,
                      Explanation& explanation) {
  Builder builder(pack, rule, facts, traced);
  builder.AddInputs(explanation);
  if (explanation.outcome.kind != OutcomeKind::kSkip) builder.AddCondition(explanation);
}

}  // namespace insightd::rules
