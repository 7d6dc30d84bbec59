#include "api/aggregator_api.h"

#include <gtest/gtest.h>

#include "api/testing/fleet.h"
#include "base/json.h"

namespace insightd::api {
namespace {

using testing::kFirst;
using testing::kUnknown;

class AggregatorApiTest : public ::testing::Test {
 protected:
  AggregatorApiTest() {
    RegisterAggregatorApi(router_, fleet_.store(), SystemClock(), {},
                          {.version = "1.0.0", .commit = "abc"});
  }
  http::Response Get(const std::string& path) {
    http::Request request;
    request.target = "/api/v1/" + path;
    return router_.Answer(std::move(request));
  }
  void ExpectError(const std::string& path, int status, const std::string& message) {
    const http::Response response = Get(path);
    EXPECT_EQ(response.status, status) << path;
    EXPECT_EQ(response.body, "{\"status\":\"" + message + "\"}\n") << path;
  }

  testing::Fleet fleet_;
  http::Router router_;
};

TEST_F(AggregatorApiTest, ReportsAClusterAsItIsStored) {
  const http::Response response = Get("organizations/1/clusters/" + kFirst + "/users/me/report");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*http::FindHeader(response.headers, "content-type"), "application/json; charset=utf-8");
  const auto document = json::Parse(response.body).value();
  const json::Value report = document.root()["report"];
  EXPECT_EQ(report["meta"].ToText(),
            R"({"cluster_name":"","count":4,"last_checked_at":"2026-08-01T10:00:00Z",)"
            R"("gathered_at":"2026-08-01T09:58:20Z"})");
  EXPECT_EQ(report["reports"].size(), 4u);
  EXPECT_NE(response.body.find(
                R"("component":"p.external.rules.high.report","key":"HIGH","user_vote":0,)"
                R"("disabled":false,"disable_feedback":"","disabled_at":"",)"
                R"("details":{"nodes":[{"name":"n1"}],"x":1.50,"type":"rule","error_key":"HIGH"},)"
                R"("impacted":")"),
            std::string::npos)
      << response.body;
}

TEST_F(AggregatorApiTest, TellsCountAndTimes) {
  const http::Response response =
      Get("organizations/1/clusters/" + kFirst + "/users/%20/report/info");
  EXPECT_EQ(response.status, 200) << "the user is not looked at";
  EXPECT_TRUE(response.body.starts_with(
      R"({"metainfo":{"count":4,"last_checked_at":"2026-08-01T10:00:00Z","stored_at":")"))
      << response.body;
}

TEST_F(AggregatorApiTest, ListsClustersStoredLately) {
  EXPECT_EQ(Get("organizations/1/clusters").body,
            "{\"clusters\":[\"" + kFirst + "\",\"" + testing::kSecond + "\"],\"status\":\"ok\"}\n");
  EXPECT_EQ(Get("organizations/2/clusters").body, "{\"clusters\":[],\"status\":\"ok\"}\n");
}

TEST_F(AggregatorApiTest, ChecksParametersInTheOrderOfTheOriginal) {
  const std::string user = "/users/me/report";
  ExpectError("organizations/x/clusters/y" + user, 400,
              "Error during parsing param 'cluster' with value 'y'. Error: 'invalid UUID length: "
              "1'");
  ExpectError("organizations/x/clusters/" + kFirst + "/users/%20/report", 400,
              "Missing required param from request: user_id");
  ExpectError("organizations/x/clusters/" + kFirst + user, 400,
              "Error during parsing param 'org_id' with value 'x'. Error: 'unsigned integer "
              "expected'");
  ExpectError("organizations/0/clusters", 400,
              "Error during parsing param 'organization' with value '0'. Error: 'positive value "
              "expected'");
  ExpectError("organizations/4294967296/clusters", 400, "value 4294967296 out of range for uint32");
  ExpectError("organizations/1/clusters/urn-uuid:" + kFirst + user, 400,
              "Error during parsing param 'cluster' with value 'urn-uuid:" + kFirst +
                  "'. Error: 'invalid urn prefix: \\\"urn-uuid:\\\"'");
}

TEST_F(AggregatorApiTest, AnswersNotFoundForWhatHasNoResult) {
  for (const std::string& end : {std::string("report"), std::string("report/info")}) {
    ExpectError("organizations/7/clusters/" + kFirst + "/users/me/" + end, 404,
                "Item with ID 7/" + kFirst + " was not found in the storage");
    ExpectError("organizations/1/clusters/" + kUnknown + "/users/me/" + end, 404,
                "Item with ID 1/" + kUnknown + " was not found in the storage");
  }
}

TEST_F(AggregatorApiTest, TellsOfItself) {
  EXPECT_EQ(Get("").body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(Get("info").body,
            R"({"info":{"BuildBranch":"*not set*","BuildCommit":"abc","BuildTime":"*not set*",)"
            R"("BuildVersion":"1.0.0","DVO_DB_version":"4","OCP_DB_version":"32",)"
            R"("UtilsVersion":"*not set*"},"status":"ok"})"
            "\n");
}

}  // namespace
}  // namespace insightd::api
