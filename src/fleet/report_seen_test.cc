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

}  // namespace
}  // namespace insightd::fleet
