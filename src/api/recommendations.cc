#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

#include "api/context.h"
#include "base/json_writer.h"

namespace insightd::api {
namespace {

struct Group {
  std::string_view title;
  std::string_view description;
  std::string_view tag;
};

// The categories of recommendations, in the order in which they are shown.
constexpr std::array<Group, 5> kGroups = {
    {{"Service Availability", "What can make the cluster or its workloads unreachable.",
      "service_availability"},
     {"Security", "What weakens the protection of the cluster and its data.", "security"},
     {"Fault Tolerance", "What keeps the cluster from getting over the loss of one part.",
      "fault_tolerance"},
     {"Performance", "What makes the cluster or its workloads slower than they could be.",
      "performance"},
     {"Best Practices", "What works now and is better done another way.", "best_practices"}}};

void WriteTags(json::JsonWriter& w, const content::RuleContent& rule) {
  w.Key("tags").BeginArray();
  for (const std::string& tag : rule.tags) w.String(tag);
  w.EndArray();
}

void WriteRisks(json::JsonWriter& w, const content::RuleContent& rule) {
  w.Key("total_risk").Int(TotalRisk(rule)).Key("resolution_risk").Int(rule.resolution_risk);
  w.Key("impact").Int(rule.impact).Key("likelihood").Int(rule.likelihood);
}

// The rule, or 404, or 403 for one that is not for this organisation.
Param<const content::RuleContent*> FindRule(const PublicContext& context,
                                            const content::Catalogue& catalogue,
                                            const RuleSelector& selector, std::uint32_t org_id) {
  const content::RuleContent* rule = catalogue.Find(selector.module, selector.key);
  if (rule == nullptr || rule->is_info) return tl::unexpected(NotFoundError(selector.Text()));
  if (!context.Shows(*rule, org_id)) {
    return tl::unexpected(
        http::ErrorResponse(403, "This organization is not allowed to access this recommendation"));
  }
  return rule;
}

}  // namespace

http::Response ListRecommendations(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  std::optional<bool> impacting;
  if (const auto text = request.Query("impacting"); text && !text->empty()) {
    impacting = ParseBool(*text);
    if (!impacting) return ParamError("impacting", "<nil>", "Unparsable boolean value");
  }
  const Result<std::vector<store::RuleCount>> counts =
      context.parts.store.RuleCounts(caller->org_id);
  if (!counts) return StoreError(counts.error(), "rule");
  Result<std::vector<store::Acknowledgement>> acknowledgements =
      context.parts.store.Acknowledgements(caller->org_id);
  if (!acknowledgements) return StoreError(acknowledgements.error(), "rule");
  const Acknowledged acknowledged(std::move(*acknowledgements));

  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  std::map<const content::RuleContent*, std::int64_t> clusters;
  for (const store::RuleCount& count : *counts) {
    const content::RuleContent* rule = catalogue->Find(count.rule, count.key);
    if (rule == nullptr) {
      context.NoteUnknown(count.rule, count.key);
    } else {
      clusters.emplace(rule, count.clusters - count.clusters_disabled);
    }
  }

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("recommendations").BeginArray();
  for (const content::RuleContent& rule : catalogue->rules()) {
    const auto found = clusters.find(&rule);
    const bool hits = found != clusters.end();
    if (rule.is_info || !context.Shows(rule, caller->org_id)) continue;
    if (impacting ? *impacting != hits : rule.is_internal && !hits) continue;
    if (impacting && !*impacting && rule.is_internal) continue;
    w.BeginObject().Key("rule_id").String(rule.Selector());
    w.Key("description").String(rule.description).Key("generic").String(rule.generic);
    if (HasPublishDate(rule)) w.Key("publish_date").String(rule.publish_date);
    WriteRisks(w, rule);
    WriteTags(w, rule);
    w.Key("disabled").Bool(acknowledged.Find(rule) != nullptr);
    w.Key("impacted_clusters_count").Int(hits ? found->second : 0).EndObject();
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response RuleContent(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<RuleSelector> selector = SelectorParam(request, "rule_id");
  if (!selector) return selector.error();
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  const auto found = FindRule(context, *catalogue, *selector, caller->org_id);
  if (!found) return found.error();
  const content::RuleContent& rule = **found;

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("content").BeginObject().Key("rule_id").String(rule.Selector());
  w.Key("description").String(rule.description).Key("generic").String(rule.generic);
  w.Key("reason").String(rule.reason).Key("resolution").String(rule.resolution);
  w.Key("more_info").String(rule.more_info);
  WriteRisks(w, rule);
  if (HasPublishDate(rule)) w.Key("publish_date").String(rule.publish_date);
  WriteTags(w, rule);
  w.EndObject().Key("groups").BeginArray();
  for (const Group& group : kGroups) {
    w.BeginObject().Key("title").String(group.title).Key("description").String(group.description);
    w.Key("tags").BeginArray().String(group.tag).EndArray().EndObject();
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response RuleClusters(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<RuleSelector> selector = SelectorParam(request, "rule_selector");
  if (!selector) return selector.error();
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  const auto found = FindRule(context, *catalogue, *selector, caller->org_id);
  if (!found) return found.error();

  const content::RuleContent& rule = **found;
  const Result<std::vector<store::HitCluster>> clusters =
      context.parts.store.ClustersHitBy(caller->org_id, rule.module, rule.key);
  if (!clusters) return StoreError(clusters.error(), selector->Text());
  Result<std::vector<store::Acknowledgement>> acknowledgements =
      context.parts.store.Acknowledgements(caller->org_id);
  if (!acknowledgements) return StoreError(acknowledgements.error(), selector->Text());
  const Acknowledged acknowledged(std::move(*acknowledgements));
  const store::Acknowledgement* acknowledgement = acknowledged.Find(rule);

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("data").BeginObject().Key("enabled").BeginArray();
  for (const store::HitCluster& cluster : *clusters) {
    if (cluster.disabled || acknowledgement != nullptr) continue;
    w.BeginObject().Key("cluster").String(cluster.cluster);
    w.Key("cluster_name").String(cluster.cluster);
    if (cluster.last_checked) {
      w.Key("last_checked_at").String(FormatTimeSeconds(*cluster.last_checked));
    }
    if (cluster.impacted_since) {
      w.Key("impacted").String(FormatTimeSeconds(*cluster.impacted_since));
    }
    w.Key("meta").BeginObject().Key("cluster_version").String(cluster.version).EndObject();
    w.EndObject();
  }
  w.EndArray().Key("disabled").BeginArray();
  for (const store::HitCluster& cluster : *clusters) {
    if (!cluster.disabled && acknowledgement == nullptr) continue;
    const std::optional<Time> disabled_at = acknowledgement != nullptr
                                                ? std::optional<Time>(acknowledgement->created)
                                                : cluster.disabled_at;
    w.BeginObject().Key("cluster_id").String(cluster.cluster);
    w.Key("cluster_name").String(cluster.cluster);
    w.Key("disabled_at").String(disabled_at ? FormatTimeSeconds(*disabled_at) : "");
    w.Key("justification")
        .String(acknowledgement != nullptr ? acknowledgement->justification
                                           : cluster.justification);
    w.EndObject();
  }
  w.EndArray().EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
