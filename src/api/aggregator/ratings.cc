// Ratings of rules, one an organisation.

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/params.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {
namespace {

http::Response RatingAnswer(const Name& name, std::string_view rule, std::int64_t rating) {
  std::string body;
  Writer w(body);
  w.BeginObject().Key(name).BeginObject().Key("rule").String(rule).Key("rating").Int(rating);
  w.EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace

http::Response PutRating(const Call& call) {
  if (call.request.body.empty()) return MissingBody();
  const Param<RatingGiven> given = RatingBody(call);
  if (!given) return given.error();
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const auto rule = SplitRule(given->rule);
  if (!rule) return ValidatingError("rule", given->rule, rule.error());
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<void> put = call.store().PutRating(*org, rule->rule, rule->key, given->rating);
  if (!put) return StoreFailure(put.error());
  call.service.ratings.Add();
  return RatingAnswer("ratings", given->rule, given->rating);
}

http::Response GetRating(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const Param<std::string> selector = SelectorParam(call);
  if (!selector) return selector.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<std::int32_t> rating = call.store().FindRating(*org, *selector);
  if (!rating) {
    return rating.error().code() == Code::kNotFound
               ? NotFound(fmt::format("{}/{}/rating", *org, *selector))
               : StoreFailure(rating.error());
  }
  return RatingAnswer("rating", *selector, *rating);
}

}  // namespace insightd::api::aggregator
