#include <array>

#include "base/json_writer.h"
#include "results/print_parts.h"
#include "results/workloads.h"

namespace insightd::results {
namespace {

using json::JsonWriter;
using json::Value;

constexpr std::string_view kWorkloads = "workloads";
// Readers look into the details for a few of the workloads.
constexpr std::string_view kSamples = "samples";
constexpr std::size_t kSamplesMax = 10;
constexpr std::array<std::string_view, 5> kWorkloadMembers = {"namespace", "namespace_uid", "kind",
                                                              "name", "uid"};

// "x.y.report" -> "x.y.recommendation"
std::string ComponentOf(std::string_view component) {
  constexpr std::string_view kReport = ".report";
  if (component.ends_with(kReport)) component.remove_suffix(kReport.size());
  return std::string(component).append(".recommendation");
}

void WriteWorkloads(JsonWriter& w, std::string_view name, Value list, std::size_t workloads_max) {
  w.Key(name).BeginArray();
  std::size_t count = 0;
  if (list.is_array()) {
    for (const Value workload : list.elements()) {
      if (!workload.is_object() || ++count > workloads_max) continue;
      w.BeginObject();
      for (const std::string_view member : kWorkloadMembers) {
        w.Key(member).String(workload[member].StringOr(""));
      }
      w.EndObject();
    }
  }
  w.EndArray();
}

void WriteRecommendation(JsonWriter& w, const Finding& finding, json::Parser& parser) {
  const insightd::Result<json::Document> details = parser.Parse(finding.details);
  const Value root = details ? details->root() : Value();
  w.BeginObject().Key("response_id").String(finding.id);
  w.Key("component").String(ComponentOf(finding.component)).Key("key").String(finding.key);
  w.Key("details").BeginObject();
  if (root.is_object()) {
    for (const auto& [name, value] : root.members()) {
      if (name != kWorkloads) w.Key(name).Json(value);
    }
  }
  for (const std::string_view name : {"check_name", "check_url"}) {
    if (!root.Find(name)) w.Key(name).String("");
  }
  if (!root.Find(kSamples)) WriteWorkloads(w, kSamples, root[kWorkloads], kSamplesMax);
  w.EndObject();
  PrintTexts(w, "tags", finding.tags);
  PrintObject(w, "links", finding.links, parser);
  WriteWorkloads(w, kWorkloads, root[kWorkloads], SIZE_MAX);
  w.EndObject();
}

}  // namespace

std::string PrintWorkloads(const Result& result, json::Parser& parser) {
  const Report& report = result.report;
  INSIGHTD_ASSERT(report.workloads.has_value());
  std::string out;
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("OrgID").Uint(result.org_id).Key("ClusterName").String(result.cluster);
  w.Key("Metrics").BeginObject();
  PrintSystem(w);
  w.Key("fingerprints").BeginArray().EndArray();
  PrintAnalysis(w, report);
  w.Key("workload_recommendations").BeginArray();
  for (const Finding& finding : *report.workloads) WriteRecommendation(w, finding, parser);
  w.EndArray().EndObject();
  PrintTextOrNull(w, "RequestId", result.request_id);
  w.Key("LastChecked").String(result.last_checked).Key("Version").Int(kSchemaVersion);
  if (result.account_number) w.Key("AccountNumber").Int(*result.account_number);
  w.EndObject();
  out += '\n';
  return out;
}

}  // namespace insightd::results
