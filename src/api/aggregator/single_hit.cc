// One hit on one cluster.

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/hit_json.h"
#include "api/aggregator/params.h"

namespace insightd::api::aggregator {
namespace {

// The error of this route has another whole error inside.
http::Response NestedRuleError(const std::string& text, const std::string& reason) {
  return ParsingError("rule_id", text,
                      fmt::format("Error during validating param 'rule' with value '{}'. Error: "
                                  "'{}'",
                                  text, reason));
}

std::string DisabledAt(const store::SingleHit& hit) {
  if (!hit.has_toggle) return "";
  return hit.disabled_at ? FormatTimeSeconds(*hit.disabled_at) : std::string(kNoTime);
}

}  // namespace

http::Response SingleRule(const Call& call) {
  const Param<std::string> cluster = ClusterParam(call);
  if (!cluster) return cluster.error();
  const Param<std::string> user = UserParam(call);
  if (!user) return user.error();
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const std::string& text = call.request.Variable("rule_id");
  const auto rule = SplitRule(text);
  if (!rule) return NestedRuleError(text, rule.error());
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<store::SingleHit> hit =
      call.store().FindHit(*org, *cluster, rule->rule, rule->key, *user);
  if (!hit) {
    return hit.error().code() == Code::kNotFound
               ? NotFound(fmt::format("{}/{}/{}/{}", *org, *cluster, rule->rule, rule->key))
               : StoreFailure(hit.error());
  }
  std::string body;
  Writer w(body);
  w.BeginObject().Key("report").BeginObject();
  w.Key("component").String(rule->rule).Key("key").String(rule->key);
  w.Key("user_vote").Int(hit->user_vote).Key("disabled").Bool(hit->disabled);
  w.Key("disable_feedback").String(hit->disable_feedback);
  w.Key("disabled_at").String(DisabledAt(*hit)).Key("details");
  WriteDetails(w, hit->details);
  w.EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
