#include "api/public_api.h"

#include <gtest/gtest.h>

#include "api/testing/fleet.h"
#include "api/testing/schema_check.h"
#include "base/base64.h"
#include "store/testing/timeless_store.h"

namespace insightd::api {
namespace {

using testing::kFirst;
using testing::kSecond;
using testing::kUnknown;

constexpr char kHigh[] = "p.external.rules.high%7CHIGH";

struct Answer {
  int status = 0;
  json::Document document;
  json::Value operator[](std::string_view name) const { return document.root()[name]; }
  std::string text;
};

class PublicApiTest : public ::testing::Test {
 protected:
  PublicApiTest() { Start({}); }

  void Start(const Settings& settings, const http::IdentitySettings& identity = {},
             store::Store* store = nullptr) {
    router_ = std::make_unique<http::Router>();
    RegisterPublicApi(*router_,
                      {.store = store != nullptr ? *store : fleet_.store(),
                       .catalogue = catalogue_,
                       .identity = http::IdentityGate::Make(identity).value()},
                      settings, {.version = "1.0.0", .commit = "abc"});
  }

  Answer Get(const std::string& path, std::vector<http::HeaderField> headers = {}) {
    http::Request request;
    request.target = path.front() == '/' ? path : "/api/insights-results-aggregator/v2/" + path;
    request.headers = std::move(headers);
    request.remote_address = "10.0.0.1";
    const http::Response response = router_->Answer(std::move(request));
    Answer answer{.status = response.status, .document = {}, .text = std::string(response.bytes())};
    if (auto document = json::Parse(answer.text)) answer.document = std::move(*document);
    return answer;
  }
  // The answer is 200 and as the description says.
  Answer GetAs(std::string_view schema, const std::string& path) {
    Answer answer = Get(path);
    EXPECT_EQ(answer.status, 200) << answer.text;
    const auto description = json::Parse(OpenApiDocument()).value();
    for (const std::string& mistake :
         testing::CheckSchema(description.root(), schema, answer.document.root())) {
      ADD_FAILURE() << mistake;
    }
    return answer;
  }
  void ExpectError(const std::string& path, int status, const std::string& message) {
    const Answer answer = Get(path);
    EXPECT_EQ(answer.status, status) << path;
    EXPECT_EQ(answer["status"].StringOr(""), message) << path;
  }
  static std::vector<json::Value> Items(json::Value list) {
    std::vector<json::Value> items;
    for (const json::Value item : list.elements()) items.push_back(item);
    return items;
  }

  testing::Fleet fleet_;
  content::CurrentCatalogue catalogue_{testing::MakeCatalogue()};
  std::unique_ptr<http::Router> router_;
};

TEST_F(PublicApiTest, ReportsAClusterWorstFirst) {
  const Answer answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports");
  const json::Value meta = answer["report"]["meta"];
  EXPECT_EQ(meta["cluster_name"].StringOr(""), kFirst);
  EXPECT_EQ(meta["count"].AsInt(), 3) << "a rule that the pack does not have is not counted";
  EXPECT_EQ(meta["last_checked_at"].StringOr(""), "2026-08-01T10:00:00Z");
  EXPECT_EQ(meta["gathered_at"].StringOr(""), "2026-08-01T09:58:20Z");

  const auto items = Items(answer["report"]["data"]);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0]["rule_id"].StringOr(""), "p.external.rules.high.report");
  EXPECT_EQ(items[0]["total_risk"].AsInt(), 3);
  EXPECT_EQ(items[0]["created_at"].StringOr(""), "2026-04-08T00:42:00Z");
  EXPECT_EQ(items[0]["reason"].StringOr(""), "{{=pydata.x}} <b>");
  EXPECT_EQ(items[0]["extra_data"]["error_key"].StringOr(""), "HIGH");
  EXPECT_TRUE(items[0]["impacted"].is_string());
  EXPECT_EQ(items[1]["rule_id"].StringOr(""), "p.internal.support.report");
  EXPECT_TRUE(items[1]["internal"].AsBool());
  EXPECT_EQ(items[2]["description"].StringOr(""), "Title of LOW");
  EXPECT_EQ(items[2]["details"].StringOr("?"), "") << "a rule without texts shows its title";
  EXPECT_FALSE(items[2].Find("created_at")) << "absent, never empty";
}

TEST_F(PublicApiTest, LeavesOutTimesThatNobodyWrote) {
  store::testing::TimelessStore store(fleet_.store());
  Start({}, {}, &store);
  const std::vector<std::pair<std::string, std::string>> asked = {
      {"ClusterReport", "cluster/" + kFirst + "/reports"},
      {"FleetClusters", "clusters"},
      {"ClustersDetail", std::string("rule/") + kHigh + "/clusters_detail"},
      {"RecommendationHistoryPage", "/api/insightd/v1/clusters/" + kFirst + "/recommendations"},
      {"ClustersOfRecommendationPage",
       std::string("/api/insightd/v1/recommendations/") + kHigh + "/clusters"}};
  for (const auto& [schema, path] : asked) {
    const Answer answer = GetAs(schema, path);
    for (const char* none : {"1970-", "last_checked_at", "gathered_at", "impacted\"", "_seen"}) {
      EXPECT_EQ(answer.text.find(none), std::string::npos) << path << " has " << none;
    }
  }
  EXPECT_EQ(Items(Get("clusters")["data"]).size(), 2u) << "clusters are shown nevertheless";
}

TEST_F(PublicApiTest, HandsDetailsOnByteByByte) {
  const Answer answer = Get("cluster/" + kFirst + "/reports");
  EXPECT_NE(
      answer.text.find(
          R"("extra_data":{"nodes":[{"name":"n1"}],"x":1.50,"type":"rule","error_key":"HIGH"})"),
      std::string::npos)
      << answer.text;
}

TEST_F(PublicApiTest, HitsTellWhereTheyWereSeenButNotToAcm) {
  const Answer answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports");
  const auto items = Items(answer["report"]["data"]);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_FALSE(items[0].Find("insightd_evidence")) << "its details are of another report";
  EXPECT_EQ(items[1]["insightd_evidence"]["files"].ToText(),
            R"([{"path":"config/a.json","places":[]}])");
}

TEST_F(PublicApiTest, FillsTextsInWhenAsked) {
  const Answer answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports?rendered=true");
  const json::Value item = Items(answer["report"]["data"]).at(0);
  EXPECT_EQ(item["reason"].StringOr(""), "1.5 <b>");
  EXPECT_EQ(item["resolution"].StringOr(""), "resolution");
  EXPECT_TRUE(item["rendering_errors"].is_object());
  EXPECT_TRUE(item["rendering_errors"].empty());
}

TEST_F(PublicApiTest, ATextThatCannotBeFilledInComesRawWithTheReason) {
  const Answer answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports?rendered=true");
  const json::Value item = Items(answer["report"]["data"]).at(0);
  EXPECT_EQ(item["more_info"].StringOr(""), "more");
  catalogue_.Set(testing::MakeCatalogue("more {{=pydata.a.b}}"));
  const Answer broken = GetAs("ClusterReport", "cluster/" + kFirst + "/reports?rendered=1");
  const auto items = Items(broken["report"]["data"]);
  ASSERT_EQ(items.size(), 3u) << "the others are as they were";
  EXPECT_EQ(items[0]["more_info"].StringOr(""), "more {{=pydata.a.b}}");
  EXPECT_EQ(items[0]["reason"].StringOr(""), "1.5 <b>");
  EXPECT_EQ(items[0]["rendering_errors"]["more_info"].StringOr(""),
            "p.external.rules.high|HIGH more_info, line 1: {{=pydata.a.b}}: cannot read \"b\" of "
            "undefined");
}

TEST_F(PublicApiTest, WithoutBeingAskedTemplatesStayAsTheyAre) {
  for (const std::string query : {"", "?rendered=false", "?rendered="}) {
    const Answer answer = Get("cluster/" + kFirst + "/reports" + query);
    EXPECT_NE(answer.text.find(R"("reason":"{{=pydata.x}} <b>")"), std::string::npos) << query;
    EXPECT_EQ(answer.text.find("rendering_errors"), std::string::npos) << query;
  }
  ExpectError("cluster/" + kFirst + "/reports?rendered=maybe", 400,
              "Error during parsing param 'rendered' with value 'maybe'. Error: 'Unparsable "
              "boolean value'");
}

TEST_F(PublicApiTest, LeavesOutNodesThatTheClientOfAcmCannotRead) {
  const Answer answer = Get("cluster/" + kFirst + "/reports",
                            {{"User-Agent", "acm-operator/v2.3.0 cluster/" + kSecond}});
  const auto items = Items(answer["report"]["data"]);
  EXPECT_FALSE(items.at(0)["extra_data"].Find("nodes"));
  EXPECT_EQ(items.at(0)["extra_data"]["error_key"].StringOr(""), "HIGH");
}

TEST_F(PublicApiTest, ReportsAClusterWithoutTimesAndHits) {
  const Answer answer = GetAs("ClusterReport", "/api/v2/cluster/" + kSecond + "/reports");
  EXPECT_FALSE(answer["report"]["meta"].Find("gathered_at"));
}

TEST_F(PublicApiTest, TakesEveryFormOfACluster) {
  std::string digits = kFirst;
  std::erase(digits, '-');
  for (const std::string& form : {digits, "urn:uuid:" + kFirst, "%7B" + kFirst + "%7D"}) {
    EXPECT_EQ(Get("cluster/" + form + "/reports").status, 200) << form;
  }
}

TEST_F(PublicApiTest, AnswersNotFoundBeforeTheFirstResult) {
  const std::string message = "Item with ID 1/" + kUnknown + " was not found in the storage";
  ExpectError("cluster/" + kUnknown + "/reports", 404, message);
  ExpectError("cluster/" + kUnknown + "/info", 404, message);
  ExpectError("/api/insightd/v1/clusters/" + kUnknown + "/outcomes", 404, message);
}

TEST_F(PublicApiTest, RefusesParametersWithTheTextsThatClientsKnow) {
  ExpectError("cluster/x/reports", 400,
              "Error during parsing param 'cluster' with value 'x'. Error: 'invalid UUID length: "
              "1'");
  ExpectError("cluster/" + std::string(36, 'x') + "/info", 400,
              "Error during parsing param 'cluster' with value '" + std::string(36, 'x') +
                  "'. Error: 'invalid UUID format'");
  ExpectError("cluster/" + kFirst + "/reports?get_disabled=maybe", 400,
              "Error during parsing param 'get_disabled' with value 'maybe'. Error: 'Unparsable "
              "boolean value'");
  ExpectError("rule?impacting=maybe", 400,
              "Error during parsing param 'impacting' with value '<nil>'. Error: 'Unparsable "
              "boolean value'");
  ExpectError("rule/nonsense/content", 400,
              "Error during parsing param 'rule_id' with value 'nonsense'. Error: 'invalid "
              "composite rule ID. Must be in the format 'rule.plugin.module|ERROR_KEY''");
  EXPECT_EQ(Get("rule/a%7Cb%7Cc/clusters_detail").status, 400);
}

TEST_F(PublicApiTest, HidesWhatIsSilencedUnlessAskedFor) {
  fleet_.Toggle();
  Answer answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports");
  EXPECT_EQ(answer["report"]["meta"]["count"].AsInt(), 2);
  answer = GetAs("ClusterReport", "cluster/" + kFirst + "/reports?get_disabled=true");
  EXPECT_EQ(answer["report"]["meta"]["count"].AsInt(), 3);
  const json::Value item = Items(answer["report"]["data"]).at(0);
  EXPECT_TRUE(item["disabled"].AsBool());
  EXPECT_EQ(item["disabled_at"].StringOr(""), "1970-01-01T00:00:02Z");
}

TEST_F(PublicApiTest, ShowsAnAcknowledgedRuleAsDisabledEverywhere) {
  fleet_.Acknowledge();
  const Answer report = Get("cluster/" + kSecond + "/reports?get_disabled=1");
  const json::Value item = Items(report["report"]["data"]).at(0);
  EXPECT_TRUE(item["disabled"].AsBool());
  EXPECT_EQ(item["disable_feedback"].StringOr(""), "known");
  EXPECT_EQ(item["disabled_at"].StringOr(""), "1970-01-01T00:00:01Z");

  const Answer detail = GetAs("ClustersDetail", "rule/" + std::string(kHigh) + "/clusters_detail");
  EXPECT_TRUE(detail["data"]["enabled"].empty());
  EXPECT_EQ(detail["data"]["disabled"].size(), 2u);
  EXPECT_EQ(Items(detail["data"]["disabled"]).at(0)["justification"].StringOr(""), "known");

  const Answer clusters = GetAs("FleetClusters", "clusters");
  EXPECT_EQ(Items(clusters["data"]).at(1)["total_hit_count"].AsInt(), 0);
}

TEST_F(PublicApiTest, ListsTheFleetWithItsCounts) {
  const Answer answer = GetAs("FleetClusters", "clusters");
  EXPECT_EQ(answer["meta"]["count"].AsInt(), 2);
  const auto clusters = Items(answer["data"]);
  EXPECT_EQ(clusters[0]["cluster_id"].StringOr(""), kFirst);
  EXPECT_EQ(clusters[0]["total_hit_count"].AsInt(), 3);
  EXPECT_EQ(clusters[0]["hits_by_total_risk"].ToText(), R"({"1":1,"2":1,"3":1,"4":0})");
  EXPECT_EQ(clusters[0]["cluster_version"].StringOr(""), "4.18.3");
  EXPECT_FALSE(clusters[1].Find("cluster_version"));
}

TEST_F(PublicApiTest, TellsOfOneCluster) {
  const Answer answer = GetAs("ClusterInfo", "cluster/" + kFirst + "/info");
  EXPECT_EQ(answer["cluster"]["cluster_version"].StringOr(""), "4.18.3");
  EXPECT_EQ(answer["cluster"]["status"].StringOr(""), "Active");
}

TEST_F(PublicApiTest, ListsRecommendationsWithTheClustersHit) {
  fleet_.Toggle();
  const auto ids = [](const Answer& answer) {
    std::string text;
    for (const json::Value item : answer["recommendations"].elements()) {
      text += item["rule_id"].AsString();
      text += "=" + std::to_string(item["impacted_clusters_count"].AsInt()) + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(GetAs("Recommendations", "rule")),
            "p.external.rules.low|LOW=1 p.external.rules.high|HIGH=1 "
            "p.internal.support|SUPPORT=1 p.external.rules.never|NEVER=0 ");
  EXPECT_EQ(ids(GetAs("Recommendations", "rule?impacting=true")),
            "p.external.rules.low|LOW=1 p.external.rules.high|HIGH=1 "
            "p.internal.support|SUPPORT=1 ");
  EXPECT_EQ(ids(GetAs("Recommendations", "rule?impacting=false")),
            "p.external.rules.never|NEVER=0 ");
}

TEST_F(PublicApiTest, ShowsTheTextsOfARule) {
  const Answer answer = GetAs("RuleContentAnswer", "rule/" + std::string(kHigh) + "/content");
  EXPECT_EQ(answer["content"]["rule_id"].StringOr(""), "p.external.rules.high|HIGH");
  EXPECT_EQ(answer["content"]["resolution_risk"].AsInt(), 2);
  EXPECT_EQ(answer["groups"].size(), 5u);
  ExpectError("rule/p.x%7CY/content", 404, "Item with ID p.x|Y was not found in the storage");
  EXPECT_EQ(Get("rule/p.external.rules.told%7CTOLD/content").status, 404);
}

TEST_F(PublicApiTest, ListsTheClustersOfARule) {
  fleet_.Toggle();
  const Answer answer = GetAs("ClustersDetail", "rule/" + std::string(kHigh) + "/clusters_detail");
  EXPECT_EQ(Items(answer["data"]["enabled"]).at(0)["cluster"].StringOr(""), kSecond);
  EXPECT_EQ(Items(answer["data"]["disabled"]).at(0)["cluster_id"].StringOr(""), kFirst);
  const Answer none =
      GetAs("ClustersDetail", "rule/p.external.rules.never%7CNEVER/clusters_detail");
  EXPECT_TRUE(none["data"]["enabled"].empty());
  EXPECT_EQ(Get("rule/p.x%7CY/clusters_detail").status, 404);
}

TEST_F(PublicApiTest, SaysWhatCouldNotBeJudged) {
  const Answer answer = GetAs("Outcomes", "/api/insightd/v1/clusters/" + kFirst + "/outcomes");
  const json::Value outcomes = answer["outcomes"];
  EXPECT_EQ(outcomes["hits"].AsInt(), 4);
  EXPECT_EQ(outcomes["passes"].AsInt(), 120);
  EXPECT_EQ(outcomes["skips"].ToText(),
            R"([{"rule_id":"p.external.rules.never|NEVER","description":"Title of NEVER",)"
            R"("missing":["nodes","pods","alerts|metrics","x"]}])");
  EXPECT_EQ(outcomes["errors"].ToText(),
            R"([{"rule_id":"p.external.rules.low|LOW","description":"Title of LOW",)"
            R"("message":"no such key: quota"}])");
  GetAs("Outcomes", "/api/insightd/v1/clusters/" + kSecond + "/outcomes");
}

TEST_F(PublicApiTest, LimitsRulesForSupportToSomeOrganisations) {
  Start({.internal_rules_organizations = {"42"}});
  EXPECT_EQ(Get("cluster/" + kFirst + "/reports")["report"]["meta"]["count"].AsInt(), 2);
  EXPECT_EQ(Items(Get("clusters")["data"]).at(0)["total_hit_count"].AsInt(), 2);
  EXPECT_EQ(Get("rule?impacting=true")["recommendations"].size(), 2u);
  ExpectError("rule/p.internal.support%7CSUPPORT/content", 403,
              "This organization is not allowed to access this recommendation");
  Start({.internal_rules_organizations = {"1"}});
  EXPECT_EQ(Get("cluster/" + kFirst + "/reports")["report"]["meta"]["count"].AsInt(), 3);
}

TEST_F(PublicApiTest, ShowsAnOrganisationItsOwnAlone) {
  Start({}, {.trusted_proxies = {"10.0.0.1"}});
  ExpectError("clusters", 403, "Missing auth token");
  const auto as = [](const std::string& org) {
    return std::vector<http::HeaderField>{
        {"x-rh-identity", EncodeBase64(R"({"identity":{"type":"User","org_id":")" + org + "\"}}")}};
  };
  EXPECT_EQ(Get("clusters", as("1"))["meta"]["count"].AsInt(), 2);
  EXPECT_EQ(Get("clusters", as("2"))["meta"]["count"].AsInt(), 0);
  EXPECT_EQ(Get("cluster/" + kFirst + "/reports", as("2")).status, 404);
  EXPECT_EQ(Get("clusters", {{"x-rh-identity", "nonsense"}}).status, 403);
}

TEST_F(PublicApiTest, TellsHowAnUploadEndedToItsOwnOrganisation) {
  const Answer answer = GetAs("UploadEndAnswer", "/api/insightd/v1/uploads/r1");
  EXPECT_EQ(answer["upload"]["end"].StringOr(""), "stored");
  EXPECT_EQ(answer["upload"]["cluster"].StringOr(""), kFirst);
  EXPECT_EQ(Get("/api/insightd/v1/uploads/unknown").status, 404);
  Start({}, {.organization = 2});
  EXPECT_EQ(Get("/api/insightd/v1/uploads/r1").status, 404);
  Start({}, {.single_tenant = false});
  EXPECT_EQ(Get("/api/insightd/v1/uploads/r1").status, 403);
}

TEST_F(PublicApiTest, TellsOfItselfWithoutIdentity) {
  Start({}, {.single_tenant = false});
  const Answer info = GetAs("Info", "info");
  EXPECT_EQ(info["info"]["ContentService"]["RulePacks"].ToText(), "\"base-1.0.0\"");
  EXPECT_EQ(Get("openapi.json").text, OpenApiDocument());
  EXPECT_EQ(Get("").status, 403);
  Start({});
  EXPECT_EQ(Get("").text, "{\"status\":\"ok\"}\n");
}

TEST_F(PublicApiTest, RoutesEveryPathOfItsDescription) {
  const auto description = json::Parse(OpenApiDocument()).value();
  for (const json::Member path : description.root()["paths"].members()) {
    if (path.name.starts_with("/api/ingress/")) continue;
    http::Request request;
    request.target = path.name;
    ASSERT_TRUE(http::SplitTarget(request));
    auto match = router_->Find(request);
    const auto* route = std::get_if<const http::Router::Route*>(&match);
    ASSERT_NE(route, nullptr) << path.name;
    EXPECT_EQ((*route)->pattern, path.name);
  }
}

}  // namespace
}  // namespace insightd::api
