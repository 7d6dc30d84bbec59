#include <algorithm>
#include <chrono>
#include <optional>
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

http::Response ClustersAnswer(const Result<store::TextList>& clusters, Page page) {
  if (!clusters) return StoreFailure(clusters.error());
  constexpr std::size_t kClusterBytes = 40;
  std::string body;
  body.reserve(clusters->size() * kClusterBytes + 64);
  Writer w(body);
  w.BeginObject().Key("clusters").BeginArray();
  for (const std::string_view cluster : *clusters) {
    if (page.Takes({{"cluster", cluster}})) w.String(cluster);
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace

Param<Ask> Clusters(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call, "organization");
  if (!org) return tl::unexpected(org.error());
  if (const Param<void> permitted = PermitOrganization(call, *org); !permitted) {
    return tl::unexpected(permitted.error());
  }
  const Param<Page> page = Page::Of(call);
  if (!page) return tl::unexpected(page.error());
  const std::chrono::hours age_max(
      std::clamp<std::int64_t>(call.service.options.overview_hours_max, 0, kOverviewHoursMax));
  const Time since = call.service.parts.clock->Now() - age_max;
  return [&store = call.store(), org = *org, since, page = *page](http::Done done) {
    store.FewClustersSince(org, since, [=, &store](Result<std::optional<store::TextList>> few) {
      if (!few) {
        done(StoreFailure(few.error()));
      } else if (*few) {
        done(ClustersAnswer(**std::move(few), page));
      } else {
        // So many that a thread has to wait for them.
        done([=, &store] { return ClustersAnswer(store.ClustersSince(org, since), page); });
      }
    });
  };
}

}  // namespace insightd::api::aggregator
