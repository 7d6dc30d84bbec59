#include "api/insightd/history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/testing/fleet.h"
#include "api/testing/schema_check.h"

namespace insightd::api {
namespace {

using testing::kFirst;
using testing::kSecond;
using testing::kUnknown;

constexpr std::string_view kPrefix = "/api/insightd/v1/";
constexpr char kHigh[] = "p.external.rules.high%7CHIGH";

class SetClock final : public Clock {
 public:
  Time Now() const override { return now; }
  microseconds Steady() const override { return now.time_since_epoch(); }
  Time now = *ParseTime("2026-08-01T00:00:00Z");
};

store::Hit HitOf(const std::string& name) {
  std::string key = name;
  for (char& c : key) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const bool internal = name == "support";
  return {fmt::format("p.{}.{}.report", internal ? "internal" : "external.rules", name), key, "{}"};
}

struct Answer {
  int status = 0;
  json::Document document;
  std::string text;
  json::Value operator[](std::string_view name) const { return document.root()[name]; }
};

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    auto opened = store::OpenEmbeddedStore({.path = folder_ / "store.db", .clock = &clock_});
    INSIGHTD_ASSERT(opened);
    store_ = std::move(*opened);
    Start({});
  }

  void Start(const Settings& settings, const http::IdentitySettings& identity = {}) {
    router_ = std::make_unique<http::Router>();
    RegisterPublicApi(*router_,
                      {.store = *store_,
                       .catalogue = catalogue_,
                       .identity = http::IdentityGate::Make(identity).value()},
                      settings, {.version = "1.0.0", .commit = "abc"});
  }

  // An hour after the one before.
  void Put(const std::string& request_id, const std::vector<std::string>& hits,
           const std::string& cluster = kFirst, std::int64_t org_id = 1) {
    clock_.now += std::chrono::hours(1);
    Add(request_id, hits, cluster, org_id);
    INSIGHTD_ASSERT(store_->Put(batch_));
    batch_.clear();
  }
  void Add(const std::string& request_id, const std::vector<std::string>& hits,
           const std::string& cluster = kFirst, std::int64_t org_id = 1) {
    store::ClusterResult result{.org_id = org_id,
                                .cluster = cluster,
                                .request_id = request_id,
                                .last_checked = clock_.now + seconds(batch_.size()),
                                .report = R"({"reports":[]})",
                                .archive = request_id,
                                .pack = "p base-1.0.0",
                                .counts = {.passes = 9, .skips = 2, .errors = 0}};
    for (const std::string& hit : hits) result.hits.push_back(HitOf(hit));
    batch_.push_back(std::move(result));
  }

  Answer Get(const std::string& path) {
    http::Request request;
    request.target = std::string(kPrefix) + path;
    request.remote_address = "10.0.0.1";
    const http::Response response = router_->Answer(std::move(request));
    Answer answer{.status = response.status, .document = {}, .text = std::string(response.bytes())};
    if (auto document = json::Parse(answer.text)) answer.document = std::move(*document);
    return answer;
  }
  // The answer is 200 and as the description says.
  Answer GetAs(std::string_view schema, const std::string& path) {
    Answer answer = Get(path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.text;
    const auto description = json::Parse(OpenApiDocument()).value();
    for (const std::string& mistake :
         testing::CheckSchema(description.root(), schema, answer.document.root())) {
      ADD_FAILURE() << path << ": " << mistake;
    }
    return answer;
  }
  // The member `name` of each element.
  static std::vector<std::string> Each(json::Value list, std::string_view name) {
    std::vector<std::string> texts;
    for (const json::Value item : list.elements()) texts.emplace_back(item[name].StringOr("?"));
    return texts;
  }
  // All pages of a list, by the member `name`.
  std::vector<std::string> Pages(std::string_view schema, const std::string& path,
                                 std::string_view list, std::string_view name, int limit) {
    std::vector<std::string> all;
    std::string after;
    do {
      const Answer page = GetAs(schema, fmt::format("{}?limit={}&after={}", path, limit, after));
      EXPECT_LE(page["meta"]["count"].AsInt(), limit);
      for (std::string& text : Each(page[list], name)) all.push_back(std::move(text));
      after.clear();
      for (const char c : page["meta"]["next"].StringOr("")) {
        after += c == '|' ? std::string("%7C") : std::string(1, c);
      }
    } while (!after.empty() && all.size() < 100);
    return all;
  }

  using Texts = std::vector<std::string>;

  SetClock clock_;
  insightd::testing::TempFolder folder_;
  content::CurrentCatalogue catalogue_{testing::MakeCatalogue()};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<http::Router> router_;
  std::vector<store::ClusterResult> batch_;
};

TEST_F(HistoryTest, RecommendationsTellWhenTheyWereThere) {
  Put("r1", {"high", "low"});
  Put("r2", {"low"});
  Put("r3", {"low", "high"});
  const Answer answer =
      GetAs("RecommendationHistoryPage", "clusters/" + kFirst + "/recommendations");
  EXPECT_EQ(answer["meta"]["count"].AsInt(), 2);
  EXPECT_FALSE(answer["meta"].Find("next"));
  EXPECT_EQ(Each(answer["recommendations"], "rule_id"),
            (Texts{"p.external.rules.high|HIGH", "p.external.rules.low|LOW"}));
  const json::Value high = *answer["recommendations"].elements().begin();
  EXPECT_EQ(high["description"].StringOr(""), "Title of HIGH");
  EXPECT_TRUE(high["present"].AsBool());
  EXPECT_EQ(high["first_seen"].StringOr(""), "2026-08-01T01:00:00.000000Z");
  EXPECT_EQ(high["last_seen"].StringOr(""), "2026-08-01T03:00:00.000000Z");
  EXPECT_EQ(high["intervals"].ToText(),
            R"([{"first_seen":"2026-08-01T03:00:00.000000Z",)"
            R"("last_seen":"2026-08-01T03:00:00.000000Z"},)"
            R"({"first_seen":"2026-08-01T01:00:00.000000Z",)"
            R"("last_seen":"2026-08-01T01:00:00.000000Z","gone":"2026-08-01T02:00:00.000000Z"}])");

  const Answer one =
      GetAs("RecommendationHistoryAnswer", "clusters/" + kFirst + "/recommendations/" + kHigh);
  EXPECT_EQ(one["recommendation"]["intervals"].ToText(), high["intervals"].ToText());
  EXPECT_EQ(Get("clusters/" + kFirst + "/recommendations/p.x%7CNEVER").status, 404);
  EXPECT_EQ(Get("clusters/" + kFirst + "/recommendations/" + kHigh + "?until=2026-08-01T01:00:00Z")
                .status,
            404);
  EXPECT_EQ(Pages("RecommendationHistoryPage", "clusters/" + kFirst + "/recommendations",
                  "recommendations", "rule_id", 1),
            (Texts{"p.external.rules.high|HIGH", "p.external.rules.low|LOW"}));
}

TEST_F(HistoryTest, ARecommendationIsFollowedOverClusters) {
  Put("a1", {"high"});
  Put("a2", {});
  Put("b1", {"high"}, kSecond);
  const std::string path = std::string("recommendations/") + kHigh + "/clusters";
  const Answer answer = GetAs("ClustersOfRecommendationPage", path);
  EXPECT_EQ(answer["rule_id"].StringOr(""), "p.external.rules.high|HIGH");
  EXPECT_EQ(Each(answer["clusters"], "cluster"), (Texts{kFirst, kSecond}));
  EXPECT_EQ(Pages("ClustersOfRecommendationPage", path, "clusters", "cluster", 1),
            (Texts{kFirst, kSecond}));
  const Answer late = GetAs("ClustersOfRecommendationPage", path + "?from=2026-08-01T02:00:00Z");
  EXPECT_EQ(Each(late["clusters"], "cluster"), (Texts{kSecond}));
}

TEST_F(HistoryTest, ChangesComeInOrderAndInPages) {
  Put("a1", {"high"});
  Put("a2", {"low"});
  Put("b1", {"high"}, kSecond);
  Put("b2", {}, kSecond);
  Put("a3", {"high"});
  const std::string path = "clusters/" + kFirst + "/changes";
  const Answer answer = GetAs("ChangePage", path);
  EXPECT_EQ(Each(answer["changes"], "change"), (Texts{"appeared", "gone", "again", "gone"}));
  EXPECT_EQ(Each(answer["changes"], "request_id"), (Texts{"a2", "a2", "a3", "a3"}));
  EXPECT_EQ(Pages("ChangePage", path, "changes", "change", 3),
            (Texts{"appeared", "gone", "again", "gone"}));
  const Answer all = GetAs("ChangePage", "changes?from=2026-08-01T04:00:00Z");
  EXPECT_EQ(Each(all["changes"], "request_id"), (Texts{"b2", "a3", "a3"}));
  EXPECT_EQ(Pages("ChangePage", "changes", "changes", "request_id", 1),
            (Texts{"a2", "a2", "b2", "a3", "a3"}));
}

TEST_F(HistoryTest, ResultsTellArchivePackAndCounts) {
  Put("r1", {"high"});
  Put("r2", {});
  const std::string path = "clusters/" + kFirst + "/results";
  const Answer answer = GetAs("PastResultPage", path);
  EXPECT_EQ(Each(answer["results"], "request_id"), (Texts{"r2", "r1"}));
  EXPECT_EQ(Each(answer["results"], "end"), (Texts{"stored", "replaced"}));
  EXPECT_EQ(Each(answer["results"], "archive"), (Texts{"r2", "r1"}));
  EXPECT_EQ(Each(answer["results"], "rule_pack"), (Texts{"p base-1.0.0", "p base-1.0.0"}));
  const json::Value newest = *answer["results"].elements().begin();
  EXPECT_EQ(newest["hits"].AsInt(), 0);
  EXPECT_EQ(newest["passes"].AsInt(), 9);
  for (int i = 3; i < 9; ++i) Put(fmt::format("r{}", i), {});
  EXPECT_EQ(Pages("PastResultPage", path, "results", "request_id", 3),
            (Texts{"r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1"}));
  const Answer some =
      GetAs("PastResultPage", path + "?from=2026-08-01T02:00:00Z&until=2026-08-01T04:00:00Z");
  EXPECT_EQ(Each(some["results"], "request_id"), (Texts{"r3", "r2"}));
}

TEST_F(HistoryTest, TheDifferenceOfTwoResultsAddsUpWhatWasBetween) {
  Put("r1", {"high", "low"});
  const std::string path = "clusters/" + kFirst + "/difference";
  const Answer first = GetAs("DifferenceAnswer", path);
  EXPECT_TRUE(first["difference"]["from"].is_null()) << "no earlier one is known";
  EXPECT_EQ(first["difference"]["to"]["request_id"].StringOr(""), "r1");
  EXPECT_TRUE(first["difference"]["appeared"].empty());

  Put("r2", {"never", "told"});
  Put("r3", {"high", "told"});
  const Answer last = GetAs("DifferenceAnswer", path);
  EXPECT_EQ(last["difference"]["from"]["request_id"].StringOr(""), "r2");
  EXPECT_EQ(Each(last["difference"]["appeared"], "rule_id"), (Texts{"p.external.rules.high|HIGH"}));
  EXPECT_TRUE((*last["difference"]["appeared"].elements().begin())["again"].AsBool());
  EXPECT_EQ(Each(last["difference"]["gone"], "rule_id"), (Texts{"p.external.rules.never|NEVER"}));

  const Answer whole = GetAs("DifferenceAnswer", path + "?from_request=r1&to_request=r3");
  const json::Value difference = whole["difference"];
  EXPECT_EQ(Each(difference["appeared"], "rule_id"), (Texts{"p.external.rules.told|TOLD"}));
  EXPECT_EQ(Each(difference["gone"], "rule_id"), (Texts{"p.external.rules.low|LOW"}));
  EXPECT_EQ(Each(difference["returned"], "rule_id"), (Texts{"p.external.rules.high|HIGH"}));
  EXPECT_EQ(Each(difference["passed"], "rule_id"), (Texts{"p.external.rules.never|NEVER"}));

  const Answer same = GetAs("DifferenceAnswer", path + "?from_request=r3&to_request=r3");
  for (const char* list : {"appeared", "gone", "returned", "passed"}) {
    EXPECT_TRUE(same["difference"][list].empty()) << list;
  }
  EXPECT_EQ(Get(path + "?from_request=r3&to_request=r1").status, 400);
  EXPECT_EQ(Get(path + "?from_request=unknown").status, 404);
}

TEST_F(HistoryTest, TheDifferenceHoldsWithinABatch) {
  Put("r1", {"high"});
  clock_.now += std::chrono::hours(1);
  Add("r2", {"low"});
  Add("r3", {"low", "told"});
  Add("r4", {"told"});
  ASSERT_TRUE(store_->Put(batch_));
  const std::string path = "clusters/" + kFirst + "/difference?from_request=r2&to_request=r3";
  const Answer answer = GetAs("DifferenceAnswer", path);
  EXPECT_EQ(Each(answer["difference"]["appeared"], "rule_id"),
            (Texts{"p.external.rules.told|TOLD"}));
  EXPECT_TRUE(answer["difference"]["gone"].empty());
}

TEST_F(HistoryTest, ParametersAreChecked) {
  Put("r1", {"high"});
  const std::string cluster = "clusters/" + kFirst;
  for (const std::string query :
       {"from=yesterday", "until=2026-08-01", "limit=0", "limit=1001", "limit=x", "limit=-1"}) {
    for (const char* list : {"/recommendations?", "/changes?", "/results?"}) {
      const Answer answer = Get(cluster + list + query);
      EXPECT_EQ(answer.status, 400) << list << query;
      EXPECT_NE(answer["status"].StringOr("").find("Error during parsing param"),
                std::string_view::npos);
    }
  }
  for (const std::string& path :
       {cluster + "/recommendations?after=x", cluster + "/changes?after=1",
        cluster + "/changes?after=1.x", cluster + "/results?after=x",
        std::string("changes?after=.1"), std::string("changes?after=9223372036854775807.1"),
        std::string("clusters/none/changes"), std::string("recommendations/x/clusters")}) {
    EXPECT_EQ(Get(path).status, 400) << path;
  }
  EXPECT_EQ(Get(cluster + "/results?from=&until=&limit=&after=").status, 200);
}

TEST_F(HistoryTest, OfAnotherOrganisationNothingIsTold) {
  Put("r1", {"high"}, kFirst, 2);
  Put("r2", {"low"}, kFirst, 2);
  for (const char* list : {"/recommendations", "/changes", "/results", "/difference",
                           "/recommendations/p.external.rules.high%7CHIGH"}) {
    EXPECT_EQ(Get("clusters/" + kFirst + list).status, 404) << list;
    EXPECT_EQ(Get("clusters/" + kUnknown + list).status, 404) << list;
  }
  EXPECT_EQ(GetAs("ChangePage", "changes")["meta"]["count"].AsInt(), 0);
  EXPECT_TRUE(GetAs("ClustersOfRecommendationPage",
                    std::string("recommendations/") + kHigh + "/clusters")["clusters"]
                  .empty());
  Put("mine", {"high"}, kSecond);
  EXPECT_EQ(Get("clusters/" + kSecond + "/difference?from_request=r1").status, 404);
  EXPECT_EQ(GetAs("PastResultPage",
                  "clusters/" + kSecond + "/results?after=9223372036854775807.r1")["results"]
                .ToText(),
            "[]");
  Start({}, {.trusted_proxies = {"10.0.0.0/8"}, .single_tenant = false});
  EXPECT_EQ(Get("changes").status, 403);
}

TEST_F(HistoryTest, InternalRulesAreOfThoseWhoMaySeeThem) {
  Put("r1", {"support", "high"});
  Put("r2", {});
  EXPECT_EQ(Get("clusters/" + kFirst + "/changes")["meta"]["count"].AsInt(), 2);
  Start({.internal_rules_organizations = {"5"}});
  EXPECT_EQ(Each(GetAs("ChangePage", "changes")["changes"], "rule_id"),
            (Texts{"p.external.rules.high|HIGH"}));
  EXPECT_EQ(Each(GetAs("RecommendationHistoryPage",
                       "clusters/" + kFirst + "/recommendations")["recommendations"],
                 "rule_id"),
            (Texts{"p.external.rules.high|HIGH"}));
  EXPECT_EQ(
      Each(GetAs("DifferenceAnswer", "clusters/" + kFirst + "/difference")["difference"]["gone"],
           "rule_id"),
      (Texts{"p.external.rules.high|HIGH"}));
  EXPECT_EQ(Get("recommendations/p.internal.support%7CSUPPORT/clusters").status, 404);
  EXPECT_EQ(Get("clusters/" + kFirst + "/recommendations/p.internal.support%7CSUPPORT").status,
            404);
}

}  // namespace
}  // namespace insightd::api
