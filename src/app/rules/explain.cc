#include <fmt/format.h>

#include <cstdio>

#include "app/analyze/read_archive.h"
#include "app/rules/find_rule.h"
#include "app/rules/rules.h"
#include "app/rules/workbench.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "rules/judge.h"

namespace insightd::app {
namespace {

// Expressions are shown in one line; the pack has them whole.
constexpr std::size_t kExpressionShownMax = 160;

std::string OneLine(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (const char c : text) {
    const bool is_blank = c == '\n' || c == ' ' || c == '\t';
    if (!is_blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.size() <= bytes_max) return line;
  return std::string(utf8::Front(line, bytes_max)) + "…";
}

std::string Places(const rules::ExplainedExpression& shown) {
  std::string out;
  for (const rules::EvidenceFile& file : shown.files) {
    for (const rules::EvidencePlace& place : file.places) {
      out += fmt::format("      {}{}{} {}\n", file.path, place.at.empty() ? "" : "  ", place.at,
                         place.is_absent ? "is absent" : "= " + place.value);
    }
    if (file.more_places > 0) {
      out += fmt::format("      {}  … {} more places\n", file.path, file.more_places);
    }
  }
  if (shown.more_files > 0) out += fmt::format("      … {} more files\n", shown.more_files);
  return out;
}

std::string Expression(const rules::ExplainedExpression& shown, bool with_parts) {
  std::string out = fmt::format("  {}\n      {}\n    {} {}\n", shown.label,
                                OneLine(shown.text, kExpressionShownMax),
                                shown.is_error ? "failed:" : "is", shown.value);
  if (with_parts) {
    for (const rules::ExplainedPart& part : shown.parts) {
      out += fmt::format("      {}  is {}\n", OneLine(part.text, kExpressionShownMax), part.value);
    }
  }
  return out + Places(shown);
}

std::string Text(const std::string& archive, const rules::Explanation& explanation,
                 std::uint64_t steps_max) {
  const rules::Outcome& outcome = explanation.outcome;
  std::string out = fmt::format("{}|{} over {}: {}\n", outcome.rule->module, outcome.rule->key,
                                archive, rules::OutcomeName(outcome.kind));
  if (!outcome.reason.empty()) {
    out += fmt::format("  {}\n", rules::ReasonInWords(explanation, "the archive"));
  }
  out += "\nInputs\n";
  for (const rules::ExplainedInput& input : explanation.inputs) {
    out += fmt::format("  {}{}: ", input.name, input.is_needed ? " (needed)" : "");
    if (input.files_total == 0) {
      out += fmt::format("no file like {}\n", fmt::join(input.patterns, ", "));
      continue;
    }
    const std::uint64_t more = input.files_total - input.files.size();
    out += fmt::format("{}{}{}\n", fmt::join(input.files, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "",
                       input.is_present ? "" : " (does not parse, or is null)");
  }
  if (outcome.kind == rules::OutcomeKind::kSkip) return out;
  if (!explanation.names.empty()) out += "\nNames, in the order in which they were asked for\n";
  for (const rules::ExplainedExpression& name : explanation.names) out += Expression(name, false);
  out += "\nCondition\n" + Expression(explanation.when, true);
  if (!explanation.unused.empty()) {
    out += fmt::format("  not asked for: {}\n", fmt::join(explanation.unused, ", "));
  }
  if (!explanation.details.empty()) out += "\nDetails\n";
  for (const rules::ExplainedExpression& detail : explanation.details) {
    out += Expression(detail, false);
  }
  for (const std::string& error : outcome.detail_errors) out += fmt::format("  {}\n", error);
  return out + fmt::format("\n{} of {} steps\n", outcome.steps, steps_max);
}

void WriteExpression(json::JsonWriter& w, const rules::ExplainedExpression& shown) {
  w.BeginObject().Key("label").String(shown.label).Key("expression").String(shown.text);
  w.Key(shown.is_error ? "error" : "value").String(shown.value);
  w.Key("parts").BeginArray();
  for (const rules::ExplainedPart& part : shown.parts) {
    w.BeginObject().Key("expression").String(part.text).Key("value").String(part.value).EndObject();
  }
  w.EndArray().Key("evidence");
  rules::Evidence evidence;
  evidence.files = shown.files;
  evidence.more_files = shown.more_files;
  w.Raw(rules::EvidenceToJson(evidence)).EndObject();
}

std::string Json(const std::string& archive, const rules::Explanation& explanation) {
  const rules::Outcome& outcome = explanation.outcome;
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("archive").String(archive).Key("module").String(outcome.rule->module);
  w.Key("key").String(outcome.rule->key);
  w.Key("outcome").String(rules::OutcomeName(outcome.kind));
  if (!outcome.reason.empty()) w.Key("reason").String(outcome.reason);
  w.Key("steps").Uint(outcome.steps).Key("inputs").BeginArray();
  for (const rules::ExplainedInput& input : explanation.inputs) {
    w.BeginObject().Key("name").String(input.name).Key("needed").Bool(input.is_needed);
    w.Key("present").Bool(input.is_present).Key("files_total").Uint(input.files_total);
    w.Key("files").BeginArray();
    for (const std::string& file : input.files) w.String(file);
    w.EndArray().Key("patterns").BeginArray();
    for (const std::string& pattern : input.patterns) w.String(pattern);
    w.EndArray().EndObject();
  }
  w.EndArray().Key("names").BeginArray();
  for (const rules::ExplainedExpression& name : explanation.names) WriteExpression(w, name);
  w.EndArray();
  if (outcome.kind != rules::OutcomeKind::kSkip) {
    w.Key("when");
    WriteExpression(w, explanation.when);
  }
  w.Key("unused").BeginArray();
  for (const std::string& name : explanation.unused) w.String(name);
  w.EndArray().Key("details").BeginArray();
  for (const rules::ExplainedExpression& detail : explanation.details) WriteExpression(w, detail);
  w.EndArray().EndObject();
  return out + "\n";
}

}  // namespace

ExitCode RunRulesExplain(const CommandLine& line) {
  const auto bench = OpenWorkbench(line);
  if (!bench) {
    fmt::print(stderr, "{}", bench.error().text);
    return bench.error().exit;
  }
  const rules::PackPointer& pack = bench->rules.pack;
  const rules::Rule* const rule = FindRule(*pack, line.rules.rule);
  if (rule == nullptr) return UnknownRule(*pack, line.rules.rule);
  const rules::JudgeLimits limits = bench->settings.rules.Limits();
  rules::Judge judge(pack, limits);
  ArchiveReader reader(judge.wanted(), bench->settings.pipeline.limits);
  const std::string& archive = line.rules.archives.front();
  Result<archive::FileTree> tree = reader.Read(archive);
  if (!tree) {
    fmt::print(stderr, "insightd: {}: {}\n", archive, tree.error().message());
    return ExitCode::kUnreadable;
  }
  const rules::Explanation explanation = judge.Explain(*rule, *tree);
  fmt::print("{}", line.json ? Json(archive, explanation)
                             : Text(archive, explanation, limits.rule_steps_max));
  return explanation.outcome.kind == rules::OutcomeKind::kError ? ExitCode::kFindings
                                                                : ExitCode::kGood;
}

}  // namespace insightd::app
