// Any report, printed as each of the messages that carry one and read again: what the writer takes
// out is what the pipeline put in.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "results/other_messages.h"
#include "results/result.h"
#include "results/workloads.h"

namespace {

using namespace insightd;
using results::Finding;

constexpr std::string_view kCluster = "5d5892d3-1f74-4ccf-91af-548dfc9767aa";

void Require(bool condition) {
  if (!condition) std::abort();
}

// Names come from rule packs and identities, which are UTF-8.
std::string Text(FuzzedDataProvider& from, std::size_t bytes_max = 20) {
  std::string text = from.ConsumeRandomLengthString(bytes_max);
  return utf8::IsValid(text) ? text : "x";
}

void WriteJson(json::JsonWriter& w, FuzzedDataProvider& from, int depth) {
  switch (from.ConsumeIntegralInRange(0, depth > 0 ? 7 : 5)) {
    case 0: w.Null(); return;
    case 1: w.Bool(from.ConsumeBool()); return;
    case 2: w.Int(from.ConsumeIntegral<std::int64_t>()); return;
    case 3: w.Double(from.ConsumeFloatingPoint<double>()); return;
    case 4: w.String("workloads"); return;
    case 5: w.String(Text(from)); return;
    case 6:
      w.BeginArray();
      for (int i = from.ConsumeIntegralInRange(0, 3); i > 0; --i) WriteJson(w, from, depth - 1);
      w.EndArray();
      return;
    default:
      w.BeginObject();
      for (int i = from.ConsumeIntegralInRange(0, 3); i > 0; --i) {
        w.Key(Text(from));
        WriteJson(w, from, depth - 1);
      }
      w.EndObject();
  }
}

// Likely so that the names that mean something are met.
std::string DetailName(FuzzedDataProvider& from) {
  constexpr std::string_view kNames[] = {"type",          "error_key",  "workloads", "namespace",
                                         "namespace_uid", "check_name", "check_url", "samples"};
  const auto index = from.ConsumeIntegralInRange<std::size_t>(0, 2 * std::size(kNames));
  return index < std::size(kNames) ? std::string(kNames[index]) : Text(from);
}

void WriteWorkload(json::JsonWriter& w, FuzzedDataProvider& from) {
  w.BeginObject();
  for (const std::string_view name : {"namespace", "namespace_uid", "kind", "name", "uid"}) {
    // Few names, so that workloads share their namespaces.
    if (from.ConsumeBool()) w.Key(name).String(std::string(1, from.ConsumeBool() ? 'a' : 'b'));
  }
  w.EndObject();
}

std::string Details(FuzzedDataProvider& from, bool of_workloads) {
  std::string text;
  json::JsonWriter w(text);
  w.BeginObject();
  for (int i = from.ConsumeIntegralInRange(0, 4); i > 0; --i) {
    w.Key(DetailName(from));
    WriteJson(w, from, 3);
  }
  if (of_workloads) {
    w.Key("workloads").BeginArray();
    for (int i = from.ConsumeIntegralInRange(0, 4); i > 0; --i) WriteWorkload(w, from);
    w.EndArray();
  }
  w.EndObject();
  return text;
}

std::vector<Finding> Findings(FuzzedDataProvider& from, bool of_workloads = false) {
  std::vector<Finding> findings;
  for (int i = from.ConsumeIntegralInRange(0, 3); i > 0; --i) {
    Finding finding{.component = Text(from) + ".report", .id = Text(from), .key = Text(from)};
    finding.details = Details(from, of_workloads);
    finding.tags.push_back(Text(from));
    if (from.ConsumeBool()) finding.evidence = Details(from, false);
    findings.push_back(std::move(finding));
  }
  return findings;
}

results::Result AnyResult(FuzzedDataProvider& from) {
  results::Result result;
  result.org_id = from.ConsumeIntegralInRange<std::uint32_t>(1, 0xffffffff);
  result.cluster = kCluster;
  result.request_id = Text(from, 40);
  result.last_checked = "2026-11-26T10:11:12.5Z";
  result.gathering_time = "2026-11-26T10:10:00Z";
  if (from.ConsumeBool()) result.account_number = from.ConsumeIntegralInRange(0, 1'000'000);
  result.report.hits = Findings(from);
  result.report.infos = Findings(from);
  result.report.passes = Findings(from);
  result.report.workloads = Findings(from, true);
  for (int i = from.ConsumeIntegralInRange(0, 2); i > 0; --i) {
    const std::string_view reason =
        from.ConsumeBool() ? results::kReasonMissing : results::kReasonRuleError;
    result.report.skips.push_back({Text(from), std::string(reason), Text(from)});
  }
  result.report.plugin_sets.push_back({Text(from), Text(from)});
  return result;
}

// A line as readers of the topic expect it: one, of ASCII alone.
void RequireLine(std::string_view printed) {
  Require(printed.find('\n') == printed.size() - 1);
  for (const char c : printed) Require(static_cast<unsigned char>(c) < 0x80);
}

void RequireHead(const results::Head& head, const results::Result& result) {
  Require(head.org_id == result.org_id && head.cluster == result.cluster);
  Require(head.request_id == result.request_id);
  Require(head.account_number == result.account_number);
  Require(head.version == results::kSchemaVersion);
  Require(FormatTime(head.last_checked).starts_with("2026-11-26T10:11:12"));
}

// The members but `type` and the key, which a message has of its own.
std::vector<std::pair<std::string, std::string>> OwnMembers(json::Value details) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, value] : details.members()) {
    if (name != "type" && name != "error_key") members.emplace_back(name, value.ToText());
  }
  return members;
}

void TryResult(const results::Result& result, json::Parser& parser) {
  const std::string printed = results::Print(result, parser);
  RequireLine(printed);
  const auto received = results::Parse(printed, parser);
  Require(received.has_value() && !received->empty);
  RequireHead(*received, result);
  Require(received->hits.size() == result.report.hits.size());
  for (std::size_t i = 0; i < received->hits.size(); ++i) {
    const Finding& hit = result.report.hits[i];
    Require(received->hits[i].component == hit.component && received->hits[i].key == hit.key);
    const auto put = json::Parse(hit.details);
    const auto taken = json::Parse(received->hits[i].details);
    Require(put.has_value() && taken.has_value());
    Require(OwnMembers(taken->root()) == OwnMembers(put->root()));
    Require(taken->root()["error_key"].StringOr("-") == hit.key);
  }
  Require(static_cast<std::size_t>(received->infos) == result.report.infos.size());
  Require(static_cast<std::size_t>(received->skips + received->errors) ==
          result.report.skips.size());
}

void TryWorkloads(const results::Result& result, json::Parser& parser) {
  const std::string printed = results::PrintWorkloads(result, parser);
  RequireLine(printed);
  const auto received = results::ParseWorkloads(printed, parser);
  Require(received.has_value());
  RequireHead(*received, result);
  for (const results::Namespace& found : received->namespaces) {
    Require(found.objects > 0 && found.recommendations > 0);
    Require(static_cast<std::size_t>(found.recommendations) <= result.report.workloads->size());
  }
}

void TryOthers(const results::Result& result, FuzzedDataProvider& from, json::Parser& parser) {
  const results::SyncedArchive archive{.path = "p" + Text(from),
                                       .original_path = Text(from),
                                       .cluster = result.cluster,
                                       .external_organization = Text(from),
                                       .request_id = result.request_id};
  const auto synced = results::ParseSyncedArchive(results::PrintSyncedArchive(archive), parser);
  Require(synced.has_value());
  Require(synced->path == archive.path && synced->original_path == archive.original_path);
  Require(synced->cluster == archive.cluster && synced->request_id == archive.request_id);
  Require(synced->external_organization == archive.external_organization);
  const std::string printed =
      results::PrintRulesResult(archive.path, synced->metadata, result, parser);
  const auto rules = results::ParseRulesResult(printed, parser);
  Require(rules.has_value());
  Require(rules->path == archive.path && rules->cluster == archive.cluster);
  Require(rules->organization == archive.external_organization);
  Require(rules->request_id == archive.request_id && rules->document == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider from(data, size);
  json::Parser parser;
  const results::Result result = AnyResult(from);
  TryResult(result, parser);
  TryWorkloads(result, parser);
  TryOthers(result, from, parser);
  return 0;
}
