#include "api/aggregator/aggregator.h"

#include "api/testing/aggregator_fixture.h"

namespace insightd::api {
namespace {

using http::Method;
using testing::kFirst;

class TransportTest : public testing::AggregatorTest {};

const std::string kLike = "clusters/" + kFirst +
                          "/rules/p.external.rules.high.report/error_key/HIGH/organizations/1"
                          "/users/me/like";

TEST_F(TransportTest, MovesAPathWithASlashTooManyOrTooFew) {
  const auto location = [&](const http::Response& response) {
    EXPECT_EQ(response.status, 301);
    const std::string* value = http::FindHeader(response.headers, "location");
    return value == nullptr ? "" : *value;
  };
  EXPECT_EQ(location(Get("info/?a=b")), "/api/v1/info?a=b");
  EXPECT_EQ(location(Put(kLike + "/")), "/api/v1/" + kLike);
  EXPECT_EQ(location(Get("rules/a.b/error_key/K%7C/organizations/1")),
            "/api/v1/rules/a.b/error_key/K%7C/organizations/1/");
  EXPECT_EQ(location(Get("organizations/1/clusters/a:b,c@d/reports/")),
            "/api/v1/organizations/1/clusters/a:b,c@d/reports");
  EXPECT_EQ(Post("info/").status, 405);
}

TEST_F(TransportTest, DoesNotTellTheMethodsOfAPath) {
  for (const Method method : {Method::kHead, Method::kPost, Method::kDelete}) {
    const http::Response response = Send(method, "info");
    EXPECT_EQ(response.status, 405);
    EXPECT_TRUE(response.body.empty());
    EXPECT_TRUE(response.headers.empty());
  }
  EXPECT_EQ(Send(Method::kOptions, "organizations/1/clusters").status, 405);
  const http::Response unknown = Get("nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "404 page not found\n");
}

TEST_F(TransportTest, AnswersOptionsWithoutDoingAnything) {
  Start({.debug = true});
  const http::Response response = Send(Method::kOptions, kLike);
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(Get("clusters/" + kFirst +
                "/rules/p.external.rules.high.report/error_key/HIGH/users/me/get_vote")
                .status,
            404);
}

TEST_F(TransportTest, ServesBelowAnyPrefix) {
  Start({.api_prefix = "/"});
  http::Request request;
  request.target = "/info";
  EXPECT_EQ(router_->Answer(request).status, 200);
  request.target = "/";
  EXPECT_EQ(router_->Answer(request).body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(Get("info").status, 404);
}

TEST_F(TransportTest, TellsOfItself) {
  AggregatorOptions options;
  options.build = {.version = "1.0.0", .commit = "abc"};
  Start(options);
  ExpectAnswer(Get(""), R"({"status":"ok"})");
  ExpectAnswer(Get("info"),
               R"({"info":{"BuildBranch":"*not set*","BuildCommit":"abc","BuildTime":"*not set*",)"
               R"("BuildVersion":"1.0.0","DVO_DB_version":"4","OCP_DB_version":"32",)"
               R"("UtilsVersion":"*not set*"},"status":"ok"})");
  ExpectSchema(Get("info"), "InfoAnswer");
}

TEST_F(TransportTest, TellsNoVersionOfAStorageWithoutADatabase) {
  AggregatorOptions options;
  options.workloads_in_database = false;
  Start(options);
  const std::string body = Get("info").body;
  EXPECT_NE(body.find(R"("DVO_DB_version":"not supported","OCP_DB_version":"32")"), body.npos)
      << body;
  EXPECT_NE(Get("organization/1/workloads").status, 500) << "it is there, and empty";
}

TEST_F(TransportTest, AStorageThatKeepsNothingShowsNothingOfWhatTheDatabaseHas) {
  AggregatorOptions options;
  options.recommendations_in_database = false;
  options.debug = true;
  Start(options);
  ExpectAnswer(Get("organizations/1/clusters"), R"({"clusters":[],"status":"ok"})");
  ExpectAnswer(Get("organizations"), R"({"organizations":[],"status":"ok"})");
  const std::string of_first = "organizations/1/clusters/" + kFirst + "/users/u/";
  ExpectAnswer(Get(of_first + "report"),
               R"({"report":{"meta":{"cluster_name":"","count":-1,"last_checked_at":""},)"
               R"("reports":[]},"status":"ok"})");
  ExpectAnswer(Get(of_first + "report/info"),
               R"({"metainfo":{"count":-1,"last_checked_at":"","stored_at":""},"status":"ok"})");
  EXPECT_EQ(Get(of_first + "rules/p.x.report|KEY").status, 404);
  // Taken and gone, so that the database is as it was.
  EXPECT_EQ(
      Put("rules/x/error_key/KEY/organizations/1/disable", R"({"justification":"why"})").status,
      200);
  EXPECT_EQ(Send(http::Method::kDelete, "organizations/1").status, 200);
  EXPECT_EQ(fleet_.store().FindAcknowledgement(1, "x", "KEY").error().code(), Code::kNotFound);
  EXPECT_TRUE(fleet_.store().OrganizationOf(kFirst));
}

TEST_F(TransportTest, AnswersWhatAStorageLacksWithoutIt) {
  AggregatorOptions options;
  options.workloads = false;
  Start(options);
  ExpectError(Get("organization/1/workloads"), 500, "Internal Server Error");
  EXPECT_EQ(Get("organizations/1/clusters").status, 200);
  options.recommendations = false;
  router_ = std::make_unique<http::Router>();
  RegisterAggregator(*router_, {.clock = &SystemClock()}, options);
  ExpectError(Get("organizations/1/clusters"), 500, "Internal Server Error");
  EXPECT_NE(Get("info").body.find(R"("OCP_DB_version":"not supported")"), std::string::npos);
  EXPECT_EQ(Get("metrics").status, 404) << "there is no registry";
}

TEST_F(TransportTest, CountsByTheRouteWithItsPrefix) {
  AggregatorOptions options;
  options.metrics_namespace = "ns";
  Start(options);
  Get("organizations/x/clusters");
  Get("nothing");
  Send(Method::kDelete, "info");
  Put(kLike);
  Post("rules/organizations/1/rating", R"({"rule":"a.b|K","rating":1})");
  Get("openapi.json");
  const http::Response response = Get("metrics");
  EXPECT_EQ(*http::FindHeader(response.headers, "content-type"),
            "text/plain; version=0.0.4; charset=utf-8");
  const auto has = [&](const std::string& line) {
    EXPECT_NE(response.body.find("\n" + line + "\n"), std::string::npos) << line;
  };
  const std::string clusters = R"(endpoint="/api/v1/organizations/{organization}/clusters")";
  has("ns_api_endpoints_requests{" + clusters + "} 1");
  has("ns_api_endpoints_status_codes{" + clusters + R"(,status_code="400"} 1)");
  has("ns_api_endpoints_response_time_count{" + clusters + "} 1");
  has("ns_feedback_on_rules 1");
  has("rating_on_rules 1");
  has(R"(ns_api_endpoints_requests{endpoint="/api/v1/info"} 0)");
  has(R"(ns_api_endpoints_requests{endpoint="/api/v1/openapi.json"} 1)");
  EXPECT_EQ(response.body.find(R"(status_codes{endpoint="/api/v1/openapi.json")"),
            std::string::npos);
}

TEST_F(TransportTest, HasRoutesForDebuggingOnlyWhereAsked) {
  EXPECT_EQ(Get("organizations").status, 404);
  EXPECT_EQ(Send(Method::kDelete, "clusters/" + kFirst).status, 404);
  Start({.debug = true});
  EXPECT_EQ(Get("organizations").status, 200);
  http::Request request;
  request.target = "/debug/pprof/heap";
  EXPECT_EQ(router_->Answer(request).status, 404);
}

}  // namespace
}  // namespace insightd::api
