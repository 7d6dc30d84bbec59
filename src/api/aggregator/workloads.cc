// Workloads by namespace.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "api/aggregator/times.h"
#include "api/aggregator/workload_report.h"
#include "api/aggregator/writer.h"
#include "base/json.h"

namespace insightd::api::aggregator {
namespace {

// Severities are left to whoever knows the texts of the rules.
void WritePlaceAndMeta(Writer& w, const store::StoredWorkloads& one) {
  w.Key("cluster").BeginObject().Key("uuid").String(one.cluster);
  w.Key("display_name").String("").EndObject();
  w.Key("namespace").BeginObject().Key("uuid").String(one.workloads.id);
  w.Key("name").String(one.workloads.name).EndObject();
  w.Key("metadata").BeginObject().Key("recommendations").Int(one.workloads.recommendations);
  w.Key("objects").Int(one.workloads.objects).Key("reported_at");
  WriteTime(w, one.reported, Fraction::kNone, kNoTime);
  w.Key("last_checked_at");
  WriteTime(w, one.last_checked, Fraction::kNone, kNoTime);
  w.Key("highest_severity").Int(0).Key("hits_by_severity").Null().EndObject();
}

// The stored object in ascending order of its names, which a database may keep in another one.
void WriteHitCounts(Writer& w, json::Parser& parser, const std::string& hits) {
  const Result<json::Document> counts = parser.Parse(hits);
  std::vector<json::Member> sorted;
  if (counts && counts->root().is_object()) {
    for (const json::Member member : counts->root().members()) sorted.push_back(member);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const json::Member& a, const json::Member& b) { return a.name < b.name; });
  w.BeginObject();
  for (const json::Member& member : sorted) w.KeyOf(member.name).RawEscaped(member.value.ToText());
  w.EndObject();
}

// `null` where no row is there at all.
http::Response ListAnswer(const std::vector<const store::StoredWorkloads*>& rows, Page page) {
  json::Parser parser;
  std::string body;
  Writer w(body);
  w.BeginObject().Key("status").String("ok").Key("workloads");
  if (rows.empty()) {
    w.Null();
  } else {
    w.BeginArray();
    for (const store::StoredWorkloads* one : rows) {
      if (!page.Takes({{"cluster", one->cluster}, {"namespace", one->workloads.id}})) continue;
      w.BeginObject();
      WritePlaceAndMeta(w, *one);
      w.Key("recommendations_hit_count");
      WriteHitCounts(w, parser, one->workloads.hits);
      w.EndObject();
    }
    w.EndArray();
  }
  w.EndObject();
  return Answer(std::move(body));
}

// Of the clusters only, where there are any.
http::Response ListOf(const Call& call, std::uint32_t org_id,
                      const std::unordered_set<std::string>& clusters) {
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const Result<std::vector<store::StoredWorkloads>> all = call.workloads().Workloads(org_id, "");
  if (!all) return StoreFailure(all.error());
  std::vector<const store::StoredWorkloads*> rows;
  for (const store::StoredWorkloads& one : *all) {
    if (clusters.empty() || clusters.contains(one.cluster)) rows.push_back(&one);
  }
  return ListAnswer(rows, *std::move(page));
}

}  // namespace

http::Response WorkloadsOfOrganization(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  return ListOf(call, *org, {});
}

http::Response WorkloadsOfClusters(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  if (call.request.body.empty()) return MissingBody();
  const Param<std::vector<std::string>> clusters = ListBody(call);
  if (!clusters) return clusters.error();
  if (clusters->empty()) return Answer(R"({"status":"ok","workloads":[]})");
  return ListOf(call, *org, {clusters->begin(), clusters->end()});
}

http::Response WorkloadsOfNamespace(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const Param<std::string> cluster = ClusterParam(call);
  if (!cluster) return cluster.error();
  const Param<std::string> id = NamespaceParam(call);
  if (!id) return id.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<std::vector<store::StoredWorkloads>> rows =
      call.workloads().Workloads(*org, *cluster);
  if (!rows) return StoreFailure(rows.error());
  const auto row = std::find_if(rows->begin(), rows->end(),
                                [&](const auto& one) { return one.workloads.id == *id; });
  const auto missing = [&] { return NotFound(fmt::format("{}:{}:{}", *org, *cluster, *id)); };
  if (row == rows->end()) return missing();
  const Result<std::string> text = call.workloads().WorkloadsText(*org, *cluster, *id);
  if (!text && text.error().code() == Code::kNotFound) return missing();
  if (!text) return StoreFailure(text.error());
  std::string body;
  Writer w(body);
  w.BeginObject().Key("status").String("ok").Key("workloads").BeginObject();
  w.Key("status").String("");
  WritePlaceAndMeta(w, *row);
  w.Key("recommendations");
  WriteWorkloadRecommendations(w, *text, *id);
  w.EndObject().EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
