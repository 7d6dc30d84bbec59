#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "app/analyze/format.h"
#include "app/analyze/texts.h"
#include "base/json.h"
#include "base/utf8.h"
#include "rules/path_patterns.h"
#include "rules/risk.h"

namespace insightd::app {
namespace {

// More is for --json.
constexpr std::size_t kItemsShownMax = 10;
constexpr std::size_t kTextsIndent = 6;
constexpr std::size_t kLineCharactersMax = 200;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view ColorOf(int risk) {
  switch (risk) {
    case 4: return "\x1b[1;35m";
    case 3: return "\x1b[1;31m";
    case 2: return "\x1b[1;33m";
    default: return "\x1b[1;34m";
  }
}

std::string Cut(std::string text) {
  if (text.size() <= kLineCharactersMax) return text;
  text.resize(utf8::Front(text, kLineCharactersMax).size());
  return text + "…";
}

// Texts without quotes, everything else as JSON; control characters never reach the terminal.
std::string Shown(json::Value value) {
  if (!value.is_string()) return Cut(value.ToText());
  std::string text(value.AsString());
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return Cut(std::move(text));
}

void AppendDetails(std::string& out, const std::string& details) {
  const Result<json::Document> document = json::Parse(details);
  if (!document || !document->root().is_object()) return;
  for (const auto& [name, value] : document->root().members()) {
    if (!value.is_array() || value.empty()) {
      out += fmt::format("      {}: {}\n", name, Shown(value));
      continue;
    }
    out += fmt::format("      {}:\n", name);
    std::size_t shown = 0;
    for (const json::Value item : value.elements()) {
      if (shown++ == kItemsShownMax) break;
      out += fmt::format("        - {}\n", Shown(item));
    }
    if (value.size() > kItemsShownMax) {
      out += fmt::format("        … {} more\n", value.size() - kItemsShownMax);
    }
  }
}

std::string Counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string ShownPlace(const rules::EvidencePlace& place) {
  const std::string value = place.is_absent ? "is absent" : "= " + place.value;
  return place.at.empty() ? value : place.at + " " + value;
}

void AppendEvidence(std::string& out, const rules::Outcome& hit) {
  if (!hit.evidence || hit.evidence->empty()) return;
  out += "      seen in:\n";
  for (const rules::EvidenceFile& file : hit.evidence->files) {
    out += fmt::format("        {}\n", file.path);
    for (const rules::EvidencePlace& place : file.places) {
      out += fmt::format("          {}\n", Cut(ShownPlace(place)));
    }
    if (file.more_places > 0) {
      out += fmt::format("          … {} more place{}\n", file.more_places,
                         file.more_places == 1 ? "" : "s");
    }
  }
  if (hit.evidence->more_files > 0) {
    out += fmt::format("        … {} more file{}\n", hit.evidence->more_files,
                       hit.evidence->more_files == 1 ? "" : "s");
  }
  for (const rules::EvidenceInput& input : hit.evidence->looked_at) {
    out += fmt::format("        {}: {} ({})\n", input.name,
                       input.files == 0 ? "no file" : Counted(input.files, "file") + " looked at",
                       fmt::join(input.paths, ", "));
  }
  if (!hit.evidence->is_complete) out += "        … a limit ended the collecting\n";
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

// The texts when they are asked for and there are any, else the details.
void AppendFound(std::string& out, const rules::Outcome& hit, const TableOptions& options) {
  const TerminalStyle style{
      .indent = kTextsIndent, .width = options.width, .is_terminal = options.color};
  if (options.texts != nullptr && AppendTexts(out, *options.texts, hit, style)) return;
  AppendDetails(out, hit.details);
}

void AppendHits(std::string& out, const rules::Report& report, const TableOptions& options) {
  std::vector<const rules::Outcome*> hits;
  std::vector<const rules::Outcome*> infos;
  for (const rules::Outcome& outcome : report.outcomes) {
    if (outcome.kind != rules::OutcomeKind::kHit) continue;
    (outcome.rule->kind == rules::RuleKind::kInfo ? infos : hits).push_back(&outcome);
  }
  std::stable_sort(hits.begin(), hits.end(), [](const auto* a, const auto* b) {
    return a->rule->total_risk() > b->rule->total_risk();
  });
  int risk = 0;
  for (const rules::Outcome* hit : hits) {
    const bool is_first_of_risk = hit->rule->total_risk() != risk;
    if (is_first_of_risk) {
      risk = hit->rule->total_risk();
      out += fmt::format("\n  {}{}{}\n", options.color ? ColorOf(risk) : "",
                         Upper(rules::RiskName(risk)), options.color ? kReset : "");
    }
    if (options.texts != nullptr && !is_first_of_risk) out += '\n';
    out += fmt::format("    {}{}{}\n      {}|{}\n", options.color ? kBold : "", hit->rule->title,
                       options.color ? kReset : "", hit->rule->module, hit->rule->key);
    AppendFound(out, *hit, options);
    AppendEvidence(out, *hit);
  }
  if (hits.empty()) out += "\n  No recommendations\n";
  if (!options.all || infos.empty()) return;
  out += "\n  FOR INFORMATION\n";
  for (const rules::Outcome* info : infos) {
    if (options.texts != nullptr && info != infos.front()) out += '\n';
    out += fmt::format("    {}\n      {}|{}\n", info->rule->title, info->rule->module,
                       info->rule->key);
    AppendFound(out, *info, options);
    AppendEvidence(out, *info);
  }
}

void AppendList(std::string& out, const rules::Report& report, rules::OutcomeKind kind,
                std::string_view title) {
  if (report.Count(kind) == 0) return;
  out += fmt::format("\n  {}\n", title);
  for (const rules::Outcome& outcome : report.outcomes) {
    if (outcome.kind != kind) continue;
    out += fmt::format("    {}|{}", outcome.rule->module, outcome.rule->key);
    if (!outcome.reason.empty()) out += fmt::format(": {}", Cut(outcome.reason));
    out += '\n';
  }
}

// Inputs whose file is there but says nothing.
std::set<std::string> UnreadInputs(const rules::Report& report) {
  rules::PathPatterns patterns;
  const std::vector<rules::Input>& inputs = report.pack->inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (const std::string& path : inputs[i].paths) {
      // The pack has been loaded with these paths, so they are good.
      static_cast<void>(patterns.Add(path, static_cast<std::uint32_t>(i)));
    }
  }
  std::set<std::string> names;
  std::vector<std::uint32_t> matching;
  for (const rules::FileNote& note : report.files) {
    patterns.Match(note.path, matching);
    for (const std::uint32_t input : matching) names.insert(inputs[input].name);
  }
  return names;
}

// "alerts 3, machineconfigpools 2": the inputs for want of which rules were not judged.
std::string MissingInputs(const rules::Report& report) {
  const std::set<std::string> unread =
      report.files.empty() ? std::set<std::string>() : UnreadInputs(report);
  std::map<std::string, int> rules_by_input;
  for (const rules::Outcome& outcome : report.outcomes) {
    if (outcome.kind != rules::OutcomeKind::kSkip) continue;
    for (const std::string& name : outcome.missing_all) {
      if (!unread.contains(name)) ++rules_by_input[name];
    }
    for (const auto& group : outcome.missing_any) {
      if (std::any_of(group.begin(), group.end(),
                      [&unread](const std::string& name) { return unread.contains(name); })) {
        continue;
      }
      std::string names;
      for (const std::string& name : group) names += (names.empty() ? "" : " or ") + name;
      ++rules_by_input[names];
    }
  }
  std::vector<std::pair<std::string, int>> sorted(rules_by_input.begin(), rules_by_input.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  for (const auto& [name, rules] : sorted) {
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", name, rules);
  }
  return out;
}

// The numbers add up to the rules of the pack.
void AppendCounts(std::string& out, const rules::Report& report, bool all) {
  const auto infos = static_cast<std::size_t>(
      std::count_if(report.outcomes.begin(), report.outcomes.end(), [](const auto& outcome) {
        return outcome.kind == rules::OutcomeKind::kHit &&
               outcome.rule->kind == rules::RuleKind::kInfo;
      }));
  const std::size_t hits = report.Count(rules::OutcomeKind::kHit) - infos;
  out += fmt::format(
      "\n  {} hit{}, {} for information, {} passed, {} could not be judged, {} failed{}\n", hits,
      hits == 1 ? "" : "s", infos, report.Count(rules::OutcomeKind::kPass),
      report.Count(rules::OutcomeKind::kSkip), report.Count(rules::OutcomeKind::kError),
      all ? "" : " (--all shows them)");
  const std::string missing = MissingInputs(report);
  if (!missing.empty()) out += fmt::format("  not in the archive: {}\n", missing);
  for (const rules::FileNote& note : report.files) {
    out += fmt::format("  does not parse: {}: {}\n", note.path, Cut(note.reason));
  }
}

}  // namespace

std::string FormatTable(std::string_view archive, const rules::Report& report,
                        const TableOptions& options) {
  std::string out = fmt::format("{}{}{}\n  cluster {}, version {}, gathered {}\n",
                                options.color ? kBold : "", archive, options.color ? kReset : "",
                                report.cluster_id.empty() ? "unknown" : report.cluster_id,
                                report.cluster_version.empty() ? "unknown" : report.cluster_version,
                                // Without a time of any file it is that of the epoch.
                                report.now.seconds == 0 ? "unknown" : report.NowText());
  AppendHits(out, report, options);
  if (options.all) {
    AppendList(out, report, rules::OutcomeKind::kPass, "PASSED");
    AppendList(out, report, rules::OutcomeKind::kSkip, "NOT JUDGED");
  }
  AppendList(out, report, rules::OutcomeKind::kError, "FAILED");
  AppendCounts(out, report, options.all);
  return out;
}

}  // namespace insightd::app
