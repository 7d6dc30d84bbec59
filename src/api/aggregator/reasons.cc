// Why users have silenced hits.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/hit_path.h"
#include "api/aggregator/page.h"
#include "api/aggregator/times.h"

namespace insightd::api::aggregator {
namespace {

// Whether the caller may see what was said about a cluster; each is asked for once.
class Visible {
 public:
  explicit Visible(const Call& call) : call_(call) {}

  Result<bool> operator()(const std::string& cluster) {
    if (!call_.asker || !call_.service.options.close_other_organizations) return true;
    const auto known = known_.find(cluster);
    if (known != known_.end()) return known->second;
    const Result<std::int64_t> owner = call_.store().OrganizationOf(cluster);
    if (!owner && owner.error().code() != Code::kNotFound) return tl::unexpected(owner.error());
    return known_[cluster] = owner && Sees(call_, *owner);
  }

 private:
  const Call& call_;
  std::unordered_map<std::string, bool> known_;
};

void WriteReason(Writer& w, const store::DisableFeedback& reason) {
  w.BeginObject().Key("ClusterID").String(reason.cluster).Key("RuleID").String(reason.component);
  w.Key("ErrorKey").String(reason.key).Key("Message").String(reason.message);
  WriteNullTime(w, "AddedAt", reason.added);
  WriteNullTime(w, "UpdatedAt", reason.updated);
  w.EndObject();
}

}  // namespace

http::Response PutReason(const Call& call) {
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
  if (call.request.body.empty()) return MissingBody();
  const Param<std::string> message = FeedbackBody(call, "message", "feedback message");
  if (!message) return message.error();
  const Result<void> put = call.store().PutDisableFeedback(*org, hit->name(), *user, *message);
  if (!put) return StoreFailure(put.error());
  call.service.feedback.Add();
  std::string body;
  Writer w(body);
  w.BeginObject().Key("message").String(*message).Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

http::Response ReasonsOfUser(const Call& call) {
  const Param<std::string> user = UserParam(call);
  if (!user) return user.error();
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const Result<std::vector<store::DisableFeedback>> reasons = call.store().DisableFeedbackOf(*user);
  if (!reasons) return StoreFailure(reasons.error());
  Visible visible(call);
  std::string body;
  Writer w(body);
  w.BeginObject().Key("reasons").BeginArray();
  for (const store::DisableFeedback& reason : *reasons) {
    const Result<bool> shown = visible(reason.cluster);
    if (!shown) return StoreFailure(shown.error());
    if (*shown && page->Takes({{"cluster", reason.cluster},
                               {"rule_id", reason.component},
                               {"error_key", reason.key}})) {
      WriteReason(w, reason);
    }
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
