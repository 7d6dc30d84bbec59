#include "results/other_messages.h"

#include <gtest/gtest.h>

#include "results/payload_status.h"

namespace insightd::results {
namespace {

TEST(WorkloadInfoTest, PassesTheDocumentOnUnread) {
  json::Parser parser;
  Result result;
  result.org_id = 7;
  result.cluster = "c";
  result.last_checked = "2025-10-10T15:21:19Z";
  result.account_number = 9;
  EXPECT_EQ(PrintWorkloadInfo(result, R"({"pods":2,"x":{"y":[1.5,null]}})", parser).value(),
            "{\"OrgID\": 7, \"ClusterName\": \"c\", \"Images\": {\"pods\": 2, \"x\": {\"y\": [1.5, "
            "null]}}, \"LastChecked\": \"2025-10-10T15:21:19Z\", \"Version\": 2, \"RequestId\": "
            "null, \"AccountNumber\": 9}\n");
  const auto bad = PrintWorkloadInfo(result, "{", parser);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), Code::kInvalid);
  EXPECT_TRUE(bad.error().message().starts_with("config/workload_info.json"));
}

TEST(SyncedArchiveTest, IsOneLineWithoutAnEnd) {
  EXPECT_EQ(PrintSyncedArchive({.path = "archives/c.tar.gz",
                                .original_path = "",
                                .cluster = "c",
                                .external_organization = "",
                                .request_id = "r1"}),
            R"({"path": "archives/c.tar.gz", "original_path": "", "metadata": {"cluster_id": "c", )"
            R"("external_organization": null}, "request_id": "r1"})");
}

TEST(RulesResultTest, CarriesTheReportUnderItsPath) {
  json::Parser parser;
  Result result;
  result.report.plugin_sets = {};
  EXPECT_EQ(PrintRulesResult("p", R"({"cluster_id":"c"})", result, parser),
            R"({"path": "p", "metadata": {"cluster_id": "c"}, "report": {"system": {"metadata": )"
            R"({}, "hostname": null}, "reports": [], "fingerprints": [], "skips": [], "info": [], )"
            R"("analysis_metadata": {"start": "1970-01-01T00:00:00.000000+00:00", "finish": )"
            R"("1970-01-01T00:00:00.000000+00:00", "execution_context": )"
            R"("ccx_ocp_core.context.InsightsOperatorContext", "plugin_sets": {}}}, )"
            R"("request_id": null})");
}

TEST(PayloadStatusTest, OfThePipelineIsAsPythonWritesIt) {
  PayloadStatus status{.service = "ccx-data-pipeline",
                       .request_id = "req1",
                       .status = kStatusError,
                       .date = ParseTime("2026-01-23T09:26:33.008370Z").value(),
                       .org_id = "1234567",
                       .account = "987",
                       .message = "é"};
  EXPECT_EQ(PrintPayloadStatus(status, StatusForm::kPipeline),
            R"({"service": "ccx-data-pipeline", "request_id": "req1", "status": "error", "date": )"
            R"("2026-01-23T09:26:33.008370", "org_id": "1234567", "account": "987", )"
            R"("status_msg": "\u00e9"})");
  status.date = ParseTime("2026-01-23T09:26:30Z").value();
  status.org_id = status.account = status.message = {};
  EXPECT_EQ(PrintPayloadStatus(status, StatusForm::kPipeline),
            R"({"service": "ccx-data-pipeline", "request_id": "req1", "status": "error", "date": )"
            R"("2026-01-23T09:26:30"})");
}

TEST(PayloadStatusTest, OfAWriterIsAsGoWritesIt) {
  PayloadStatus status{.service = "insights-results-db-writer",
                       .request_id = "req1",
                       .status = kStatusProcessed,
                       .date = ParseTime("2026-01-23T09:26:33.008370Z").value(),
                       .org_id = "1"};
  EXPECT_EQ(PrintPayloadStatus(status, StatusForm::kWriter),
            R"({"service":"insights-results-db-writer","request_id":"req1","status":"processed",)"
            R"("date":"2026-01-23T09:26:33.00837Z","org_id":"1"})");
  status.date = ParseTime("2026-01-23T09:26:30Z").value();
  EXPECT_NE(PrintPayloadStatus(status, StatusForm::kWriter).find("\"2026-01-23T09:26:30Z\""),
            std::string::npos);
}

TEST(SyncedArchiveTest, ReadsWhatItWrites) {
  json::Parser parser;
  const auto read = ParseSyncedArchive(PrintSyncedArchive({.path = "archives/c.tar.gz",
                                                           .original_path = "https://h/k?X=1",
                                                           .cluster = "c",
                                                           .external_organization = "",
                                                           .request_id = "r"}),
                                       parser);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->path, "archives/c.tar.gz");
  EXPECT_EQ(read->original_path, "https://h/k?X=1");
  EXPECT_EQ(read->cluster, "c");
  EXPECT_EQ(read->external_organization, "");
  EXPECT_EQ(read->request_id, "r");
  EXPECT_EQ(read->metadata, R"({"cluster_id":"c","external_organization":null})");
}

TEST(SyncedArchiveTest, NamesTheMemberThatIsWrong) {
  json::Parser parser;
  const auto why = [&parser](std::string_view text) {
    const auto read = ParseSyncedArchive(text, parser);
    if (read) return std::string("good");
    EXPECT_EQ(read.error().code(), Code::kInvalid);
    return read.error().message();
  };
  EXPECT_EQ(why(R"({"path":"p","metadata":{"cluster_id":"c"}})"), "good");
  EXPECT_NE(why("{"), "good");
  EXPECT_EQ(why("[]"), "the message is no JSON object");
  EXPECT_EQ(why(R"({"path":"p"})"), "member metadata is no object");
  EXPECT_EQ(why(R"({"path":1,"metadata":{"cluster_id":"c"}})"), "member path is 1, not a text");
  EXPECT_EQ(why(R"({"path":"p","metadata":{}})"),
            "member metadata.cluster_id is missing, not a text");
  EXPECT_EQ(why(R"({"path":"p","original_path":null,"metadata":{"cluster_id":"c"}})"),
            "member original_path is not a text");
  EXPECT_EQ(why(R"({"path":"p","metadata":{"cluster_id":"c","external_organization":1}})"),
            "member metadata.external_organization is not a text");
}

TEST(RulesResultTest, ReadsTheMessageAndPrintsItAnew) {
  json::Parser parser;
  const auto read = ParseRulesResult(
      R"({"path":"p","metadata":{"cluster_id":"c","x":[1.5]},"report":{"t":"é"},"request_id":7})",
      parser);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->path, "p");
  EXPECT_EQ(read->cluster, "c");
  EXPECT_EQ(read->request_id, "7");
  EXPECT_EQ(read->document,
            "{\"path\": \"p\", \"metadata\": {\"cluster_id\": \"c\", \"x\": "
            "[1.5]}, \"report\": {\"t\": \"\\u00e9\"}, \"request_id\": 7}");
  const auto old =
      ParseRulesResult(R"({"path":"p","metadata":{"cluster_id":"c"},"report":[]})", parser);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().message(), "member report is no object");
}

}  // namespace
}  // namespace insightd::results
