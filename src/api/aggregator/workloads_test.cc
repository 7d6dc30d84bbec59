#include "api/aggregator/workload_report.h"
#include "api/testing/aggregator_fixture.h"

namespace insightd::api {
namespace {

using testing::kFirst;
using testing::kSecond;

const std::string kMetrics =
    R"({"workload_recommendations":[{"component":"p.dvo.check.recommendation","key":"KEY",)"
    R"("details":{"check_name":"c","samples":[]},"workloads":[)"
    R"({"namespace":"ns-a","namespace_uid":"NS-A","kind":"DaemonSet","name":"one","uid":"u1"},)"
    R"({"namespace":"ns-b","namespace_uid":"NS-B","kind":"Pod","name":"two","uid":"u2"}]},)"
    R"({"component":"other","key":"K2","workloads":[{"namespace_uid":"NS-B","uid":"u2"}]},)"
    R"({"component":"","key":"K3","workloads":[{"namespace_uid":"NS-A","uid":"u2"}]}]})";

class WorkloadsTest : public testing::AggregatorTest {
 protected:
  WorkloadsTest() {
    const store::ClusterWorkloads workloads{
        .org_id = 1,
        .cluster = kFirst,
        .last_checked = *ParseTime("2026-08-01T10:00:00.75Z"),
        .report = kMetrics,
        .namespaces = {{.id = "NS-A",
                        .name = "ns-a",
                        .recommendations = 1,
                        .objects = 1,
                        .hits = R"({"p.dvo.check|KEY":1})"},
                       {.id = "NS-B", .name = "", .recommendations = 2, .objects = 1}}};
    INSIGHTD_ASSERT(fleet_.store().PutWorkloads({&workloads, 1}));
  }
};

std::string RecommendationsOf(std::string_view stored, std::string_view namespace_id = "N") {
  std::string out;
  aggregator::Writer w(out);
  aggregator::WriteWorkloadRecommendations(w, stored, namespace_id);
  return out;
}

TEST_F(WorkloadsTest, ListsNamespaces) {
  const http::Response response = Get("organization/1/workloads");
  ExpectSchema(response, "WorkloadsAnswer");
  EXPECT_TRUE(response.body.starts_with(
      R"({"status":"ok","workloads":[{"cluster":{"uuid":")" + kFirst +
      R"(","display_name":""},"namespace":{"uuid":"NS-A","name":"ns-a"},"metadata":)"
      R"({"recommendations":1,"objects":1,"reported_at":"2026-08-01T10:00:00Z",)"
      R"("last_checked_at":"2026-08-01T10:00:00Z","highest_severity":0,"hits_by_severity":null},)"
      R"("recommendations_hit_count":{"p.dvo.check|KEY":1}},)"))
      << response.body;
  EXPECT_EQ(Post("organization/1/workloads", R"([")" + kFirst + R"("])").body, response.body);
  EXPECT_EQ(Get("organization/1/workloads?namespace=NS-B").body.find("NS-A"), std::string::npos);
}

TEST_F(WorkloadsTest, AStorageThatKeepsNothingShowsNoneOfTheDatabase) {
  AggregatorOptions options;
  options.workloads_in_database = false;
  Start(options);
  ExpectAnswer(Get("organization/1/workloads"), R"({"status":"ok","workloads":null})");
  EXPECT_EQ(Get("organization/1/namespace/NS-A/cluster/" + kFirst + "/workloads").status, 404);
  // The other storage is as it was.
  options.workloads_in_database = true;
  options.recommendations_in_database = false;
  Start(options);
  EXPECT_NE(Get("organization/1/workloads").body.find("NS-A"), std::string::npos);
}

TEST_F(WorkloadsTest, TellsNothingFoundFromNothingAsked) {
  const std::string null = R"({"status":"ok","workloads":null})";
  const std::string empty = R"({"status":"ok","workloads":[]})";
  ExpectAnswer(Get("organization/4294967295/workloads"), null);
  ExpectSchema(Get("organization/2/workloads"), "WorkloadsAnswer");
  ExpectAnswer(Post("organization/1/workloads", R"([")" + kSecond + R"("])"), null);
  ExpectAnswer(Post("organization/1/workloads", "[]"), empty);
  ExpectAnswer(Get("organization/1/workloads?limit=0"), empty);
  ExpectError(Post("organization/1/workloads"), 400, "client didn't provide request body");
  ExpectError(Post("organization/1/workloads", R"({"clusters":[]})"), 400, "bad type in json data");
}

TEST_F(WorkloadsTest, ShowsOneNamespace) {
  const auto path = [](const std::string& id) {
    return "organization/1/namespace/" + id + "/cluster/" + kFirst + "/workloads";
  };
  const http::Response response = Get(path("NS-A"));
  ExpectSchema(response, "NamespaceWorkloadsAnswer");
  EXPECT_TRUE(response.body.ends_with(
      R"("recommendations":[{"check":"p.dvo.check|KEY","details":"","resolution":"",)"
      R"("modified":"","more_info":"","extra_data":{"check_name":"c","samples":[]},)"
      R"("objects":[{"kind":"DaemonSet","uid":"u1","display_name":"one"}]}]}})"
      "\n"))
      << response.body;
  EXPECT_NE(Get(path("NS-B"))
                .body.find(R"("check":"other|K2","details":"","resolution":"",)"
                           R"("modified":"","more_info":"","extra_data":null)"),
            std::string::npos);
  ExpectError(Get(path("NS-C")), 404,
              "Item with ID 1:" + kFirst + ":NS-C was not found in the storage");
  const std::string line = "a%0Ab";
  ExpectError(Get(path(line)), 400,
              "Error during parsing param 'namespace' with value 'a\\nb'. Error: 'invalid "
              "namespace ID: 'a\\nb''");
  std::string longest;
  for (int i = 0; i < 256; ++i) longest += "%C3%A4";
  EXPECT_EQ(Get(path(longest)).status, 404);
  EXPECT_EQ(Get(path(longest + "a")).status, 400);
  ExpectError(Get("organization/x/namespace/" + line + "/cluster/y/workloads"), 400,
              "Error during parsing param 'org_id' with value 'x'. Error: 'unsigned integer "
              "expected'");
}

TEST(WorkloadReportTest, ReadsRowsOfOldForms) {
  const std::string report = R"({\"workload_recommendations\":[{\"component\":\"a\",\"key\":\"K\",)"
                             R"(\"workloads\":[{\"namespace_uid\":\"N\",\"kind\":\"Pod\"}]}]})";
  const std::string shown =
      R"([{"check":"a|K","details":"","resolution":"","modified":"","more_info":"",)"
      R"("extra_data":null,"objects":[{"kind":"Pod","uid":"","display_name":""}]}])";
  EXPECT_EQ(RecommendationsOf(report), shown);
  EXPECT_EQ(RecommendationsOf("\"" + report + "\""), shown);
}

TEST(WorkloadReportTest, ShowsNothingOfWhatCannotBeRead) {
  for (const char* text :
       {"", "\"", "{", "x", "\"x\"", "[]", "\"[]\"", "null", R"({"workload_recommendations":1})",
        R"({"workload_recommendations":[1]})", R"({"workload_recommendations":[{"component":1}]})",
        R"({"workload_recommendations":[{"component":"a","key":"K",)"
        R"("workloads":[{"namespace_uid":"N","kind":1}]}]})"}) {
    EXPECT_EQ(RecommendationsOf(text), "[]") << text;
  }
}

}  // namespace
}  // namespace insightd::api
