#include "results/workloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::results {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kCluster = "f2511ded-26d0-4d13-9ff1-1764d4323426";

std::string Message(std::string_view metrics, std::string_view more = "") {
  return R"({"OrgID":1,"ClusterName":")" + std::string(kCluster) + R"(","Metrics":)" +
         std::string(metrics) + R"(,"LastChecked":"2025-10-10T15:21:19.482113Z","Version":2)" +
         std::string(more) + "}";
}

std::string Metrics(std::string_view list) {
  return R"({"system":{},"workload_recommendations":)" + std::string(list) + "}";
}

insightd::Result<ReceivedWorkloads> Parsed(std::string_view message) {
  json::Parser parser;
  return ParseWorkloads(message, parser);
}

std::string Refusal(std::string_view message) {
  const insightd::Result<ReceivedWorkloads> result = Parsed(message);
  if (result) return "taken";
  EXPECT_EQ(result.error().code(), Code::kInvalid);
  return result.error().message();
}

Result Example() {
  Result result;
  result.org_id = 7;
  result.cluster = kCluster;
  result.last_checked = "2025-10-10T15:21:19.482113Z";
  result.request_id = "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e";
  result.account_number = 9;
  result.report.plugin_sets = {{"insights-core", "insightd-1"}};
  result.report.workloads = {
      {"ccx_rules_ocp.external.dvo.an_issue.report",
       "an_issue|DVO_AN_ISSUE",
       "DVO_AN_ISSUE",
       R"({"n":1,"workloads":[{"kind":"DaemonSet","uid":"U1","namespace_uid":"N1",)"
       R"("namespace":"a","name":"x"},{"kind":"Deployment","uid":"U2","namespace_uid":"N2"}]})",
       {"dvo"},
       "{}"}};
  return result;
}

TEST(WorkloadsTest, PrintsTheEnvelopeInTheOrderOfItsReaders) {
  json::Parser parser;
  const std::string text = PrintWorkloads(Example(), parser);
  EXPECT_EQ(
      text,
      R"({"OrgID": 7, "ClusterName": "f2511ded-26d0-4d13-9ff1-1764d4323426", "Metrics": )"
      R"({"system": {"metadata": {}, "hostname": null}, "fingerprints": [], "analysis_metadata": )"
      R"({"start": "1970-01-01T00:00:00.000000+00:00", "finish": "1970-01-01T00:00:00.000000+00:00", )"
      R"("execution_context": "ccx_ocp_core.context.InsightsOperatorContext", "plugin_sets": )"
      R"({"insights-core": {"version": "insightd-1", "commit": null}}}, "workload_recommendations": )"
      R"([{"response_id": "an_issue|DVO_AN_ISSUE", "component": )"
      R"("ccx_rules_ocp.external.dvo.an_issue.recommendation", "key": "DVO_AN_ISSUE", "details": )"
      R"({"n": 1, "check_name": "", "check_url": "", "samples": [)"
      R"({"namespace": "a", "namespace_uid": "N1", "kind": "DaemonSet", "name": "x", "uid": "U1"}, )"
      R"({"namespace": "", "namespace_uid": "N2", "kind": "Deployment", "name": "", "uid": "U2"}]}, )"
      R"("tags": ["dvo"], "links": {}, "workloads": [)"
      R"({"namespace": "a", "namespace_uid": "N1", "kind": "DaemonSet", "name": "x", "uid": "U1"}, )"
      R"({"namespace": "", "namespace_uid": "N2", "kind": "Deployment", "name": "", "uid": "U2"}]}]}, )"
      R"("RequestId": "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e", "LastChecked": )"
      R"("2025-10-10T15:21:19.482113Z", "Version": 2, "AccountNumber": 9})"
      "\n");
}

TEST(WorkloadsTest, WhatIsPrintedIsRead) {
  json::Parser parser;
  const auto received = ParseWorkloads(PrintWorkloads(Example(), parser), parser);
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->org_id, 7);
  EXPECT_EQ(received->cluster, kCluster);
  EXPECT_EQ(received->account_number, 9);
  EXPECT_EQ(received->version, 2);
  EXPECT_FALSE(received->empty);
  ASSERT_EQ(received->namespaces.size(), 2u);
  EXPECT_EQ(received->namespaces[0].id, "N1");
  EXPECT_EQ(received->namespaces[0].name, "a");
  EXPECT_EQ(received->namespaces[0].hits,
            R"({"ccx_rules_ocp.external.dvo.an_issue|DVO_AN_ISSUE":1})");
}

TEST(WorkloadsTest, WithoutFindingsTheListIsThereAndEmpty) {
  json::Parser parser;
  Result result = Example();
  result.report.workloads->clear();
  const std::string text = PrintWorkloads(result, parser);
  EXPECT_THAT(text, HasSubstr(R"("workload_recommendations": []})"));
  const auto received = ParseWorkloads(text, parser);
  ASSERT_TRUE(received);
  EXPECT_FALSE(received->empty) << "it says that there is nothing";
  EXPECT_TRUE(received->namespaces.empty());
}

TEST(WorkloadsTest, CountsByNamespaceRecommendationsObjectsAndHits) {
  const auto received = Parsed(Message(Metrics(R"([
      {"component":"p.dvo.a.recommendation","key":"A","details":null,"workloads":[
        {"namespace":"one","namespace_uid":"1","uid":"x"},{"namespace":"uno","namespace_uid":"1","uid":"x"},
        {"namespace":"two","namespace_uid":"2","uid":"x"}]},
      {"component":"p.dvo.b.recommendation","key":"B","tags":["t"],"links":{"jira":["u"]},"workloads":[
        {"namespace_uid":"1","uid":"y"}]},
      {"component":"","key":"C","workloads":[{"namespace_uid":"2","uid":"z"}]},
      {"component":"p.dvo.d.recommendation","key":"D","workloads":[]}])")));
  ASSERT_TRUE(received) << received.error().message();
  ASSERT_EQ(received->namespaces.size(), 2u);
  const Namespace& one = received->namespaces[0];
  EXPECT_EQ(one.name, "one") << "of the first workload there";
  EXPECT_EQ(one.recommendations, 2);
  EXPECT_EQ(one.objects, 2);
  EXPECT_EQ(one.hits, R"({"p.dvo.a|A":2,"p.dvo.b|B":1})");
  const Namespace& two = received->namespaces[1];
  EXPECT_EQ(two.recommendations, 2);
  EXPECT_EQ(two.objects, 2);
  EXPECT_EQ(two.hits, R"({"p.dvo.a|A":1})") << "without a name it cannot be counted";
}

TEST(WorkloadsTest, KeepsTheMetricsCompactAndSorted) {
  const auto received = Parsed(
      Message(R"({ "version": 1, "workload_recommendations": [ ], "a": { "z": 1, "b": 2 } })"));
  ASSERT_TRUE(received);
  EXPECT_EQ(received->metrics, R"({"a":{"z":1,"b":2},"version":1,"workload_recommendations":[]})");
}

TEST(WorkloadsTest, HalfOfASurrogatePairIsReadAsAnotherSign) {
  const auto received =
      Parsed(Message(R"({"version": 1, "workload_recommendations": [], "a\ud800": "\udc00"})"));
  ASSERT_TRUE(received);
  EXPECT_EQ(received->metrics,
            "{\"a\uFFFD\":\"\uFFFD\",\"version\":1,\"workload_recommendations\":[]}");
}

TEST(WorkloadsTest, EmptyMetricsAreNothingToStore) {
  const auto received = Parsed(Message("{}"));
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->empty);
}

TEST(WorkloadsTest, RefusesWithTheTextsOfTheOriginal) {
  EXPECT_EQ(Refusal(""), "unexpected end of JSON input");
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_EQ(Refusal(R"({"ClusterName":"x","Metrics":{}})"), "missing required attribute 'OrgID'");
  EXPECT_EQ(Refusal(R"({"OrgID":1,"Metrics":{}})"), "missing required attribute 'ClusterName'");
  EXPECT_EQ(Refusal(R"({"OrgID":1,"ClusterName":"x"})"), "missing required attribute 'Metrics'");
  EXPECT_EQ(Refusal(R"({"OrgID":1,"ClusterName":"x","Metrics":{}})"), "cluster name is not a UUID");
  EXPECT_EQ(Refusal(Message(R"({"system":{}})")),
            "improper report structure, missing key with name 'workload_recommendations'");
  EXPECT_THAT(Refusal(R"({"OrgID":1,"ClusterName":")" + std::string(kCluster) + R"(","Metrics":)" +
                      Metrics("[]") + "}"),
              HasSubstr("parsing time"));
}

TEST(WorkloadsTest, RefusesWhatIsOfAnotherType) {
  for (const std::string_view list :
       {"null", "{}", R"([1])", R"([{"component":1}])", R"([{"details":[]}])", R"([{"tags":[1]}])",
        R"([{"tags":{}}])", R"([{"links":{"jira":"u"}}])", R"([{"workloads":{}}])",
        R"([{"workloads":[1]}])", R"([{"workloads":[{"uid":7}]}])"}) {
    EXPECT_THAT(Refusal(Message(Metrics(list))), HasSubstr("cannot unmarshal")) << list;
  }
  EXPECT_EQ(Refusal(Message(Metrics(R"([null, {"workloads":[null]}])"))), "taken");
}

TEST(WorkloadsTest, AResultIsNoMessageOnWorkloads) {
  EXPECT_EQ(Refusal(R"({"OrgID":1,"ClusterName":"x","Report":{}})"),
            "missing required attribute 'Metrics'");
}

}  // namespace
}  // namespace insightd::results
