// The handlers of the API, one file a subject; see aggregator.cc for which path has which.
#pragma once

#include "api/aggregator/call.h"
#include "http/router.h"

namespace insightd::api::aggregator {

// about.cc
http::Response Main(const Call& call);
http::Response Info(const Call& call);
http::Response Metrics(const Call& call);
http::Response OpenApi(const Call& call);
http::Response Profile(const Call& call);

// clusters.cc
Param<Ask> Clusters(const Call& call);

// report.cc
Param<Ask> Report(const Call& call);
http::Response ReportInfo(const Call& call);

// single_hit.cc
http::Response SingleRule(const Call& call);

// reports.cc
http::Response ReportsInPath(const Call& call);
http::Response ReportsInBody(const Call& call);

// votes.cc
http::Response Like(const Call& call);
http::Response Dislike(const Call& call);
http::Response ResetVote(const Call& call);
http::Response GetVote(const Call& call);

// toggles.cc
http::Response DisableForCluster(const Call& call);
http::Response EnableForCluster(const Call& call);
http::Response DisabledInOrganization(const Call& call);
http::Response DisabledForClusters(const Call& call);
http::Response ClustersWithDisabledRule(const Call& call);

// reasons.cc
http::Response PutReason(const Call& call);
http::Response ReasonsOfUser(const Call& call);

// acknowledgements.cc
http::Response Acknowledge(const Call& call);
http::Response Withdraw(const Call& call);
http::Response UpdateAcknowledgement(const Call& call);
http::Response GetAcknowledgement(const Call& call);
http::Response ListAcknowledgements(const Call& call);

// ratings.cc
http::Response PutRating(const Call& call);
http::Response GetRating(const Call& call);

// recommendations.cc
http::Response ClustersDetail(const Call& call);
http::Response RecommendationList(const Call& call);
http::Response ClustersRecommendations(const Call& call);

// workloads.cc
http::Response WorkloadsOfOrganization(const Call& call);
http::Response WorkloadsOfClusters(const Call& call);
http::Response WorkloadsOfNamespace(const Call& call);

// debug.cc
http::Response Organizations(const Call& call);
http::Response RemoveOrganizations(const Call& call);
http::Response RemoveClusters(const Call& call);

}  // namespace insightd::api::aggregator
