// Silence for an organisation.

#include <string>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "api/aggregator/times.h"

namespace insightd::api::aggregator {
namespace {

struct RulePath {
  std::uint32_t org_id = 0;
  std::string rule;
  std::string key;
};

Param<RulePath> RulePathOf(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return tl::unexpected(org.error());
  Param<std::string> rule = RuleParam(call);
  if (!rule) return tl::unexpected(rule.error());
  Param<std::string> key = KeyParam(call);
  if (!key) return tl::unexpected(key.error());
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) {
    return tl::unexpected(permitted.error());
  }
  return RulePath{*org, *std::move(rule), *std::move(key)};
}

Param<std::string> JustificationOf(const Call& call) {
  if (call.request.body.empty()) return tl::unexpected(MissingBody());
  return FeedbackBody(call, "justification", "justification");
}

http::Response JustificationAnswer(const std::string& justification) {
  std::string body;
  Writer w(body);
  w.BeginObject().Key("justification").String(justification).Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

void WriteAcknowledgement(Writer& w, std::uint32_t org_id, const store::Acknowledgement& one) {
  w.BeginObject().Key("org_id").Int(org_id).Key("user_id").String("");
  w.Key("rule_id").String(one.rule).Key("error_key").String(one.key);
  w.Key("justification").String(one.justification);
  WriteNullTime(w, "created_at", one.created);
  WriteNullTime(w, "updated_at", one.updated);
  w.EndObject();
}

}  // namespace

http::Response Acknowledge(const Call& call) {
  const Param<RulePath> path = RulePathOf(call);
  if (!path) return path.error();
  const Param<std::string> justification = JustificationOf(call);
  if (!justification) return justification.error();
  const Result<void> put =
      call.store().PutAcknowledgement(path->org_id, path->rule, path->key, *justification);
  return put ? JustificationAnswer(*justification) : StoreFailure(put.error());
}

http::Response UpdateAcknowledgement(const Call& call) {
  const Param<RulePath> path = RulePathOf(call);
  if (!path) return path.error();
  const Param<std::string> justification = JustificationOf(call);
  if (!justification) return justification.error();
  const Result<bool> updated =
      call.store().UpdateAcknowledgement(path->org_id, path->rule, path->key, *justification);
  return updated ? JustificationAnswer(*justification) : StoreFailure(updated.error());
}

http::Response Withdraw(const Call& call) {
  const Param<RulePath> path = RulePathOf(call);
  if (!path) return path.error();
  const Result<bool> dropped =
      call.store().DropAcknowledgement(path->org_id, path->rule, path->key);
  return dropped ? Answer("{\"status\":\"rule enabled\"}") : StoreFailure(dropped.error());
}

http::Response GetAcknowledgement(const Call& call) {
  const Param<RulePath> path = RulePathOf(call);
  if (!path) return path.error();
  const Result<store::Acknowledgement> found =
      call.store().FindAcknowledgement(path->org_id, path->rule, path->key);
  if (!found) {
    return found.error().code() == Code::kNotFound ? ErrorAnswer(404, "Rule was not disabled")
                                                   : StoreFailure(found.error());
  }
  if (!found->has_justification) return InternalError();  // as the original
  std::string body;
  Writer w(body);
  w.BeginObject().Key("disabledRule");
  WriteAcknowledgement(w, path->org_id, *found);
  w.Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

http::Response ListAcknowledgements(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const Result<std::vector<store::Acknowledgement>> all = call.store().Acknowledgements(*org);
  if (!all) return StoreFailure(all.error());
  std::string body;
  Writer w(body);
  w.BeginObject().Key("disabledRules").BeginArray();
  for (const store::Acknowledgement& one : *all) {
    if (!one.has_justification) return InternalError();  // as the original
    if (page->Takes({{"rule_id", one.rule}, {"error_key", one.key}})) {
      WriteAcknowledgement(w, *org, one);
    }
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
