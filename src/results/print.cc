#include <fmt/core.h>

#include "base/json_writer.h"
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
  w.Key("tags").BeginArray();
  for (const std::string& tag : finding.tags) w.String(tag);
  w.EndArray().Key("links");
  const insightd::Result<json::Document> links = parser.Parse(finding.links);
  if (links && links->root().is_object()) {
    w.Json(links->root());
  } else {
    w.BeginObject().EndObject();
  }
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

// "2025-10-10T15:21:20.012345+00:00"
std::string PythonTime(Time time) {
  std::string text = FormatTime(time);
  text.pop_back();
  return text + "+00:00";
}

void WriteAnalysis(JsonWriter& w, const Report& report) {
  w.Key("analysis_metadata").BeginObject();
  w.Key("start").String(PythonTime(report.started));
  w.Key("finish").String(PythonTime(report.finished));
  w.Key("execution_context").String("ccx_ocp_core.context.InsightsOperatorContext");
  w.Key("plugin_sets").BeginObject();
  for (const PluginSet& set : report.plugin_sets) {
    w.Key(set.name).BeginObject().Key("version").String(set.version).Key("commit").Null();
    w.EndObject();
  }
  w.EndObject().EndObject();
}

void WriteReport(JsonWriter& w, const Report& report, json::Parser& parser) {
  w.BeginObject();
  w.Key("system").BeginObject().Key("metadata").BeginObject().EndObject();
  w.Key("hostname").Null().EndObject();
  WriteFindings(w, "reports", report.hits, kHitNames, parser);
  w.Key("fingerprints").BeginArray().EndArray();
  w.Key("skips").BeginArray();
  for (const Skip& skip : report.skips) {
    w.BeginObject().Key("rule_fqdn").String(skip.component).Key("reason").String(skip.reason);
    w.Key("details").String(skip.details).Key("type").String("skip").EndObject();
  }
  w.EndArray();
  WriteFindings(w, "info", report.infos, kInfoNames, parser);
  if (!report.passes.empty()) WriteFindings(w, "pass", report.passes, kPassNames, parser);
  WriteAnalysis(w, report);
  w.EndObject();
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

std::string Print(const Result& result, json::Parser& parser) {
  std::string out;
  constexpr std::size_t kUsualBytes = 32 * 1024;
  out.reserve(kUsualBytes);
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("OrgID").Uint(result.org_id).Key("ClusterName").String(result.cluster);
  w.Key("Report");
  WriteReport(w, result.report, parser);
  w.Key("LastChecked").String(result.last_checked).Key("Version").Int(kSchemaVersion);
  w.Key("RequestId");
  if (result.request_id.empty()) {
    w.Null();
  } else {
    w.String(result.request_id);
  }
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
