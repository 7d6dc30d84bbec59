#include <fmt/core.h>

#include "base/json_writer.h"
#include "results/print_parts.h"
#include "results/result.h"

namespace insightd::results {
namespace {

using json::JsonWriter;

// The names by which the three kinds of finding tell their parts.
struct Names {
  std::string_view id;
  std::string_view type;
  std::string_view key;
};
constexpr Names kHitNames{"rule_id", "rule", "error_key"};
constexpr Names kInfoNames{"info_id", "info", "info_key"};
constexpr Names kPassNames{"pass_id", "pass", "pass_key"};

// Readers decode the details of an info as texts by name, so anything else becomes its JSON text.
void WriteDetail(JsonWriter& w, json::Value value, bool as_text) {
  if (as_text && !value.is_string()) {
    w.String(value.ToText());
  } else {
    w.Json(value);
  }
}

void WriteFinding(JsonWriter& w, const Finding& finding, const Names& names, json::Parser& parser) {
  w.BeginObject().Key(names.id).String(finding.id).Key("component").String(finding.component);
  w.Key("type").String(names.type).Key("key").String(finding.key);
  w.Key("details").BeginObject();
  const insightd::Result<json::Document> details =
      finding.details.empty() ? json::Document() : parser.Parse(finding.details);
  if (details && details->root().is_object()) {
    for (const auto& [name, value] : details->root().members()) {
      if (name == "type" || name == names.key) continue;
      w.Key(name);
      WriteDetail(w, value, names.type == kInfoNames.type);
    }
  }
  w.Key("type").String(names.type).Key(names.key).String(finding.key).EndObject();
  PrintTexts(w, "tags", finding.tags);
  PrintObject(w, "links", finding.links, parser);
  if (!finding.evidence.empty()) {
    const insightd::Result<json::Document> evidence = parser.Parse(finding.evidence);
    if (evidence) w.Key(kEvidence).Json(evidence->root());
  }
  w.EndObject();
}

void WriteFindings(JsonWriter& w, std::string_view name, const std::vector<Finding>& findings,
                   const Names& names, json::Parser& parser) {
  w.Key(name).BeginArray();
  for (const Finding& finding : findings) WriteFinding(w, finding, names, parser);
  w.EndArray();
}

void AppendNames(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (const std::string& name : names) {
    if (out.back() != '[') out += ", ";
    out.append("'").append(name).append("'");
  }
  out += ']';
}

}  // namespace

void PrintReport(JsonWriter& w, const Report& report, json::Parser& parser) {
  w.BeginObject();
  PrintSystem(w);
  WriteFindings(w, "reports", report.hits, kHitNames, parser);
  w.Key("fingerprints").BeginArray().EndArray();
  PrintSkips(w, report.skips);
  WriteFindings(w, "info", report.infos, kInfoNames, parser);
  if (!report.passes.empty()) WriteFindings(w, "pass", report.passes, kPassNames, parser);
  PrintAnalysis(w, report);
  w.EndObject();
}

std::string Print(const Result& result, json::Parser& parser) {
  std::string out;
  constexpr std::size_t kUsualBytes = 32 * 1024;
  out.reserve(kUsualBytes);
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("OrgID").Uint(result.org_id).Key("ClusterName").String(result.cluster);
  w.Key("Report");
  PrintReport(w, result.report, parser);
  w.Key("LastChecked").String(result.last_checked).Key("Version").Int(kSchemaVersion);
  PrintTextOrNull(w, "RequestId", result.request_id);
  w.Key("Metadata").BeginObject().Key("gathering_time").String(result.gathering_time).EndObject();
  if (result.account_number) w.Key("AccountNumber").Int(*result.account_number);
  w.EndObject();
  out += '\n';
  return out;
}

std::string MissingText(const std::vector<std::string>& all,
                        const std::vector<std::vector<std::string>>& any) {
  std::string out = "All: ";
  AppendNames(out, all);
  out += " Any: ";
  for (std::size_t i = 0; i < any.size(); ++i) {
    if (i > 0) out += " Any: ";
    AppendNames(out, any[i]);
  }
  return out;
}

}  // namespace insightd::results
