#include <algorithm>
#include <map>
#include <utility>

#include "api/context.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "results/result.h"

namespace insightd::api {
namespace {

constexpr std::string_view kAcmProduct = "acm-operator";

// Component and key to evidence as JSON. Views as in the hits.
using EvidenceOfHits = std::map<std::pair<std::string_view, std::string_view>, std::string>;

struct Item {
  const store::ReportHit* hit;
  const content::RuleContent* rule;
  const store::Acknowledgement* acknowledged;  // null: it is not
  const std::string* evidence;                 // null: there is none
};

// ACM's client throws a whole report away when `nodes` is anything but a list of texts, and reads
// it for display alone: so it gets the details without such a member.
std::string DetailsForAcm(std::string_view details) {
  const Result<json::Document> document = json::Parse(details);
  if (!document || !document->root().is_object()) return std::string(details);
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject();
  for (const json::Member member : document->root().members()) {
    if (member.name == "nodes") {
      bool texts = member.value.is_array();
      if (texts) {
        for (const json::Value node : member.value.elements()) texts = texts && node.is_string();
      }
      if (!texts) continue;
    }
    w.Key(member.name).Json(member.value);
  }
  w.EndObject();
  return out;
}

void WriteExtraData(json::JsonWriter& w, const Item& item, bool for_acm) {
  const std::string_view details = item.hit->details;
  if (details.starts_with('{')) {
    w.Raw(for_acm ? std::string_view(DetailsForAcm(details)) : details);
    return;
  }
  // A foreign result without details: clients need the key.
  w.BeginObject().Key("type").String("rule").Key("error_key").String(item.hit->key).EndObject();
}

// What the stored report says beside the hits. A newer one may have come meanwhile: then its
// details are others, and the evidence is not of this hit.
EvidenceOfHits ReadEvidence(const std::string& text, const std::vector<store::ReportHit>& hits) {
  EvidenceOfHits evidence;
  const Result<json::Document> document = json::Parse(text);
  if (!document || !document->root()["reports"].is_array()) return evidence;
  std::map<std::pair<std::string_view, std::string_view>, const store::ReportHit*> known;
  for (const store::ReportHit& hit : hits) known[{hit.component, hit.key}] = &hit;
  for (const json::Value one : document->root()["reports"].elements()) {
    const json::Value its = one[results::kEvidence];
    if (!its.is_object()) continue;
    const auto hit = known.find({one["component"].StringOr(""), one["key"].StringOr("")});
    if (hit == known.end() || one["details"].ToText() != hit->second->details) continue;
    evidence[{hit->second->component, hit->second->key}] = its.ToText();
  }
  return evidence;
}

// Texts as their authors wrote them, which foreign clients fill in themselves, or filled in.
void WriteTexts(json::JsonWriter& w, const Item& item, bool rendered) {
  const content::RuleContent& rule = *item.rule;
  if (!rendered) {
    w.Key("description").String(rule.description).Key("details").String(rule.generic);
    w.Key("reason").String(rule.reason).Key("resolution").String(rule.resolution);
    w.Key("more_info").String(rule.more_info);
    return;
  }
  const content::RenderedTexts texts = rule.templates.Render(std::string_view(item.hit->details));
  w.Key("description").String(texts.description.text).Key("details").String(rule.generic);
  w.Key("reason").String(texts.reason.text).Key("resolution").String(texts.resolution.text);
  w.Key("more_info").String(texts.more_info.text);
  w.Key("rendering_errors").BeginObject();
  const auto error = [&w](std::string_view name, const content::RenderedText& text) {
    if (!text.error.empty()) w.Key(name).String(text.error);
  };
  error("description", texts.description);
  error("reason", texts.reason);
  error("resolution", texts.resolution);
  error("more_info", texts.more_info);
  w.EndObject();
}

void WriteItem(json::JsonWriter& w, const Item& item, bool for_acm, bool rendered) {
  const store::ReportHit& hit = *item.hit;
  const content::RuleContent& rule = *item.rule;
  std::string feedback;
  std::string disabled_at;
  if (hit.disabled) {
    feedback = hit.disable_feedback;
    if (hit.disabled_at) disabled_at = FormatTimeSeconds(*hit.disabled_at);
  } else if (item.acknowledged != nullptr) {
    feedback = item.acknowledged->justification;
    disabled_at = FormatTimeSeconds(item.acknowledged->created);
  }
  w.BeginObject().Key("rule_id").String(hit.component);
  if (HasPublishDate(rule)) w.Key("created_at").String(rule.publish_date);
  WriteTexts(w, item, rendered);
  w.Key("total_risk").Int(TotalRisk(rule));
  w.Key("disabled").Bool(hit.disabled || item.acknowledged != nullptr);
  w.Key("disable_feedback").String(feedback).Key("disabled_at").String(disabled_at);
  w.Key("internal").Bool(rule.is_internal).Key("user_vote").Int(hit.user_vote);
  w.Key("extra_data");
  WriteExtraData(w, item, for_acm);
  w.Key("tags").BeginArray();
  for (const std::string& tag : rule.tags) w.String(tag);
  w.EndArray();
  const std::optional<Time> impacted = hit.impacted_since ? hit.impacted_since : hit.created;
  if (impacted) w.Key("impacted").String(FormatTimeSeconds(*impacted));
  if (item.evidence != nullptr && !for_acm) w.Key(results::kEvidence).Raw(*item.evidence);
  w.EndObject();
}

}  // namespace

http::Response ClusterReport(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Param<bool> with_disabled = FlagParam(request, "get_disabled");
  if (!with_disabled) return with_disabled.error();
  const Param<bool> rendered = FlagParam(request, "rendered");
  if (!rendered) return rendered.error();

  const std::string id = std::to_string(caller->org_id) + "/" + *cluster;
  const Result<store::ClusterReport> report =
      context.parts.store.Report(caller->org_id, *cluster, caller->user_id);
  if (!report) return StoreError(report.error(), id);
  Result<std::vector<store::Acknowledgement>> acknowledgements =
      context.parts.store.Acknowledgements(caller->org_id);
  if (!acknowledgements) return StoreError(acknowledgements.error(), id);
  const Acknowledged acknowledged(std::move(*acknowledgements));

  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  EvidenceOfHits evidence;
  if (!report->hits.empty()) {
    const Result<std::string> text = context.parts.store.ReportText(caller->org_id, *cluster);
    if (text) evidence = ReadEvidence(*text, report->hits);
  }
  std::vector<Item> items;
  for (const store::ReportHit& hit : report->hits) {
    const content::RuleContent* rule = catalogue->Find(hit.component, hit.key);
    if (rule == nullptr) {
      context.NoteUnknown(content::ModuleOf(hit.component), hit.key);
      continue;
    }
    const auto its_evidence = evidence.find({hit.component, hit.key});
    const Item item{&hit, rule, acknowledged.Find(*rule),
                    its_evidence == evidence.end() ? nullptr : &its_evidence->second};
    const bool silenced = hit.disabled || item.acknowledged != nullptr;
    if (!context.Shows(*rule, caller->org_id) || (silenced && !*with_disabled)) continue;
    items.push_back(item);
  }
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return TotalRisk(*a.rule) > TotalRisk(*b.rule);
  });

  const std::string_view agent = request.Header("user-agent");
  const bool for_acm = agent.substr(0, agent.find('/')) == kAcmProduct;
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("report").BeginObject().Key("meta").BeginObject();
  w.Key("cluster_name").String(*cluster).Key("managed").Bool(false);
  w.Key("count").Uint(items.size());
  const store::ReportMeta& meta = report->meta;
  if (meta.last_checked) w.Key("last_checked_at").String(FormatTimeSeconds(*meta.last_checked));
  if (meta.gathered) w.Key("gathered_at").String(FormatTimeSeconds(*meta.gathered));
  w.EndObject().Key("data").BeginArray();
  for (const Item& item : items) WriteItem(w, item, for_acm, *rendered);
  w.EndArray().EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
