#include "store/postgres/report_queue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

constexpr std::string_view kCluster = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";

Result<ClusterReport> ReportFrom(ReportQueue& queue) {
  std::promise<Result<ClusterReport>> answer;
  queue.Ask({1, std::string(kCluster), "me"},
            [&answer](Result<ClusterReport> report) { answer.set_value(std::move(report)); });
  return answer.get_future().get();
}

class PostgresReportQueue : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    MigrateToLatest(*database_);
    database_->Do(
        fmt::format("INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                    "VALUES (1, '{}', '{{}}', '2026-11-01', '2026-11-01')",
                    kCluster));
    queue_ = std::make_unique<ReportQueue>(
        PostgresStoreOptions{.conninfo = database_->Conninfo(), .read_conninfo = {}});
  }
  // As a server does that goes away: ends all sessions; and takes new ones, or not.
  void EndSessions(bool take_new_ones) {
    const auto server = Connection::Open({.conninfo = TestServer("POSTGRES")});
    ASSERT_TRUE(server);
    ASSERT_TRUE((*server)->Execute(
        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}", database_->name(), take_new_ones)));
    ASSERT_TRUE((*server)->Execute(fmt::format(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}'",
        database_->name())));
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportQueue> queue_;
};

TEST_F(PostgresReportQueue, ASessionThatTheServerEndedIsMadeAgain) {
  ASSERT_TRUE(ReportFrom(*queue_));
  EndSessions(/*take_new_ones=*/true);
  const auto report = ReportFrom(*queue_);
  EXPECT_TRUE(report) << report.error().message();
}

TEST_F(PostgresReportQueue, WhereTheServerTakesOneConnectionAllGoThroughIt) {
  ASSERT_TRUE(ReportFrom(*queue_));
  // The one that is there goes on; further ones are refused.
  const auto server = Connection::Open({.conninfo = TestServer("POSTGRES")});
  ASSERT_TRUE((*server)->Execute(
      fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", database_->name())));
  constexpr int kQuestions = 300;
  std::atomic<int> answered = 0;
  std::atomic<int> good = 0;
  for (int i = 0; i < kQuestions; ++i) {
    queue_->Ask({1, std::string(kCluster), "me"}, [&](const Result<ClusterReport>& report) {
      good += report.has_value();
      ++answered;
    });
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (answered < kQuestions && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(answered, kQuestions);
  EXPECT_EQ(good, kQuestions);
}

TEST_F(PostgresReportQueue, WhileTheServerIsAwayItSaysSoAndRecoversByItself) {
  ASSERT_TRUE(ReportFrom(*queue_));
  EndSessions(/*take_new_ones=*/false);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    const auto report = ReportFrom(*queue_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Code::kUnavailable);
    EXPECT_NE(report.error().message().find(database_->name()), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5)) << "all at once";

  EndSessions(/*take_new_ones=*/true);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool back = false;
  while (!back && std::chrono::steady_clock::now() < until) back = ReportFrom(*queue_).has_value();
  EXPECT_TRUE(back);
}

TEST(PostgresReportQueueAway, AServerThatIsNotThereIsSaidAtOnce) {
  ReportQueue queue({.conninfo = "host=127.0.0.1 port=1 dbname=none", .read_conninfo = {}});
  for (int i = 0; i < 3; ++i) {
    const auto report = ReportFrom(queue);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Code::kUnavailable);
    EXPECT_NE(report.error().message().find("127.0.0.1:1"), std::string::npos)
        << report.error().message();
  }
}

TEST(PostgresReportQueueAway, WhatCannotBeIsNotFoundWithoutAsking) {
  ReportQueue queue({.conninfo = "host=127.0.0.1 port=1 dbname=none", .read_conninfo = {}});
  bool asked = false;
  queue.Ask({-1, std::string(kCluster), ""}, [&asked](Result<ClusterReport> report) {
    EXPECT_EQ(report.error().code(), Code::kNotFound);
    asked = true;
  });
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace insightd::store::pg
