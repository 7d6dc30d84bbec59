#include "results/other_messages.h"

#include "base/json_writer.h"
#include "results/print_parts.h"

namespace insightd::results {

using json::JsonWriter;

insightd::Result<std::string> PrintWorkloadInfo(const Result& result, std::string_view document,
                                                json::Parser& parser) {
  const insightd::Result<json::Document> parsed = parser.Parse(document);
  if (!parsed) return Fail(Error(parsed.error()).While(kWorkloadInfoMember));
  std::string out;
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("OrgID").Uint(result.org_id).Key("ClusterName").String(result.cluster);
  w.Key("Images").Json(parsed->root());
  w.Key("LastChecked").String(result.last_checked).Key("Version").Int(kSchemaVersion);
  PrintTextOrNull(w, "RequestId", result.request_id);
  if (result.account_number) w.Key("AccountNumber").Int(*result.account_number);
  w.EndObject();
  out += '\n';
  return out;
}

std::string PrintSyncedArchive(const SyncedArchive& archive) {
  std::string out;
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("path").String(archive.path);
  w.Key("original_path").String(archive.original_path);
  w.Key("metadata").BeginObject().Key("cluster_id").String(archive.cluster);
  PrintTextOrNull(w, "external_organization", archive.external_organization);
  w.EndObject();
  PrintTextOrNull(w, "request_id", archive.request_id);
  w.EndObject();
  return out;
}

std::string PrintRulesResult(std::string_view path, std::string_view metadata, const Result& result,
                             json::Parser& parser) {
  std::string out;
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("path").String(path);
  PrintObject(w, "metadata", metadata, parser);
  w.Key("report");
  PrintReport(w, result.report, parser);
  PrintTextOrNull(w, "request_id", result.request_id);
  w.EndObject();
  return out;
}

}  // namespace insightd::results
