#include "api/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"

namespace insightd::api {
namespace {

constexpr log::Logger kLog("api");
// After so many different ones no more are logged.
constexpr std::size_t kUnknownMax = 1000;
constexpr std::string_view kNoDate = "0001-01-01T00:00:00Z";

}  // namespace

PublicContext::PublicContext(const PublicParts& given_parts, const Settings& settings,
                             const Build& given_build)
    : parts(given_parts), build(given_build) {
  for (const std::string& text : settings.internal_rules_organizations) {
    std::uint32_t org = 0;
    std::from_chars(text.data(), text.data() + text.size(), org);
    internal_organizations_.insert(org);  // a text that is no number lets nobody in
  }
}

Param<http::Caller> PublicContext::Identify(const http::Request& request) const {
  const auto caller = parts.identity->Identify(request);
  if (caller) return *caller;
  switch (caller.error()) {
    case http::IdentityProblem::kMissing:
      return tl::unexpected(http::ErrorResponse(403, "Missing auth token"));
    case http::IdentityProblem::kNotBase64:
    case http::IdentityProblem::kNotJson:
    case http::IdentityProblem::kNoType:
      return tl::unexpected(http::ErrorResponse(403, "Malformed authentication token"));
    case http::IdentityProblem::kNoOrganization:
      return tl::unexpected(
          http::ErrorResponse(403, "error retrieving requester org_id from token"));
  }
  __builtin_unreachable();
}

bool PublicContext::Shows(const content::RuleContent& rule, std::uint32_t org_id) const {
  return !rule.is_internal || internal_organizations_.empty() ||
         internal_organizations_.count(org_id) > 0;
}

void PublicContext::NoteUnknown(std::string_view module, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  if (unknown_.size() >= kUnknownMax) return;
  if (!unknown_.insert(fmt::format("{}|{}", module, key)).second) return;
  kLog.Warn("", fmt::format("hits of {}|{} are not shown: the rule pack does not have it; add its "
                            "texts or wait for the next results",
                            module, key));
}

Acknowledged::Acknowledged(std::vector<store::Acknowledgement> all) {
  for (store::Acknowledgement& one : all) {
    std::string selector = fmt::format("{}|{}", content::ModuleOf(one.rule), one.key);
    by_selector_.emplace(std::move(selector), std::move(one));
  }
}

const store::Acknowledgement* Acknowledged::Find(const content::RuleContent& rule) const {
  if (by_selector_.empty()) return nullptr;
  const auto found = by_selector_.find(rule.Selector());
  return found == by_selector_.end() ? nullptr : &found->second;
}

int TotalRisk(const content::RuleContent& rule) { return std::clamp(rule.total_risk, 1, 4); }

bool HasPublishDate(const content::RuleContent& rule) {
  return !rule.publish_date.empty() && rule.publish_date != kNoDate;
}

}  // namespace insightd::api
