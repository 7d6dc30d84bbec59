// Parameters of this API, checked with the texts of the original. Nothing is normalised: what is
// given is looked up, and shown, as it came.
//
// Not api/params.h, whose clients give clusters in any form and get them in one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/aggregator/call.h"

namespace insightd::api::aggregator {

// An organisation in the route's variable of that name: 1 to 4294967295.
Param<std::uint32_t> OrganizationParam(const Call& call, std::string_view name = "org_id");
Param<std::string> ClusterParam(const Call& call);
Param<std::string> UserParam(const Call& call);
Param<std::string> RuleParam(const Call& call);
Param<std::string> KeyParam(const Call& call);
Param<std::string> SelectorParam(const Call& call);  // `rule_selector`
Param<std::string> NamespaceParam(const Call& call);

struct RuleAndKey {
  std::string rule;
  std::string key;
};
// `<rule>|<key>`; the reason, with the text of the original, where it is none.
tl::expected<RuleAndKey, std::string> SplitRule(std::string_view text);

// Lists for debugging.
Param<std::vector<std::uint32_t>> OrganizationsParam(const Call& call);
Param<std::vector<std::string>> ClustersParam(const Call& call);

std::vector<std::string> SplitAtCommas(std::string_view text);

}  // namespace insightd::api::aggregator
