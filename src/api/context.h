// What the handlers of the public API share: who asks, what may be shown, what is silenced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/params.h"
#include "api/public_api.h"

namespace insightd::api {

// Thread-safe.
class PublicContext {
 public:
  PublicContext(const PublicParts& parts, const Settings& settings, const Build& build);

  const PublicParts parts;
  const Build build;

  // The caller, or 403 with the original's text.
  Param<http::Caller> Identify(const http::Request& request) const;
  // Whether an organisation may see a rule.
  bool Shows(const content::RuleContent& rule, std::uint32_t org_id) const;
  // A hit of a rule that the pack does not have is passed over; the first time it is logged.
  void NoteUnknown(std::string_view module, std::string_view key) const;

 private:
  std::set<std::uint32_t> internal_organizations_;
  mutable std::mutex mutex_;
  mutable std::set<std::string, std::less<>> unknown_;
};

// What an organisation has acknowledged, by "module|KEY".
class Acknowledged {
 public:
  explicit Acknowledged(std::vector<store::Acknowledgement> all);
  // Null when it is not acknowledged.
  const store::Acknowledgement* Find(const content::RuleContent& rule) const;

 private:
  std::map<std::string, store::Acknowledgement, std::less<>> by_selector_;
};

// 1 to 4.
int TotalRisk(const content::RuleContent& rule);
// Whether the pack says when the rule's text was published.
bool HasPublishDate(const content::RuleContent& rule);

// One file each.
http::Response ClusterReport(const PublicContext& context, const http::Request& request);
http::Response ClusterOutcomes(const PublicContext& context, const http::Request& request);
http::Response ClusterInfo(const PublicContext& context, const http::Request& request);
http::Response ListClusters(const PublicContext& context, const http::Request& request);
http::Response ListRecommendations(const PublicContext& context, const http::Request& request);
http::Response RuleContent(const PublicContext& context, const http::Request& request);
http::Response RuleClusters(const PublicContext& context, const http::Request& request);
http::Response UploadEnd(const PublicContext& context, const http::Request& request);

}  // namespace insightd::api
