// Clusters, their reports, recommendations and workloads.

#include <fmt/format.h>

#include "api/testing/aggregator_fixture.h"
#include "store/testing/timeless_store.h"

namespace insightd::api {
namespace {

using http::Method;
using testing::kFirst;
using testing::kSecond;
using testing::kUnknown;

class ReadingTest : public testing::AggregatorTest {
 protected:
  ReadingTest() : AggregatorTest({.debug = true}) {}
};

const std::string kOf = "organizations/1/clusters/" + kFirst + "/users/me/";

TEST_F(ReadingTest, ListsClustersStoredLately) {
  ExpectAnswer(Get("organizations/1/clusters"),
               R"({"clusters":[")" + kFirst + R"(",")" + kSecond + R"("],"status":"ok"})");
  ExpectSchema(Get("organizations/1/clusters"), "ClustersAnswer");
  ExpectAnswer(Get("organizations/4294967295/clusters"), R"({"clusters":[],"status":"ok"})");
  Start({.overview_hours_max = 0});
  ExpectAnswer(Get("organizations/1/clusters"), R"({"clusters":[],"status":"ok"})");
}

TEST_F(ReadingTest, ListsMoreClustersThanAreReadAtOnce) {
  std::vector<store::ClusterResult> results(store::Store::kFewClustersMax + 1);
  std::string names;
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].org_id = 3;
    results[i].cluster = fmt::format("{:08}-0000-4000-8000-000000000000", i);
    results[i].request_id = fmt::format("many-{}", i);
    names += (i == 0 ? "\"" : ",\"") + results[i].cluster + '"';
  }
  ASSERT_TRUE(fleet_.store().Put(results));
  ExpectAnswer(Get("organizations/3/clusters"), R"({"clusters":[)" + names + R"(],"status":"ok"})");
  ExpectAnswer(Get("organizations/3/clusters?limit=1"),
               R"({"clusters":[")" + results[0].cluster + R"("],"status":"ok"})");
}

TEST_F(ReadingTest, TakesAPageOutOfAList) {
  ExpectAnswer(Get("organizations/1/clusters?limit=1"),
               R"({"clusters":[")" + kFirst + R"("],"status":"ok"})");
  ExpectAnswer(Get("organizations/1/clusters?offset=1&limit=5"),
               R"({"clusters":[")" + kSecond + R"("],"status":"ok"})");
  ExpectAnswer(Get("organizations/1/clusters?limit=0"), R"({"clusters":[],"status":"ok"})");
  ExpectAnswer(Get("organizations/1/clusters?cluster=" + kSecond + "&rule_id=x"),
               R"({"clusters":[")" + kSecond + R"("],"status":"ok"})");
  ExpectError(Get("organizations/1/clusters?limit=-1"), 400,
              "Error during parsing param 'limit' with value '-1'. Error: 'unsigned integer "
              "expected'");
  ExpectError(Get("organizations/1/clusters?offset="), 400,
              "Error during parsing param 'offset' with value ''. Error: 'unsigned integer "
              "expected'");
}

TEST_F(ReadingTest, ReportsAClusterAsItIsStored) {
  const http::Response response = Get(kOf + "report");
  ExpectSchema(response, "ReportAnswer");
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

TEST_F(ReadingTest, TellsCountAndTimesWithoutLookingAtTheUser) {
  const http::Response response =
      Get("organizations/1/clusters/" + kFirst + "/users/%20/report/info");
  ExpectSchema(response, "ReportInfoAnswer");
  EXPECT_TRUE(response.body.starts_with(
      R"({"metainfo":{"count":4,"last_checked_at":"2026-08-01T10:00:00Z","stored_at":")"))
      << response.body;
}

TEST_F(ReadingTest, MakesUpNoTimeWhereNobodyWroteOne) {
  store::testing::TimelessStore store(fleet_.store());
  Start({.debug = true}, &store);
  ExpectError(Get(kOf + "report"), 500, "Internal Server Error");
  ExpectError(Get(kOf + "report/info"), 500, "Internal Server Error");
  const http::Response detail =
      Get("rules/p.external.rules.low%7CLOW/organizations/1/users/me/clusters_detail");
  ExpectSchema(detail, "ClustersDetailAnswer");
  EXPECT_NE(detail.body.find(R"("last_checked_at":"","impacted":"")"), std::string::npos)
      << detail.body;
  const http::Response lists =
      Post("clusters/organizations/1/users/me/recommendations", R"([")" + kSecond + R"("])");
  ExpectSchema(lists, "ClustersRecommendationsAnswer");
  EXPECT_NE(lists.body.find(R"("created_at":"0001-01-01T00:00:00Z")"), std::string::npos)
      << lists.body;
}

TEST_F(ReadingTest, ShowsDetailsThatAreNoJsonAsBase64) {
  const store::ClusterResult result{
      .org_id = 3,
      .cluster = kUnknown,
      .last_checked = *ParseTime("2026-08-01T10:00:00Z"),
      .report = "no JSON",
      .hits = {{"a.report", "EMPTY", ""}, {"a.report", "TEXT", "no JSON"}}};
  ASSERT_TRUE(fleet_.store().Put({&result, 1}));
  const std::string of = "organizations/3/clusters/" + kUnknown;
  const std::string body = Get(of + "/users/me/report").body;
  EXPECT_NE(body.find(R"("details":"","impacted")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("details":"bm8gSlNPTg==","impacted")"), std::string::npos) << body;
  const http::Response single = Get(of + "/users/me/rules/a.report%7CTEXT");
  EXPECT_NE(single.body.find(R"("details":"bm8gSlNPTg==")"), std::string::npos) << single.body;
  ExpectSchema(single, "SingleHitAnswer");
  EXPECT_EQ(Get(of + "/reports").body, "{\n\t\"clusters\": null,\n\t\"errors\": [\n\t\t\"" +
                                           kUnknown +
                                           "\"\n\t],\n\t\"reports\": {},\n\t\"generated_at\": "
                                           "\"\",\n\t\"status\": \"ok\"\n}");
}

TEST_F(ReadingTest, FailsOnAHitWithoutName) {
  const store::ClusterResult result{.org_id = 3,
                                    .cluster = kUnknown,
                                    .last_checked = *ParseTime("2026-08-01T10:00:00Z"),
                                    .report = "{}",
                                    .hits = {{"a.report", "", "{}"}}};
  ASSERT_TRUE(fleet_.store().Put({&result, 1}));
  ExpectError(Get("organizations/3/clusters/" + kUnknown + "/users/me/report"), 500,
              "Internal Server Error");
}

TEST_F(ReadingTest, ChecksParametersInTheOrderOfTheOriginal) {
  const std::string user = "/users/me/report";
  ExpectError(Get("organizations/x/clusters/y" + user), 400,
              "Error during parsing param 'cluster' with value 'y'. Error: 'invalid UUID length: "
              "1'");
  ExpectError(Get("organizations/x/clusters/" + kFirst + "/users/%20%C2%A0/report"), 400,
              "Missing required param from request: user_id");
  ExpectError(Get("organizations/1/clusters/" + kFirst + "/users/%00/report"), 400,
              "Error during validating param 'user_id' with value '\\u0000'. Error: 'it must be "
              "UTF-8 without NUL'");
  ExpectError(Get("organizations/+1/clusters/" + kFirst + user), 400,
              "Error during parsing param 'org_id' with value '+1'. Error: 'unsigned integer "
              "expected'");
  ExpectError(Get("organizations/000/clusters"), 400,
              "Error during parsing param 'organization' with value '000'. Error: 'positive value "
              "expected'");
  ExpectError(Get("organizations/4294967296/clusters"), 400,
              "value 4294967296 out of range for uint32");
  ExpectError(Get("organizations/18446744073709551616/clusters"), 400,
              "Error during parsing param 'organization' with value '18446744073709551616'. Error: "
              "'unsigned integer expected'");
  ExpectError(Get("organizations/1/clusters/urn-uuid:" + kFirst + user), 400,
              "Error during parsing param 'cluster' with value 'urn-uuid:" + kFirst +
                  "'. Error: 'invalid urn prefix: \\\"urn-uuid:\\\"'");
}

TEST_F(ReadingTest, LooksClustersUpAsTheyAreGiven) {
  std::string capitals = kFirst;
  for (char& c : capitals) c = static_cast<char>(std::toupper(c));
  for (const char* end : {"report", "report/info", "rules/a%7CB"}) {
    const std::string id = std::string(end) == "rules/a%7CB" ? "/a/B" : "";
    ExpectError(Get("organizations/1/clusters/" + capitals + "/users/me/" + end), 404,
                "Item with ID 1/" + capitals + id + " was not found in the storage");
    ExpectError(Get("organizations/4294967295/clusters/" + kFirst + "/users/me/" + end), 404,
                "Item with ID 4294967295/" + kFirst + id + " was not found in the storage");
  }
}

TEST_F(ReadingTest, ShowsASingleHit) {
  const http::Response response = Get(kOf + "rules/p.external.rules.high.report%7CHIGH");
  ExpectAnswer(response,
               R"({"report":{"component":"p.external.rules.high.report","key":"HIGH",)"
               R"("user_vote":0,"disabled":false,"disable_feedback":"","disabled_at":"",)"
               R"("details":{"nodes":[{"name":"n1"}],"x":1.50,"type":"rule","error_key":"HIGH"}},)"
               R"("status":"ok"})");
  ExpectSchema(response, "SingleHitAnswer");
  const std::string outer =
      "Error during parsing param 'rule_id' with value '{0}'. Error: 'Error during validating "
      "param 'rule' with value '{0}'. Error: 'invalid rule ID, {1}''";
  for (const char* bad : {"ab", "a|b|c"}) {
    ExpectError(Get(kOf + "rules/" + bad), 400,
                fmt::format(fmt::runtime(outer), bad,
                            "it must contain only rule ID and error key separated by |"));
  }
  for (const char* bad : {"a|", "|b", "a-b|c"}) {
    ExpectError(Get(kOf + "rules/" + bad), 400,
                fmt::format(fmt::runtime(outer), bad,
                            "each part of ID must contain only latin characters, numbers, "
                            "underscores or dots"));
  }
}

TEST_F(ReadingTest, GivesWholeReportsInTheOrderAskedFor) {
  const std::string asked = kSecond + "," + kUnknown + "," + kSecond;
  const std::string body = "{\n\t\"clusters\": [\n\t\t\"" + kSecond + "\",\n\t\t\"" + kSecond +
                           "\"\n\t],\n\t\"errors\": [\n\t\t\"" + kUnknown +
                           "\"\n\t],\n\t\"reports\": {\n\t\t\"" + kSecond +
                           "\": {\"reports\":[],\"skips\":[]}\n\t},\n\t\"generated_at\": \"\",\n"
                           "\t\"status\": \"ok\"\n}";
  EXPECT_EQ(Get("organizations/1/clusters/" + asked + "/reports").body, body);
  EXPECT_EQ(Post("organizations/1/clusters/reports", R"({"clusters":[")" + kSecond + R"(",")" +
                                                         kUnknown + R"(",")" + kSecond + R"("]})")
                .body,
            body);
  ExpectSchema(Get("organizations/1/clusters/" + asked + "/reports"), "ReportsAnswer");
  for (const char* empty : {R"({"clusters":[]})", R"({"clusters":null})", "{}", "null"}) {
    const http::Response response = Post("organizations/1/clusters/reports", empty);
    EXPECT_EQ(response.body,
              "{\n\t\"clusters\": null,\n\t\"errors\": null,\n\t\"reports\": {},\n"
              "\t\"generated_at\": \"\",\n\t\"status\": \"ok\"\n}");
    ExpectSchema(response, "ReportsAnswer");
  }
}

TEST_F(ReadingTest, RefusesReportsOfOthers) {
  const std::string path = "organizations/2/clusters/";
  ExpectError(Get(path + kFirst + "/reports"), 400, "Improper organization ID");
  ExpectError(Get(path + "x," + kFirst + "/reports"), 400,
              "invalid cluster ID: 'x'. Error: invalid UUID length: 1");
  ExpectError(Post(path + "reports"), 400, "client didn't provide request body");
  ExpectError(Post(path + "reports", "[]"), 400, "bad type in json data");
  ExpectError(Post(path + "reports", "{'"), 400,
              R"(invalid character '\\'' looking for beginning of object key string)");
  ExpectError(Post(path + "reports", "{"), 500, "Internal Server Error");
  EXPECT_EQ(Get(path + kUnknown + "/reports").status, 200) << "it has no organisation";
}

TEST_F(ReadingTest, ListsClustersThatARuleHits) {
  const std::string path =
      "rules/p.external.rules.high%7CHIGH/organizations/1/users/me/clusters_detail";
  const http::Response response = Get(path);
  ExpectSchema(response, "ClustersDetailAnswer");
  EXPECT_TRUE(response.body.starts_with(R"({"clusters":[{"cluster":")" + kFirst +
                                        R"(","cluster_name":"","last_checked_at":")"))
      << response.body;
  EXPECT_NE(response.body.find(R"("meta":{"cluster_version":"4.18.3"}},{"cluster":")" + kSecond),
            std::string::npos)
      << response.body;
  const auto restricted = [&](const std::string& body) {
    return Send(Method::kGet, path, body).body;
  };
  EXPECT_EQ(restricted(R"({"Clusters":[")" + kSecond + R"("]})").find(kFirst), std::string::npos);
  EXPECT_EQ(restricted(R"({"clusters":[]})"), response.body) << "an empty list restricts nothing";
  const std::string missing =
      "Item with ID p.external.rules.high|HIGH was not found in the storage";
  ExpectError(Send(Method::kGet, path, R"({"clusters":["x' OR '1'='1"]})"), 404, missing);
  ExpectError(Send(Method::kGet, path, R"({"clusters":["\u0000"]})"), 404, missing);
  ExpectError(
      Get("rules/p.external.rules.high%7CHIGH/organizations/4294967295/users/me/clusters_detail"),
      404, missing);
  ExpectError(Get("rules/high%7CHIGH/organizations/1/users/%20/clusters_detail"), 400,
              "Error during parsing param 'rule_selector' with value 'high|HIGH'. Error: 'Param "
              "rule_selector is not a valid rule selector (plugin_name|error_key)'");
  ExpectError(Get("rules/a.b%7CK.L/organizations/x/users/%20/clusters_detail"), 400,
              "Error during parsing param 'org_id' with value 'x'. Error: 'unsigned integer "
              "expected'");
  EXPECT_EQ(Get("rules/!%20a.b%7CK/organizations/1/users/me/clusters_detail").status, 404)
      << "the beginning of a selector is not looked at";
}

TEST_F(ReadingTest, ListsRecommendationsByRule) {
  const std::string path = "recommendations/organizations/1/users/me/list";
  const std::string both = R"([")" + kSecond + R"(",")" + kFirst + R"(",")" + kUnknown + R"("])";
  const http::Response response = Post(path, both);
  ExpectSchema(response, "RecommendationsAnswer");
  ExpectAnswer(response, R"({"recommendations":{"p.external.rules.gone|GONE":[")" + kFirst +
                             R"("],"p.external.rules.high|HIGH":[")" + kFirst + R"(",")" + kSecond +
                             R"("],"p.external.rules.low|LOW":[")" + kFirst +
                             R"("],"p.internal.support|SUPPORT":[")" + kFirst +
                             R"("]},"status":"ok"})");
  ExpectAnswer(Post(path + "?offset=1&limit=1", both),
               R"({"recommendations":{"p.external.rules.high|HIGH":[")" + kFirst + R"(",")" +
                   kSecond + R"("]},"status":"ok"})");
  for (const char* nothing : {"[]", "null", R"(["x"])", R"(["\u0000"])"}) {
    ExpectAnswer(Post(path, nothing), R"({"recommendations":{},"status":"ok"})");
  }
  ExpectError(Post(path), 500, "Internal Server Error");
  ExpectError(Post(path, R"({"clusters":[]})"), 400, "bad type in json data");
  ExpectAnswer(Post("recommendations/organizations/4294967295/users/me/list", both),
               R"({"recommendations":{},"status":"ok"})");
  ExpectError(Post("recommendations/organizations/x/users/%20/list"), 400,
              "Missing required param from request: user_id");
}

TEST_F(ReadingTest, ListsRecommendationsByCluster) {
  const std::string path = "clusters/organizations/1/users/me/recommendations";
  const std::string both = R"([")" + kSecond + R"(",")" + kFirst + R"(",")" + kUnknown + R"("])";
  const http::Response response = Post(path, both);
  ExpectSchema(response, "ClustersRecommendationsAnswer");
  ExpectAnswer(
      response,
      R"({"clusters":{")" + kFirst +
          R"(":{"created_at":"2026-08-01T10:00:00.75Z","meta":{"cluster_version":"4.18.3"},)"
          R"("recommendations":["p.external.rules.gone|GONE","p.external.rules.high|HIGH",)"
          R"("p.external.rules.low|LOW","p.internal.support|SUPPORT"]},")" +
          kSecond +
          R"(":{"created_at":"2026-08-01T10:00:00.75Z","meta":{"cluster_version":""},)"
          R"("recommendations":["p.external.rules.high|HIGH"]}},"status":"ok"})");
  ExpectAnswer(Post(path, "[]"), R"({"clusters":{},"status":"ok"})");
  ExpectError(Post(path, " "), 500, "Internal Server Error");
}

TEST_F(ReadingTest, RemovesResultsForDebugging) {
  ExpectAnswer(Get("organizations"), R"({"organizations":[1],"status":"ok"})");
  ExpectSchema(Get("organizations"), "OrganizationsAnswer");
  ExpectError(Send(Method::kDelete, "organizations/1,x"), 400,
              "Error during parsing param 'organizations' with value 'x'. Error: 'integer array "
              "expected'");
  ExpectError(Send(Method::kDelete, "clusters/" + kFirst + ",x"), 400,
              "Error during parsing param 'cluster' with value 'x'. Error: 'invalid UUID length: "
              "1'");
  ExpectAnswer(Send(Method::kDelete, "clusters/" + kFirst + "," + kUnknown), R"({"status":"ok"})");
  EXPECT_EQ(Get(kOf + "report").status, 404);
  ExpectAnswer(Send(Method::kDelete, "organizations/0,1"), R"({"status":"ok"})");
  ExpectAnswer(Get("organizations"), R"({"organizations":[],"status":"ok"})");
}

}  // namespace
}  // namespace insightd::api
