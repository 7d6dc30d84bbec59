#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {
namespace {

// More than a hundred years is all there is.
constexpr std::int64_t kOverviewHoursMax = 1'000'000;

}  // namespace

http::Response Clusters(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call, "organization");
  if (!org) return org.error();
  if (const Param<void> permitted = PermitOrganization(call, *org); !permitted) {
    return permitted.error();
  }
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const std::chrono::hours age_max(
      std::clamp<std::int64_t>(call.service.options.overview_hours_max, 0, kOverviewHoursMax));
  const Result<store::TextList> clusters =
      call.store().ClustersSince(*org, call.service.parts.clock->Now() - age_max);
  if (!clusters) return StoreFailure(clusters.error());
  constexpr std::size_t kClusterBytes = 40;
  std::string body;
  body.reserve(clusters->size() * kClusterBytes + 64);
  Writer w(body);
  w.BeginObject().Key("clusters").BeginArray();
  for (const std::string_view cluster : *clusters) {
    if (page->Takes({{"cluster", cluster}})) w.String(cluster);
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
