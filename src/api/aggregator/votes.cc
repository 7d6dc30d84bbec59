// Votes of users on hits.

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/hit_path.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {
namespace {

http::Response Vote(const Call& call, std::int32_t vote) {
  const Param<HitPath> hit = HitPathOf(call);
  if (!hit) return hit.error();
  const Param<std::string> user = UserParam(call);
  if (!user) return user.error();
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitOrganization(call, hit->owner); !permitted) {
    return permitted.error();
  }
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  std::string message;
  if (!call.request.body.empty()) {
    Param<std::string> given = FeedbackBody(call, "message", "feedback message");
    if (!given) return given.error();
    message = *std::move(given);
  }
  const Result<void> put = call.store().PutVote(*org, hit->name(), *user, vote, message);
  if (!put) {
    return put.error().code() == Code::kNotFound ? NotFound(hit->cluster)
                                                 : StoreFailure(put.error());
  }
  call.service.feedback.Add();
  return OkAnswer();
}

}  // namespace

http::Response Like(const Call& call) { return Vote(call, 1); }
http::Response Dislike(const Call& call) { return Vote(call, -1); }
http::Response ResetVote(const Call& call) { return Vote(call, 0); }

http::Response GetVote(const Call& call) {
  const Param<HitPath> hit = HitPathOf(call);
  if (!hit) return hit.error();
  const Param<std::string> user = UserParam(call);
  if (!user) return user.error();
  if (const Param<void> permitted = PermitOrganization(call, hit->owner); !permitted) {
    return permitted.error();
  }
  const Result<std::int32_t> vote = call.store().FindVote(hit->name(), *user);
  if (!vote) {
    return vote.error().code() == Code::kNotFound
               ? NotFound(fmt::format("{}/{}/{}", hit->cluster, hit->rule, *user))
               : StoreFailure(vote.error());
  }
  std::string body;
  Writer w(body);
  w.BeginObject().Key("status").String("ok").Key("vote").Int(*vote).EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
