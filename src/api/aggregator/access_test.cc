// Who is let in, and to what.

#include "api/testing/aggregator_fixture.h"

namespace insightd::api {
namespace {

using http::Method;
using testing::kFirst;
using testing::kUnknown;

const std::string kHit = "clusters/" + kFirst + "/rules/a.b.report/error_key/K/";
const std::string kToOrganization1 =
    "you have no permissions to get or change info about the organization with ID 1; you can "
    "access info about organization with ID 2";

// As the original: identities are asked for, other organisations are open.
class AccessTest : public testing::AggregatorTest {
 protected:
  AccessTest() : AggregatorTest(Options()) {}

  static AggregatorOptions Options() {
    AggregatorOptions options;
    options.auth = true;
    options.debug = true;
    options.close_other_organizations = false;
    return options;
  }
  void Close() {
    AggregatorOptions options = Options();
    options.close_other_organizations = true;
    Start(options);
  }
};

TEST_F(AccessTest, ChecksIdentitiesInTheOrderOfTheOriginal) {
  const auto refused = [&](const std::string& header, const std::string& text) {
    headers_ = {{"x-rh-identity", header}};
    ExpectError(Get("info"), 401, text);
  };
  const std::string malformed = "Malformed authentication token";
  ExpectError(Get("info"), 401, "Missing auth token");
  refused("", "Missing auth token");
  refused("?", malformed);
  refused(EncodeBase64("{}").substr(0, 3), malformed);
  for (const char* token :
       {"[]", "{", "{} {}", R"({"identity":[]})", R"({"identity":{"org_id":1}})",
        R"({"identity":{"org_id":""}})", R"({"identity":{"org_id":"-1"}})",
        R"({"identity":{"org_id":"4294967296"}})", R"({"identity":{"org_id":"1","type":1}})",
        R"({"identity":{"org_id":"1","account_number":1}})",
        R"({"identity":{"org_id":"1","user":{"user_id":1}}})",
        R"({"identity":{"org_id":"1","service_account":{"client_id":1}}})"}) {
    refused(EncodeBase64(token), malformed);
  }
  for (const char* token :
       {"null", "{}", R"({"identity":null})", R"({"identity":{"org_id":null}})",
        R"({"identity":{"org_id":"0"}})", R"({"identity":{"internal":{"org_id":"1"}}})"}) {
    refused(EncodeBase64(token),
            "error retrieving requester org_id from token. account_number [], user data "
            "[{Username: Email: UserID:0}]");
  }
  refused(EncodeBase64(R"({"Identity":{"account_number":"7","user":{"username":"<u>","email":"e",)"
                       R"("user_id":"5"}}})"),
          "error retrieving requester org_id from token. account_number [7], user data "
          R"([{Username:\u003cu\u003e Email:e UserID:5}])");
}

TEST_F(AccessTest, LetsGoodIdentitiesIn) {
  std::string header = EncodeBase64(R"({"identity":{"ORG_ID":"007","x":{"y":[1]}},"z":1})");
  header.insert(5, "\r\n");
  headers_ = {{"X-RH-Identity", header}};
  EXPECT_EQ(Get("info").status, 200);
}

TEST_F(AccessTest, FailsWithAnotherKindOfAuthentication) {
  AggregatorOptions options = Options();
  options.auth_type = "jwt";
  Start(options);
  ExpectError(Get("info"), 401, "Missing auth token");
  headers_ = {{"x-rh-identity", "?"}};
  ExpectError(Get("info"), 401, "Malformed authentication token");
  AskAs("no JSON");
  ExpectError(Get("info"), 500, "Internal Server Error");
}

TEST_F(AccessTest, AsksBeforeABodyIsThere) {
  http::Request request;
  request.method = Method::kPost;
  request.target = std::string(kPrefix) + "organization/1/workloads";
  ASSERT_TRUE(http::SplitTarget(request));
  const auto at_head = [&] {
    const auto match = router_->Find(request);
    return std::get<const http::Router::Route*>(match)->guard(request);
  };
  ExpectError(std::get<http::Response>(at_head()), 401, "Missing auth token");
  AskAsOrganization("1");
  request.headers = headers_;
  const http::AnswerOrWork let_in = at_head();
  request.body = "{";
  EXPECT_EQ(std::get<http::Work>(let_in)().status, 500) << "cut off";

  const std::string metrics = registry_.Text();
  const std::string endpoint = R"({endpoint="/api/v1/organization/{org_id}/workloads")";
  for (const char* line : {"requests|} 2", R"(status_codes|,status_code="401"} 1)",
                           R"(status_codes|,status_code="500"} 1)", "response_time_count|} 2"}) {
    std::string text = std::string("\napi_endpoints_") + line + "\n";
    text.replace(text.find('|'), 1, endpoint);
    EXPECT_NE(metrics.find(text), std::string::npos) << text;
  }
}

TEST_F(AccessTest, AsksForNoneWhereTheTargetIsJustThePath) {
  for (const char* path : {"metrics", "metrics?", "openapi.json", "openapi.json?"}) {
    EXPECT_EQ(Get(path).status, 200) << path;
  }
  EXPECT_EQ(Get("metrics?x=1").status, 401);
  EXPECT_EQ(Get("metrics/").status, 401) << "before it is moved";
  EXPECT_EQ(Get("info/").status, 401);
  EXPECT_EQ(Get("nothing").status, 404);
  EXPECT_EQ(Send(Method::kOptions, "info").status, 200);
  AskAsOrganization("1");
  EXPECT_EQ(Get("info/").status, 301);
}

TEST_F(AccessTest, ComparesOrganizationsWhereTheOriginalDoes) {
  AskAsOrganization("2");
  ExpectError(Get("organizations/1/clusters"), 403, kToOrganization1);
  ExpectError(Put(kHit + "organizations/2/disable"), 403, kToOrganization1);
  ExpectError(Put(kHit + "organizations/x/disable"), 403, kToOrganization1);
  ExpectError(Put(kHit + "organizations/2/users/me/like", "{"), 403, kToOrganization1);
  ExpectError(Get(kHit + "users/me/get_vote"), 403, kToOrganization1);
  EXPECT_EQ(Get("organizations/1/clusters/" + kFirst + "/users/me/report").status, 200);
  EXPECT_EQ(Get("rules/organizations/1/disabled").status, 200);
  AskAsOrganization("1");
  ExpectAnswer(Put(kHit + "organizations/2/disable"), R"({"status":"ok"})");
}

TEST_F(AccessTest, ClosesOtherOrganizationsWhereThatIsSet) {
  AskAsOrganization("1");
  EXPECT_EQ(Post(kHit + "organizations/1/users/me/disable_feedback", R"({"message":"m"})").status,
            200);
  Close();
  const std::string rule = "rules/a.b/error_key/K/organizations/1/";
  AskAsOrganization("2");
  for (const std::string& path :
       {"organizations/1/clusters/" + kFirst + "/users/me/report",
        "organizations/1/clusters/" + kFirst + "/users/me/report/info",
        "organizations/1/clusters/" + kFirst + "/users/me/rules/a%7CK",
        "organizations/1/clusters/" + kFirst + "/reports",
        std::string("rules/organizations/1/disabled"),
        std::string("rules/organizations/1/disabled_system_wide"),
        std::string("clusters/rules/a.b/error_key/K/organizations/1/disabled"), rule,
        std::string("rules/a.b%7CK/organizations/1/rating"),
        std::string("rules/a.b%7CK/organizations/1/users/me/clusters_detail"),
        std::string("organization/1/workloads"),
        "organization/1/namespace/n/cluster/" + kFirst + "/workloads"}) {
    ExpectError(Get(path), 403, kToOrganization1);
  }
  for (const char* path :
       {"organizations/1/clusters/reports", "rules/organizations/1/disabled_for_clusters",
        "rules/organizations/1/rating", "recommendations/organizations/1/users/me/list",
        "clusters/organizations/1/users/me/recommendations", "organization/1/workloads"}) {
    const std::string body = std::string(path).ends_with("rating") ? R"({"rule":"a|b"})" : "[]";
    ExpectError(Post(path, body), 403, kToOrganization1);
  }
  ExpectError(Put(rule + "disable", "{}"), 403, kToOrganization1);
  ExpectError(Put(rule + "enable"), 403, kToOrganization1);
  ExpectError(Post(rule + "update", "{}"), 403, kToOrganization1);
  ExpectAnswer(Get("rules/users/me/disabled/feedback"), R"({"reasons":[],"status":"ok"})");
  ExpectAnswer(Get("organizations"), R"({"organizations":[],"status":"ok"})");
  ExpectError(Send(Method::kDelete, "organizations/1"), 403, kToOrganization1);
  for (const std::string& cluster : {kFirst, kUnknown}) {
    ExpectError(Send(Method::kDelete, "clusters/" + cluster), 404,
                "Item with ID " + cluster + " was not found in the storage");
  }
  AskAsOrganization("1");
  EXPECT_EQ(Get("organizations/1/clusters/" + kFirst + "/users/me/report").status, 200);
  EXPECT_NE(Get("rules/users/me/disabled/feedback").body.find(kFirst), std::string::npos);
}

TEST_F(AccessTest, DoesNotTellAClosedClusterFromNone) {
  Close();
  AskAsOrganization("2");
  ExpectError(Put(kHit + "organizations/2/disable"), 404,
              "Item with ID " + kFirst + " was not found in the storage");
  ExpectError(Put("clusters/" + kUnknown + "/rules/a/error_key/K/organizations/2/disable"), 404,
              "Item with ID " + kUnknown + " was not found in the storage");
  AskAsOrganization("1");
  ExpectError(Put(kHit + "organizations/2/disable"), 403,
              "you have no permissions to get or change info about the organization with ID 2; "
              "you can access info about organization with ID 1");
}

}  // namespace
}  // namespace insightd::api
