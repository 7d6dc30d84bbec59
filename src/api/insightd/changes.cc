#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "api/insightd/history.h"

namespace insightd::api {
namespace {

std::string_view KindName(store::ChangeKind kind) {
  switch (kind) {
    case store::ChangeKind::kAppeared: return "appeared";
    case store::ChangeKind::kGone: return "gone";
    case store::ChangeKind::kAgain: return "again";
  }
  __builtin_unreachable();
}

void WriteChange(json::JsonWriter& w, const store::Change& change, const KnownRule& known) {
  w.BeginObject().Key("at").String(FormatTime(change.at));
  w.Key("change").String(KindName(change.kind)).Key("cluster").String(change.cluster);
  WriteRule(w, known, change.rule, change.key);
  if (!change.request_id.empty()) w.Key("request_id").String(change.request_id);
  if (change.ended) {
    WriteTime(w, "first_seen", change.ended->first_seen);
    WriteTime(w, "last_seen", change.ended->last_seen);
  }
  w.EndObject();
}

// What RFC 3339 can write, and every database hold.
constexpr Time kFirst(seconds(-62'135'596'800));  // 0001-01-01T00:00:00Z
constexpr Time kLast(seconds(253'402'300'799));   // 9999-12-31T23:59:59Z

// Microseconds since 1970, a dot, the number of the change.
std::optional<store::ChangePlace> PlaceOf(std::string_view token) {
  const std::optional<TokenParts> parts = SplitToken(token);
  if (!parts) return std::nullopt;
  store::ChangePlace place{.at = Time(microseconds(parts->number))};
  const char* const last = parts->rest.data() + parts->rest.size();
  const auto [end, failed] = std::from_chars(parts->rest.data(), last, place.id);
  if (failed != std::errc() || end != last || place.at < kFirst || place.at > kLast) {
    return std::nullopt;
  }
  return place;
}

// `cluster` may be empty: of the organisation.
http::Response Changes(const PublicContext& context, const http::Request& request,
                       const http::Caller& caller, const std::string& cluster) {
  const Param<store::TimeRange> range = RangeParam(request);
  if (!range) return range.error();
  const Param<std::size_t> limit = LimitParam(request);
  if (!limit) return limit.error();
  std::optional<store::ChangePlace> after;
  if (const auto token = request.Query("after"); token && !token->empty()) {
    after = PlaceOf(*token);
    if (!after) return TokenError(*token);
  }
  const Result<store::ChangePage> page =
      context.parts.store.Changes(caller.org_id, cluster, *range, after, *limit);
  if (!page) return StoreError(page.error(), IdOf(caller, cluster));

  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("changes").BeginArray();
  std::size_t count = 0;
  for (const store::Change& change : page->changes) {
    const KnownRule known = FindRule(context, *catalogue, caller, change.rule, change.key);
    if (known.hidden) continue;
    WriteChange(w, change, known);
    ++count;
  }
  w.EndArray();
  std::optional<std::string> next;
  if (page->has_more) {
    const store::Change& last = page->changes.back();
    next = fmt::format("{}.{}", last.at.time_since_epoch().count(), last.id);
  }
  WriteEnd(w, count, next);
  return OkResponse(std::move(body));
}

}  // namespace

http::Response ClusterChanges(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  return Changes(context, request, *caller, *cluster);
}

http::Response OrganizationChanges(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  return Changes(context, request, *caller, "");
}

}  // namespace insightd::api
