// For debugging only: what there is, and away with it.

#include <string>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {

http::Response Organizations(const Call& call) {
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const Result<std::vector<std::int64_t>> organizations = call.store().Organizations();
  if (!organizations) return StoreFailure(organizations.error());
  std::string body;
  Writer w(body);
  w.BeginObject().Key("organizations").BeginArray();
  for (const std::int64_t org_id : *organizations) {
    if (Sees(call, org_id) && page->Takes()) w.Int(org_id);
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

http::Response RemoveOrganizations(const Call& call) {
  const Param<std::vector<std::uint32_t>> organizations = OrganizationsParam(call);
  if (!organizations) return organizations.error();
  for (const std::uint32_t org_id : *organizations) {
    if (const Param<void> permitted = PermitPath(call, org_id); !permitted) {
      return permitted.error();
    }
  }
  for (const std::uint32_t org_id : *organizations) {
    const Result<std::size_t> removed = call.store().RemoveResultsOfOrganization(org_id);
    if (!removed) return StoreFailure(removed.error());
  }
  return OkAnswer();
}

http::Response RemoveClusters(const Call& call) {
  const Param<std::vector<std::string>> clusters = ClustersParam(call);
  if (!clusters) return clusters.error();
  // Where others are closed, a cluster of theirs and one that is not there are told alike.
  if (call.asker && call.service.options.close_other_organizations) {
    for (const std::string& cluster : *clusters) {
      if (const Param<std::int64_t> owner = OwnerOf(call, cluster); !owner) return owner.error();
    }
  }
  for (const std::string& cluster : *clusters) {
    const Result<std::size_t> removed = call.store().RemoveResultOfCluster(cluster);
    if (!removed) return StoreFailure(removed.error());
  }
  return OkAnswer();
}

}  // namespace insightd::api::aggregator
