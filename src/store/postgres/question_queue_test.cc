#include "store/postgres/question_queue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <thread>

#include "base/testing/poll_loop.h"
#include "store/postgres/statements.h"
#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

constexpr std::string_view kCluster = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";

Result<ClusterReport> ReportFrom(QuestionQueue& queue) {
  std::promise<Result<ClusterReport>> answer;
  queue.Ask(ReportQuestion{
      {1, std::string(kCluster), "me"},
      [&answer](Result<ClusterReport> report) { answer.set_value(std::move(report)); }});
  return answer.get_future().get();
}

class PostgresQuestionQueue : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    MigrateToLatest(*database_);
    database_->Do(
        fmt::format("INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                    "VALUES (1, '{}', '{{}}', '2026-11-01', '2026-11-01')",
                    kCluster));
    queue_ = std::make_unique<QuestionQueue>(
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
  std::unique_ptr<QuestionQueue> queue_;
};

TEST_F(PostgresQuestionQueue, ASessionThatTheServerEndedIsMadeAgain) {
  ASSERT_TRUE(ReportFrom(*queue_));
  EndSessions(/*take_new_ones=*/true);
  const auto report = ReportFrom(*queue_);
  EXPECT_TRUE(report) << report.error().message();
}

TEST_F(PostgresQuestionQueue, WhereTheServerTakesOneConnectionAllGoThroughIt) {
  ASSERT_TRUE(ReportFrom(*queue_));
  // The one that is there goes on; further ones are refused.
  const auto server = Connection::Open({.conninfo = TestServer("POSTGRES")});
  ASSERT_TRUE((*server)->Execute(
      fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", database_->name())));
  constexpr int kQuestions = 300;
  std::atomic<int> answered = 0;
  std::atomic<int> good = 0;
  for (int i = 0; i < kQuestions; ++i) {
    queue_->Ask(
        ReportQuestion{{1, std::string(kCluster), "me"}, [&](const Result<ClusterReport>& report) {
                         good += report.has_value();
                         ++answered;
                       }});
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (answered < kQuestions && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(answered, kQuestions);
  EXPECT_EQ(good, kQuestions);
}

TEST_F(PostgresQuestionQueue, WhileTheServerIsAwayItSaysSoAndRecoversByItself) {
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

// Of those who ask in an event loop.
class PostgresQuestionLane : public PostgresQuestionQueue {
 protected:
  struct Answers {
    std::atomic<int> good = 0;
    std::atomic<int> bad = 0;
    std::atomic<int> in_loop = 0;
    int all() const { return good + bad; }
  };

  void Ask(Answers& answers, int count) {
    loop_->Do([&] {
      for (int i = 0; i < count; ++i) {
        queue_->Ask(ReportQuestion{{1, std::string(kCluster), "me"},
                                   [&](const Result<ClusterReport>& report) {
                                     answers.in_loop += EventLoop::Current() != nullptr;
                                     ++(report ? answers.good : answers.bad);
                                   }});
      }
    });
  }
  bool AskAndWait(Answers& answers, int count) {
    const int wanted = answers.all() + count;
    Ask(answers, count);
    return WaitUntil([&] { return answers.all() == wanted; });
  }
  // Asks one after the other until one is answered in the loop.
  bool WaitForLane() {
    Answers answers;
    return WaitUntil([&] { return AskAndWait(answers, 1) && answers.in_loop > 0; });
  }
  static bool WaitUntil(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  // Statements on the reports wait as long as it lives.
  std::unique_ptr<Connection> Lock() {
    auto connection = database_->Connect();
    EXPECT_TRUE(connection->Run("BEGIN"));
    EXPECT_TRUE(connection->Run("LOCK TABLE report IN ACCESS EXCLUSIVE MODE"));
    return connection;
  }

  std::unique_ptr<insightd::testing::PollLoop> loop_ =
      std::make_unique<insightd::testing::PollLoop>();
};

TEST_F(PostgresQuestionLane, OnceTheServerHasAnsweredAnswersComeInTheLoop) {
  ASSERT_TRUE(WaitForLane());
  Answers answers;
  ASSERT_TRUE(AskAndWait(answers, 100));
  EXPECT_EQ(answers.good, 100);
  EXPECT_EQ(answers.in_loop, 100);
}

TEST_F(PostgresQuestionLane, WhoAskTogetherAreAnsweredByOneStatement) {
  ASSERT_TRUE(WaitForLane());
  std::atomic<std::size_t> statements = 0;
  SetStatementObserver([&](std::string_view, microseconds) { ++statements; });
  Answers answers;
  EXPECT_TRUE(AskAndWait(answers, 10 * static_cast<int>(kTogetherMax)));
  SetStatementObserver({});
  EXPECT_EQ(answers.good, answers.all());
  EXPECT_EQ(statements, 10);
}

TEST_F(PostgresQuestionLane, ReportsAndListsGoToTheServerTogether) {
  ASSERT_TRUE(WaitForLane());
  std::atomic<std::size_t> statements = 0;
  SetStatementObserver([&](std::string_view, microseconds) { ++statements; });
  constexpr int kTimes = 5;
  std::atomic<int> reports = 0;
  std::atomic<int> lists = 0;
  loop_->Do([&] {
    for (int i = 0; i < kTimes; ++i) {
      queue_->Ask(ReportQuestion{{1, std::string(kCluster), "me"},
                                 [&](const Result<ClusterReport>& report) {
                                   EXPECT_EQ(report->meta.cluster, kCluster);
                                   ++reports;
                                 }});
      queue_->Ask(ClustersQuestion{{i, Time{}}, [&, i](const Result<std::optional<TextList>>& few) {
                                     EXPECT_EQ(few->value().size(), i == 1 ? 1U : 0U);
                                     ++lists;
                                   }});
    }
  });
  EXPECT_TRUE(WaitUntil([&] { return reports == kTimes && lists == kTimes; }));
  SetStatementObserver({});
  EXPECT_EQ(statements, 2);
}

TEST_F(PostgresQuestionLane, ASessionThatTheServerEndedIsMadeAgain) {
  ASSERT_TRUE(WaitForLane());
  EndSessions(/*take_new_ones=*/true);
  Answers answers;
  ASSERT_TRUE(AskAndWait(answers, 100));
  EXPECT_EQ(answers.good, 100);
  EXPECT_TRUE(WaitForLane());
}

TEST_F(PostgresQuestionLane, WhatIsOnItsWayWhenTheSessionEndsIsAskedAgain) {
  ASSERT_TRUE(WaitForLane());
  Answers answers;
  {
    const auto lock = Lock();
    Ask(answers, 3);
    database_->Do(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'");
  }
  ASSERT_TRUE(WaitUntil([&] { return answers.all() == 3; }));
  EXPECT_EQ(answers.good, 3);
}

TEST_F(PostgresQuestionLane, WhileTheServerIsAwayItSaysSoAndRecoversByItself) {
  ASSERT_TRUE(WaitForLane());
  EndSessions(/*take_new_ones=*/false);
  Answers answers;
  ASSERT_TRUE(AskAndWait(answers, 50));
  EXPECT_EQ(answers.bad, 50);
  EndSessions(/*take_new_ones=*/true);
  EXPECT_TRUE(WaitForLane());
}

TEST_F(PostgresQuestionLane, AStatementThatTakesTooLongIsAnError) {
  queue_ = std::make_unique<QuestionQueue>(PostgresStoreOptions{
      .conninfo = database_->Conninfo(), .read_conninfo = {}, .statement_max = milliseconds(200)});
  ASSERT_TRUE(WaitForLane());
  Answers answers;
  {
    const auto lock = Lock();
    ASSERT_TRUE(AskAndWait(answers, 2));
  }
  EXPECT_EQ(answers.bad, 2);
  EXPECT_TRUE(WaitForLane());
}

TEST_F(PostgresQuestionLane, AServerThatFreezesIsGivenUpAndAskedAnew) {
  queue_ = std::make_unique<QuestionQueue>(PostgresStoreOptions{
      .conninfo = database_->Conninfo(), .read_conninfo = {}, .statement_max = milliseconds(200)});
  ASSERT_TRUE(WaitForLane());
  const auto looks = database_->Connect();
  const auto sessions = looks->Run(
      "SELECT pid::int8 FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  ASSERT_TRUE(sessions);
  ASSERT_GE(sessions->size(), 2U) << "a worker's and a lane's";
  const auto signal = [&](int number) {
    for (std::size_t i = 0; i < sessions->size(); ++i) {
      ASSERT_EQ(::kill(static_cast<pid_t>(sessions->IntAt(i, 0)), number), 0);
    }
  };
  signal(SIGSTOP);
  Answers answers;
  const bool all = AskAndWait(answers, 10);
  signal(SIGCONT);
  EXPECT_TRUE(all);
  EXPECT_EQ(answers.good, 10) << "by sessions that were made meanwhile";
}

TEST_F(PostgresQuestionLane, WithTheEndOfTheLoopWhoWaitsIsTold) {
  ASSERT_TRUE(WaitForLane());
  const auto lock = Lock();
  Answers answers;
  Ask(answers, 2 * static_cast<int>(kTogetherMax));
  loop_.reset();
  EXPECT_EQ(answers.bad, 2 * kTogetherMax);
}

TEST_F(PostgresQuestionLane, WhatIsTooLongForALaneIsAnsweredToo) {
  ASSERT_TRUE(WaitForLane());
  Answers answers;
  loop_->Do([&] {
    for (int i = 0; i < 100; ++i) {
      queue_->Ask(ReportQuestion{
          {1, std::string(kCluster), std::string(10'000, 'u')},
          [&](const Result<ClusterReport>& report) { ++(report ? answers.good : answers.bad); }});
    }
  });
  ASSERT_TRUE(WaitUntil([&] { return answers.all() == 100; }));
  EXPECT_EQ(answers.good, 100);
}

TEST_F(PostgresQuestionLane, ALoopWithoutALaneAsksTheWorkers) {
  queue_ = std::make_unique<QuestionQueue>(PostgresStoreOptions{
      .conninfo = database_->Conninfo(), .read_conninfo = {}, .connections_max = 1});
  ASSERT_TRUE(WaitForLane());
  const auto first = std::exchange(loop_, std::make_unique<insightd::testing::PollLoop>());
  Answers answers;
  ASSERT_TRUE(AskAndWait(answers, 100));
  EXPECT_EQ(answers.good, 100);
  EXPECT_EQ(answers.in_loop, 0);
  loop_.reset();
}

TEST(PostgresQuestionQueueAway, AServerThatIsNotThereIsSaidAtOnce) {
  QuestionQueue queue({.conninfo = "host=127.0.0.1 port=1 dbname=none", .read_conninfo = {}});
  for (int i = 0; i < 3; ++i) {
    const auto report = ReportFrom(queue);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Code::kUnavailable);
    EXPECT_NE(report.error().message().find("127.0.0.1:1"), std::string::npos)
        << report.error().message();
  }
}

TEST(PostgresQuestionQueueAway, WhatCannotBeIsNotFoundWithoutAsking) {
  QuestionQueue queue({.conninfo = "host=127.0.0.1 port=1 dbname=none", .read_conninfo = {}});
  bool asked = false;
  queue.Ask(ReportQuestion{{-1, std::string(kCluster), ""}, [&asked](Result<ClusterReport> report) {
                             EXPECT_EQ(report.error().code(), Code::kNotFound);
                             asked = true;
                           }});
  EXPECT_TRUE(asked);
  asked = false;
  queue.Ask(ClustersQuestion{{-1, Time{}}, [&asked](const Result<std::optional<TextList>>& few) {
                               EXPECT_TRUE(few->value().empty());
                               asked = true;
                             }});
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace insightd::store::pg
