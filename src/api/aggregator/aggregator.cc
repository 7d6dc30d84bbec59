#include "api/aggregator/aggregator.h"

#include <memory>

#include "api/aggregator/endpoints.h"
#include "api/aggregator/handlers.h"

namespace insightd::api {
namespace {

using aggregator::AskHandler;
using aggregator::Endpoints;
using aggregator::Handler;
using aggregator::RouteManner;
using aggregator::Storage;
using http::Method;

template <class Function>
struct RowOf {
  Method method;
  const char* path;
  Function handler;
  RouteManner manner = {};
};
using Row = RowOf<Handler>;

constexpr RouteManner kWithOptions = {.takes_options = true};
constexpr RouteManner kWithBody = {.reads_body = true};
constexpr RouteManner kWithBoth = {.takes_options = true, .reads_body = true};
constexpr RouteManner kOfWorkloads = {.storage = Storage::kWorkloads};
constexpr RouteManner kOfWorkloadsWithBody = {.storage = Storage::kWorkloads, .reads_body = true};
constexpr RouteManner kOfNothing = {.storage = Storage::kNone};
constexpr RouteManner kOpen = {.storage = Storage::kNone, .open = true, .counts_success = false};

// A hit of a cluster; a rule of an organisation.
#define ON_HIT "clusters/{cluster}/rules/{rule_id}/error_key/{error_key}/"
#define ON_RULE "rules/{rule_id}/error_key/{error_key}/organizations/{org_id}/"
#define OF_USER "organizations/{org_id}/clusters/{cluster}/users/{user_id}/"

constexpr Row kRows[] = {
    {Method::kGet, "", aggregator::Main, kOfNothing},
    {Method::kGet, "info", aggregator::Info, {.storage = Storage::kNone, .takes_options = true}},
    {Method::kGet, OF_USER "report/info", aggregator::ReportInfo, kWithOptions},
    {Method::kGet, OF_USER "rules/{rule_id}", aggregator::SingleRule, kWithOptions},
    {Method::kGet, "organizations/{org_id}/clusters/{cluster_list}/reports",
     aggregator::ReportsInPath},
    {Method::kPost, "organizations/{org_id}/clusters/reports", aggregator::ReportsInBody,
     kWithBody},
    {Method::kPut, ON_HIT "organizations/{org_id}/users/{user_id}/like", aggregator::Like,
     kWithBoth},
    {Method::kPut, ON_HIT "organizations/{org_id}/users/{user_id}/dislike", aggregator::Dislike,
     kWithBoth},
    {Method::kPut, ON_HIT "organizations/{org_id}/users/{user_id}/reset_vote",
     aggregator::ResetVote, kWithBoth},
    {Method::kPut, ON_HIT "organizations/{org_id}/disable", aggregator::DisableForCluster,
     kWithOptions},
    {Method::kPut, ON_HIT "organizations/{org_id}/enable", aggregator::EnableForCluster,
     kWithOptions},
    {Method::kPost, ON_HIT "organizations/{org_id}/users/{user_id}/disable_feedback",
     aggregator::PutReason, kWithBody},
    {Method::kGet, "rules/organizations/{org_id}/disabled", aggregator::DisabledInOrganization},
    {Method::kPost, "rules/organizations/{org_id}/disabled_for_clusters",
     aggregator::DisabledForClusters, kWithBoth},
    {Method::kGet, "rules/users/{user_id}/disabled/feedback", aggregator::ReasonsOfUser},
    {Method::kGet, "clusters/rules/{rule_id}/error_key/{error_key}/organizations/{org_id}/disabled",
     aggregator::ClustersWithDisabledRule},
    {Method::kPut, ON_RULE "disable", aggregator::Acknowledge, kWithBoth},
    {Method::kPut, ON_RULE "enable", aggregator::Withdraw, kWithOptions},
    {Method::kPost, ON_RULE "update", aggregator::UpdateAcknowledgement, kWithBoth},
    {Method::kGet, ON_RULE, aggregator::GetAcknowledgement},
    {Method::kGet, "rules/organizations/{org_id}/disabled_system_wide",
     aggregator::ListAcknowledgements},
    {Method::kPost, "rules/organizations/{org_id}/rating", aggregator::PutRating, kWithBody},
    {Method::kGet, "rules/{rule_selector}/organizations/{org_id}/rating", aggregator::GetRating},
    {Method::kGet, "rules/{rule_selector}/organizations/{org_id}/users/{user_id}/clusters_detail",
     aggregator::ClustersDetail, kWithBody},
    {Method::kPost, "recommendations/organizations/{org_id}/users/{user_id}/list",
     aggregator::RecommendationList, kWithBoth},
    {Method::kPost, "clusters/organizations/{org_id}/users/{user_id}/recommendations",
     aggregator::ClustersRecommendations, kWithBoth},
    {Method::kGet, "organization/{org_id}/workloads", aggregator::WorkloadsOfOrganization,
     kOfWorkloads},
    {Method::kPost, "organization/{org_id}/workloads", aggregator::WorkloadsOfClusters,
     kOfWorkloadsWithBody},
    {Method::kGet, "organization/{org_id}/namespace/{namespace}/cluster/{cluster}/workloads",
     aggregator::WorkloadsOfNamespace, kOfWorkloads},
};

// What is asked for most.
constexpr RowOf<AskHandler> kAskRows[] = {
    {Method::kGet, "organizations/{organization}/clusters", aggregator::Clusters},
    {Method::kGet, OF_USER "report", aggregator::Report, kWithOptions},
};

constexpr Row kDebugRows[] = {
    {Method::kGet, "organizations", aggregator::Organizations},
    {Method::kDelete, "organizations/{organizations}", aggregator::RemoveOrganizations},
    {Method::kDelete, "clusters/{clusters}", aggregator::RemoveClusters},
    {Method::kGet, ON_HIT "users/{user_id}/get_vote", aggregator::GetVote},
};

void AddDebugRoutes(Endpoints& endpoints) {
  for (const Row& row : kDebugRows) {
    endpoints.Add(row.method, row.path, row.handler, row.manner);
  }
  constexpr RouteManner kProfile = {.storage = Storage::kNone, .below_prefix = false};
  for (const Method method : {Method::kGet, Method::kPost}) {
    endpoints.Add(method, "/debug/pprof/", aggregator::Profile, kProfile);
    endpoints.Add(method, "/debug/pprof/{profile}", aggregator::Profile, kProfile);
  }
}

}  // namespace

void RegisterAggregator(http::Router& router, const AggregatorParts& parts,
                        const AggregatorOptions& options) {
  router.HideMethods();
  const auto service = std::make_shared<const aggregator::Service>(parts, options);
  Endpoints endpoints(router, service);
  for (const Row& row : kRows) endpoints.Add(row.method, row.path, row.handler, row.manner);
  for (const RowOf<AskHandler>& row : kAskRows) {
    endpoints.Add(row.method, row.path, row.handler, row.manner);
  }
  if (parts.metrics != nullptr) {
    endpoints.Add(Method::kGet, "metrics", aggregator::Metrics, kOpen);
  }
  endpoints.Add(Method::kGet, service->spec.name(), aggregator::OpenApi, kOpen);
  if (options.debug) AddDebugRoutes(endpoints);
}

}  // namespace insightd::api
