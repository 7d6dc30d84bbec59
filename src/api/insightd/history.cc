#include "api/insightd/history.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace insightd::api {
namespace {

constexpr std::string_view kPrefix = "/api/insightd/v1/";

Param<std::optional<Time>> TimeParam(const http::Request& request, std::string_view name) {
  const std::optional<std::string> text = request.Query(name);
  if (!text || text->empty()) return std::optional<Time>();
  const std::optional<Time> time = ParseTime(*text);
  if (time) return time;
  return tl::unexpected(
      ParamError(name, *text, "a time is written as 2026-08-01T10:00:00Z (RFC 3339)"));
}

}  // namespace

void RegisterHistory(http::Router& router, std::shared_ptr<const PublicContext> context) {
  using Handler = http::Response (*)(const PublicContext&, const http::Request&);
  const auto get = [&](std::string_view path, Handler handler) {
    router.Add(
        http::Method::kGet, std::string(kPrefix).append(path),
        [context, handler](const http::Request& request) { return handler(*context, request); });
  };
  get("clusters/{cluster}/recommendations", ClusterRecommendationHistory);
  get("clusters/{cluster}/recommendations/{rule_selector}", ClusterRecommendation);
  get("clusters/{cluster}/changes", ClusterChanges);
  get("clusters/{cluster}/difference", ClusterDifference);
  get("clusters/{cluster}/results", ClusterResults);
  get("recommendations/{rule_selector}/clusters", RecommendationClusters);
  get("changes", OrganizationChanges);
}

Param<store::TimeRange> RangeParam(const http::Request& request) {
  const auto from = TimeParam(request, "from");
  if (!from) return tl::unexpected(from.error());
  const auto until = TimeParam(request, "until");
  if (!until) return tl::unexpected(until.error());
  return store::TimeRange{*from, *until};
}

Param<std::size_t> LimitParam(const http::Request& request) {
  const std::optional<std::string> text = request.Query("limit");
  if (!text || text->empty()) return kPageDefault;
  std::size_t limit = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (failed == std::errc() && end == text->data() + text->size() && limit >= 1 &&
      limit <= kPageMax) {
    return limit;
  }
  return tl::unexpected(
      ParamError("limit", *text, fmt::format("a whole number of 1 to {}", kPageMax)));
}

std::string IdOf(const http::Caller& caller, std::string_view cluster) {
  return fmt::format("{}/{}", caller.org_id, cluster);
}

std::optional<TokenParts> SplitToken(std::string_view token) {
  TokenParts parts;
  const auto [end, failed] =
      std::from_chars(token.data(), token.data() + token.size(), parts.number);
  if (failed != std::errc() || end == token.data() + token.size() || *end != '.') {
    return std::nullopt;
  }
  parts.rest = token.substr(static_cast<std::size_t>(end - token.data()) + 1);
  return parts;
}

http::Response TokenError(std::string_view token) {
  return ParamError("after", token, "it is the `next` of the page before, as it came");
}

KnownRule FindRule(const PublicContext& context, const content::Catalogue& catalogue,
                   const http::Caller& caller, std::string_view rule, std::string_view key) {
  KnownRule known;
  known.content = catalogue.Find(rule, key);
  if (known.content != nullptr) {
    known.hidden = !context.Shows(*known.content, caller.org_id);
  } else if (content::IsInternalModule(rule)) {
    content::RuleContent unknown;
    unknown.is_internal = true;
    known.hidden = !context.Shows(unknown, caller.org_id);
  }
  return known;
}

void WriteRule(json::JsonWriter& w, const KnownRule& known, std::string_view rule,
               std::string_view key) {
  w.Key("rule_id").String(fmt::format("{}|{}", rule, key));
  if (known.content != nullptr) w.Key("description").String(known.content->description);
}

void WriteTime(json::JsonWriter& w, std::string_view name, const std::optional<Time>& time) {
  if (time) w.Key(name).String(FormatTime(*time));
}

void WriteEnd(json::JsonWriter& w, std::size_t count, const std::optional<std::string>& next) {
  w.Key("meta").BeginObject().Key("count").Uint(count);
  if (next) w.Key("next").String(*next);
  w.EndObject().Key("status").String("ok").EndObject();
}

}  // namespace insightd::api
