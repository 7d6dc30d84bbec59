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

}  // namespace
}  // namespace insightd::results
