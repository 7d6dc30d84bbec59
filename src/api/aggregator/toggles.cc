// Silence for one cluster.

#include <string>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/hit_path.h"
#include "api/aggregator/page.h"
#include "api/aggregator/times.h"

namespace insightd::api::aggregator {
namespace {

http::Response Toggle(const Call& call, bool disabled) {
  const Param<HitPath> hit = HitPathOf(call);
  if (!hit) return hit.error();
  if (const Param<void> permitted = PermitOrganization(call, hit->owner); !permitted) {
    return permitted.error();
  }
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<void> put = call.store().PutToggle(*org, hit->name(), disabled);
  return put ? OkAnswer() : StoreFailure(put.error());
}

// The names of the fields are those of the original's own structure.
void WriteToggle(Writer& w, const store::Toggle& toggle) {
  w.BeginObject().Key("ClusterID").String(toggle.cluster).Key("RuleID").String(toggle.component);
  w.Key("ErrorKey").String(toggle.key).Key("Disabled").Int(1);
  WriteNullTime(w, "DisabledAt", toggle.disabled_at);
  WriteNullTime(w, "EnabledAt", std::nullopt);
  WriteNullTime(w, "UpdatedAt", toggle.updated);
  w.EndObject();
}

http::Response TogglesAnswer(const Call& call, const Result<std::vector<store::Toggle>>& toggles) {
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  if (!toggles) return StoreFailure(toggles.error());
  std::string body;
  Writer w(body);
  w.BeginObject().Key("rules").BeginArray();
  for (const store::Toggle& toggle : *toggles) {
    if (page->Takes({{"cluster", toggle.cluster},
                     {"rule_id", toggle.component},
                     {"error_key", toggle.key}})) {
      WriteToggle(w, toggle);
    }
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

http::Response SilencedAnswer(const std::vector<store::SilencedCluster>& clusters, Page page) {
  std::string body;
  Writer w(body);
  w.BeginObject().Key("clusters");
  if (clusters.empty()) {
    w.Null();
  } else {
    w.BeginArray();
    for (const store::SilencedCluster& one : clusters) {
      if (!page.Takes({{"cluster", one.cluster}})) continue;
      w.BeginObject().Key("cluster_id").String(one.cluster).Key("cluster_name").String("");
      w.Key("disabled_at");
      WriteTime(w, one.disabled_at, Fraction::kShort);
      w.Key("justification").String(one.justification).EndObject();
    }
    w.EndArray();
  }
  w.Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace

http::Response DisableForCluster(const Call& call) { return Toggle(call, true); }
http::Response EnableForCluster(const Call& call) { return Toggle(call, false); }

http::Response DisabledInOrganization(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  return TogglesAnswer(call, call.store().Toggles(*org));
}

http::Response DisabledForClusters(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  Param<std::vector<std::string>> given = ListBody(call);
  if (!given) return given.error();
  const std::vector<std::string> clusters = Storable(*std::move(given));
  if (clusters.empty()) return TogglesAnswer(call, std::vector<store::Toggle>());
  return TogglesAnswer(call, call.store().TogglesOn(*org, clusters));
}

http::Response ClustersWithDisabledRule(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const Param<std::string> rule = RuleParam(call);
  if (!rule) return rule.error();
  const Param<std::string> key = KeyParam(call);
  if (!key) return key.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const Result<std::vector<store::SilencedCluster>> clusters =
      call.store().ClustersSilenced(*org, *rule, *key);
  if (!clusters) return StoreFailure(clusters.error());
  for (const store::SilencedCluster& one : *clusters) {
    if (!one.disabled_at) return InternalError();  // as the original: a row that it has not written
  }
  return SilencedAnswer(*clusters, *std::move(page));
}

}  // namespace insightd::api::aggregator
