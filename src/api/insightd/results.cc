#include <fmt/format.h>

#include <utility>

#include "api/insightd/history.h"

namespace insightd::api {
namespace {

std::string_view EndName(store::ResultEnd end) {
  switch (end) {
    case store::ResultEnd::kStored: return "stored";
    case store::ResultEnd::kReplaced: return "replaced";
    case store::ResultEnd::kOvertaken: return "overtaken";
    case store::ResultEnd::kEmpty: return "empty";
  }
  __builtin_unreachable();
}

void WriteCount(json::JsonWriter& w, std::string_view name, std::int32_t count) {
  if (count >= 0) w.Key(name).Int(count);
}

void WriteResult(json::JsonWriter& w, const store::PastResult& result) {
  w.BeginObject().Key("request_id").String(result.request_id);
  w.Key("end").String(EndName(result.end));
  WriteTime(w, "stored", result.stored);
  WriteTime(w, "last_checked", result.last_checked);
  if (!result.archive.empty()) w.Key("archive").String(result.archive);
  if (!result.pack.empty()) w.Key("rule_pack").String(result.pack);
  WriteCount(w, "hits", result.hits);
  WriteCount(w, "passes", result.passes);
  WriteCount(w, "skips", result.skips);
  WriteCount(w, "errors", result.errors);
  w.EndObject();
}

}  // namespace

http::Response ClusterResults(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Param<store::TimeRange> range = RangeParam(request);
  if (!range) return range.error();
  const Param<std::size_t> limit = LimitParam(request);
  if (!limit) return limit.error();
  std::optional<store::ResultPlace> before;
  if (const auto token = request.Query("after"); token && !token->empty()) {
    const std::optional<TokenParts> parts = SplitToken(*token);
    if (!parts) return TokenError(*token);
    before = store::ResultPlace{parts->number, std::string(parts->rest)};
  }
  const Result<store::ResultPage> page =
      context.parts.store.PastResults(caller->org_id, *cluster, *range, before, *limit);
  if (!page) return StoreError(page.error(), IdOf(*caller, *cluster));

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("results").BeginArray();
  for (const store::PastResult& result : page->results) WriteResult(w, result);
  w.EndArray();
  std::optional<std::string> next;
  if (page->next) next = fmt::format("{}.{}", page->next->before_id, page->next->request_id);
  WriteEnd(w, page->results.size(), next);
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
