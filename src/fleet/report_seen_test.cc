#include "fleet/report_seen.h"

#include <gtest/gtest.h>

namespace insightd::fleet {
namespace {

TEST(ReadReportTest, CountsHitsByRiskAndFindsTheWorst) {
  const auto report = ReadReport(
      R"({"report":{"meta":{"last_checked_at":"2026-08-01T10:00:00Z","gathered_at":"2026-08-01T09:58:12Z"},
          "data":[{"total_risk":1,"description":"a"},{"total_risk":4,"description":"b"},
                  {"total_risk":4,"description":"c"}]},"status":"ok"})");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->hits_by_risk, (std::array<std::int64_t, kRisks>{1, 0, 0, 2}));
  EXPECT_EQ(report->worst, "b");
  EXPECT_EQ(report->last_checked_at, "2026-08-01T10:00:00Z");
  EXPECT_EQ(report->gathered_at, ParseTime("2026-08-01T09:58:12Z"));
}

TEST(ReadReportTest, AcceptsAClusterWithoutHits) {
  const auto report = ReadReport(R"({"report":{"meta":{"count":0},"data":[]},"status":"ok"})");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->worst, "");
  EXPECT_FALSE(report->gathered_at);
}

TEST(ReadReportTest, RefusesWhatIsNoReport) {
  for (const char* body : {"", "<html>", "{}", R"({"report":{"meta":{}}})"}) {
    EXPECT_FALSE(ReadReport(body)) << body;
  }
}

TEST(ReportSeenTest, ReadsHowAnUploadHasEnded) {
  const auto with_end = [](std::string_view end) {
    return ReadEnd(200, R"({"upload":{"end":")" + std::string(end) + R"("},"status":"ok"})", "a1");
  };
  EXPECT_EQ(with_end("stored"), EndSeen::kReadable);
  EXPECT_EQ(with_end("overtaken"), EndSeen::kReadable);
  EXPECT_EQ(with_end("dead_letter"), EndSeen::kLost);
  EXPECT_EQ(ReadEnd(404, R"({"status":"Item with ID a1 was not found in the storage"})", "a1"),
            EndSeen::kNotYet);
  EXPECT_EQ(ReadEnd(0, "", "a1"), EndSeen::kNotYet);
  EXPECT_EQ(ReadEnd(503, "", "a1"), EndSeen::kNotYet);
}

TEST(ReportSeenTest, TellsAServerThatDoesNotKnowUploads) {
  EXPECT_EQ(ReadEnd(404, "404 page not found", "a1"), EndSeen::kNobodySays);
  EXPECT_EQ(ReadEnd(404, R"({"status":404,"path":"/uploads/a1"})", "a1"), EndSeen::kNobodySays);
  EXPECT_EQ(ReadEnd(403, R"({"status":"Missing auth token"})", "a1"), EndSeen::kNobodySays);
  EXPECT_EQ(ReadEnd(200, "<html>", "a1"), EndSeen::kNobodySays);
}

}  // namespace
}  // namespace insightd::fleet
