#include <utility>

#include "api/insightd/history.h"

namespace insightd::api {
namespace {

void WriteInterval(json::JsonWriter& w, const store::Interval& interval) {
  w.BeginObject();
  WriteTime(w, "first_seen", interval.first_seen);
  WriteTime(w, "last_seen", interval.last_seen);
  WriteTime(w, "gone", interval.gone);
  w.EndObject();
}

// Members of an object that has begun: whether it is there now, and when it was.
void WriteIntervals(json::JsonWriter& w, const store::RecommendationHistory& history) {
  w.Key("present").Bool(!history.intervals.front().gone);
  WriteTime(w, "first_seen", history.intervals.back().first_seen);
  WriteTime(w, "last_seen", history.intervals.front().last_seen);
  w.Key("intervals").BeginArray();
  for (const store::Interval& interval : history.intervals) WriteInterval(w, interval);
  w.EndArray();
}

Param<RuleSelector> PlaceParam(const std::string& token) {
  const std::size_t bar = token.find('|');
  if (bar == std::string::npos) return tl::unexpected(TokenError(token));
  return RuleSelector{token.substr(0, bar), token.substr(bar + 1)};
}

}  // namespace

http::Response ClusterRecommendationHistory(const PublicContext& context,
                                            const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Param<store::TimeRange> range = RangeParam(request);
  if (!range) return range.error();
  const Param<std::size_t> limit = LimitParam(request);
  if (!limit) return limit.error();
  std::optional<store::RecommendationPlace> after;
  if (const auto token = request.Query("after"); token && !token->empty()) {
    Param<RuleSelector> place = PlaceParam(*token);
    if (!place) return place.error();
    after = store::RecommendationPlace{std::move(place->module), std::move(place->key)};
  }
  const Result<store::RecommendationPage> page = context.parts.store.RecommendationsOfCluster(
      caller->org_id, *cluster, *range, std::nullopt, after, *limit);
  if (!page) return StoreError(page.error(), IdOf(*caller, *cluster));

  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("recommendations").BeginArray();
  std::size_t count = 0;
  for (const store::RecommendationHistory& history : page->recommendations) {
    const KnownRule known = FindRule(context, *catalogue, *caller, history.rule, history.key);
    if (known.hidden) continue;
    w.BeginObject();
    WriteRule(w, known, history.rule, history.key);
    WriteIntervals(w, history);
    w.EndObject();
    ++count;
  }
  w.EndArray();
  std::optional<std::string> next;
  if (page->has_more) {
    next = page->recommendations.back().rule + "|" + page->recommendations.back().key;
  }
  WriteEnd(w, count, next);
  return OkResponse(std::move(body));
}

http::Response ClusterRecommendation(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Param<RuleSelector> rule = SelectorParam(request, "rule_selector");
  if (!rule) return rule.error();
  const Param<store::TimeRange> range = RangeParam(request);
  if (!range) return range.error();
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  const KnownRule known = FindRule(context, *catalogue, *caller, rule->module, rule->key);
  const std::string id = IdOf(*caller, *cluster) + "/" + rule->Text();
  if (known.hidden) return NotFoundError(id);
  const Result<store::RecommendationPage> page = context.parts.store.RecommendationsOfCluster(
      caller->org_id, *cluster, *range, store::RecommendationPlace{rule->module, rule->key},
      std::nullopt, 1);
  if (!page) return StoreError(page.error(), IdOf(*caller, *cluster));
  if (page->recommendations.empty()) return NotFoundError(id);

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("recommendation").BeginObject();
  WriteRule(w, known, rule->module, rule->key);
  WriteIntervals(w, page->recommendations.front());
  w.EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response RecommendationClusters(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<RuleSelector> rule = SelectorParam(request, "rule_selector");
  if (!rule) return rule.error();
  const Param<store::TimeRange> range = RangeParam(request);
  if (!range) return range.error();
  const Param<std::size_t> limit = LimitParam(request);
  if (!limit) return limit.error();
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  const KnownRule known = FindRule(context, *catalogue, *caller, rule->module, rule->key);
  if (known.hidden) return NotFoundError(rule->Text());
  const Result<store::RecommendationPage> page = context.parts.store.ClustersOfRecommendation(
      caller->org_id, rule->module, rule->key, *range, request.Query("after").value_or(""), *limit);
  if (!page) return StoreError(page.error(), rule->Text());

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject();
  WriteRule(w, known, rule->module, rule->key);
  w.Key("clusters").BeginArray();
  for (const store::RecommendationHistory& history : page->recommendations) {
    w.BeginObject().Key("cluster").String(history.cluster);
    WriteIntervals(w, history);
    w.EndObject();
  }
  w.EndArray();
  std::optional<std::string> next;
  if (page->has_more) next = page->recommendations.back().cluster;
  WriteEnd(w, page->recommendations.size(), next);
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
