// The history of recommendations and results, below /api/insightd/v1/: what only we keep.
//
// Each handler asks for what the caller's organisation may see, and for nothing else; a cluster of
// another organisation is not found. Lists come in pages: `limit`, and `after` with the `next` of
// the page before. Times are RFC 3339; `from` belongs to a range, `until` no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"
#include "api/params.h"
#include "base/json_writer.h"
#include "http/router.h"
#include "store/history.h"

namespace insightd::api {

// Adds the paths; `context` outlives the router.
void RegisterHistory(http::Router& router, std::shared_ptr<const PublicContext> context);

// ---- For the handlers, one file a subject ----

http::Response ClusterRecommendationHistory(const PublicContext& context,
                                            const http::Request& request);
http::Response ClusterRecommendation(const PublicContext& context, const http::Request& request);
http::Response RecommendationClusters(const PublicContext& context, const http::Request& request);
http::Response ClusterChanges(const PublicContext& context, const http::Request& request);
http::Response OrganizationChanges(const PublicContext& context, const http::Request& request);
http::Response ClusterDifference(const PublicContext& context, const http::Request& request);
http::Response ClusterResults(const PublicContext& context, const http::Request& request);

inline constexpr std::size_t kPageDefault = 100;
inline constexpr std::size_t kPageMax = 1'000;

// `from` and `until` of the query.
Param<store::TimeRange> RangeParam(const http::Request& request);
// `limit`: 1 to kPageMax.
Param<std::size_t> LimitParam(const http::Request& request);
// "organisation/cluster", as texts of errors name it.
std::string IdOf(const http::Caller& caller, std::string_view cluster);

// A number in front of a dot, in tokens of pages.
struct TokenParts {
  std::int64_t number = 0;
  std::string_view rest;
};
std::optional<TokenParts> SplitToken(std::string_view token);
http::Response TokenError(std::string_view token);

// The rule as the catalogue knows it now; `hidden` when the caller may not see it.
struct KnownRule {
  const content::RuleContent* content = nullptr;  // null: no pack has it (any more)
  bool hidden = false;
};
KnownRule FindRule(const PublicContext& context, const content::Catalogue& catalogue,
                   const http::Caller& caller, std::string_view rule, std::string_view key);
// `rule_id` and, where it is known, `description`.
void WriteRule(json::JsonWriter& w, const KnownRule& known, std::string_view rule,
               std::string_view key);
// Absent when there is none.
void WriteTime(json::JsonWriter& w, std::string_view name, const std::optional<Time>& time);
// `meta` with the count and where the next page begins, then `status`: the end of an answer.
void WriteEnd(json::JsonWriter& w, std::size_t count, const std::optional<std::string>& next);

}  // namespace insightd::api
