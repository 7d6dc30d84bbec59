#include <array>
#include <utility>

#include "api/context.h"
#include "base/json_writer.h"

namespace insightd::api {

http::Response ClusterInfo(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Result<store::ReportMeta> meta = context.parts.store.Meta(caller->org_id, *cluster);
  if (!meta) return StoreError(meta.error(), std::to_string(caller->org_id) + "/" + *cluster);

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("cluster").BeginObject();
  w.Key("cluster_id").String(*cluster).Key("display_name").String(*cluster);
  w.Key("managed").Bool(false).Key("status").String("Active");
  if (!meta->version.empty()) w.Key("cluster_version").String(meta->version);
  w.EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response ListClusters(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  Result<std::vector<store::Acknowledgement>> acknowledgements =
      context.parts.store.Acknowledgements(caller->org_id);
  if (!acknowledgements) return StoreError(acknowledgements.error(), "clusters");
  const Acknowledged acknowledged(std::move(*acknowledgements));
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("data").BeginArray();
  std::uint64_t clusters = 0;
  const auto write = [&](const store::FleetCluster& cluster) {
    std::array<int, 5> by_risk{};  // by total risk; the first is not used
    int total = 0;
    for (const store::FleetHit& hit : cluster.hits) {
      const content::RuleContent* rule = catalogue->Find(hit.rule, hit.key);
      if (rule == nullptr) {
        context.NoteUnknown(hit.rule, hit.key);
        continue;
      }
      if (hit.disabled || !context.Shows(*rule, caller->org_id) ||
          acknowledged.Find(*rule) != nullptr) {
        continue;
      }
      ++by_risk[static_cast<std::size_t>(TotalRisk(*rule))];
      ++total;
    }
    const store::ReportMeta& meta = cluster.meta;
    w.BeginObject().Key("cluster_id").String(meta.cluster).Key("cluster_name").String(meta.cluster);
    w.Key("managed").Bool(false);
    if (meta.last_checked) w.Key("last_checked_at").String(FormatTimeSeconds(*meta.last_checked));
    w.Key("total_hit_count").Int(total).Key("hits_by_total_risk").BeginObject();
    for (std::size_t risk = 1; risk < by_risk.size(); ++risk) {
      w.Key(std::to_string(risk)).Int(by_risk[risk]);
    }
    w.EndObject();
    if (!meta.version.empty()) w.Key("cluster_version").String(meta.version);
    w.EndObject();
    ++clusters;
    return true;
  };
  const Result<void> read = context.parts.store.Fleet(caller->org_id, "", write);
  if (!read) return StoreError(read.error(), "clusters");
  w.EndArray().Key("meta").BeginObject().Key("count").Uint(clusters).EndObject();
  w.Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
