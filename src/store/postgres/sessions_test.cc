#include "store/postgres/sessions.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "store/postgres/locks.h"
#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

using ::testing::HasSubstr;

class PostgresSessions : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    options_ = {
        .conninfo = database_->Conninfo(), .application = "insightd writer", .connections_max = 2};
    sessions_ = std::make_unique<Sessions>(options_);
  }
  // Ends all connections to the test's database but the one that does it.
  void CutAll() {
    database_->Do(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }
  static Result<std::int64_t> ServerProcess(Connection& connection) {
    auto rows = connection.Run("SELECT pg_backend_pid()");
    if (!rows) return Fail(std::move(rows).error());
    return rows->IntAt(0, 0);
  }

  std::unique_ptr<TestDatabase> database_;
  PostgresStoreOptions options_;
  std::unique_ptr<Sessions> sessions_;
};

TEST_F(PostgresSessions, AConnectionIsUsedAgain) {
  const auto first = sessions_->Write(ServerProcess);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(sessions_->Write(ServerProcess), *first);
  const auto reader = sessions_->Read(ServerProcess);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_NE(*reader, *first);
  EXPECT_EQ(sessions_->Read(ServerProcess), *reader);
}

TEST_F(PostgresSessions, IdleConnectionsThatBrokeAreMadeAgainUnseen) {
  ASSERT_TRUE(sessions_->Write(ServerProcess));
  ASSERT_TRUE(sessions_->Read(ServerProcess));
  CutAll();
  EXPECT_TRUE(sessions_->Write(ServerProcess));
  EXPECT_TRUE(sessions_->Read(ServerProcess));
}

// As the server says it of a transaction that it ended.
Result<int> LoseRace(Connection& connection) {
  const auto lost = connection.Execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
  if (!lost) return Fail(lost.error());
  return 0;
}

TEST_F(PostgresSessions, WorkThatLosesARaceIsDoneAgainAFewTimes) {
  int calls = 0;
  const auto lost = sessions_->Write([&](Connection& connection) {
    ++calls;
    return LoseRace(connection);
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kConflict);
  EXPECT_EQ(calls, kRacesMax);
  calls = 0;
  const auto won = sessions_->Write([&](Connection& connection) -> Result<int> {
    if (++calls < 3) return LoseRace(connection);
    return calls;
  });
  EXPECT_EQ(won, 3);
  calls = 0;
  const auto refused = sessions_->Write([&](Connection&) -> Result<int> {
    ++calls;
    return Fail(Code::kConflict, "of the work's own, with [23505] in it");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(calls, 1) << "only what the server says is a race";
}

TEST_F(PostgresSessions, WhatFailedWorkLeavesIsRolledBack) {
  const auto failed = sessions_->Write([](Connection& connection) -> Result<Rows> {
    (void)connection.Run("BEGIN");
    (void)connection.Run("CREATE TABLE half(a int)");
    return connection.Run("SELECT 1/0");
  });
  ASSERT_FALSE(failed);
  const auto after = sessions_->Write(
      [](Connection& connection) { return connection.Run("SELECT to_regclass('half')::text"); });
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_TRUE(after->IsNull(0, 0));
}

TEST_F(PostgresSessions, MoreReadersThanConnectionsTakeTurns) {
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 8; ++i) {
      readers.emplace_back([&] {
        const auto read = sessions_->Read([&](Connection& connection) {
          const int now = ++at_once;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          auto rows = connection.Run("SELECT pg_sleep(0.01)");
          --at_once;
          return rows;
        });
        EXPECT_TRUE(read) << read.error().message();
      });
    }
  }
  EXPECT_LE(most, 2);
}

TEST_F(PostgresSessions, ReadersThatWaitTooLongAreTold) {
  options_.connections_max = 1;
  options_.statement_max = milliseconds(200);
  Sessions narrow(options_);
  std::latch inside(1);
  std::latch tried(1);
  std::jthread holder([&] {
    (void)narrow.Read([&](Connection&) -> Result<int> {
      inside.count_down();
      tried.wait();
      return 0;
    });
  });
  inside.wait();
  const auto read = narrow.Read(ServerProcess);
  tried.count_down();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kUnavailable);
  EXPECT_THAT(read.error().message(), HasSubstr("store.postgres_connections_max"));
}

TEST_F(PostgresSessions, ReadersDoNotWrite) {
  const auto made = sessions_->Read(
      [](Connection& connection) { return connection.Run("CREATE TABLE t(a int)"); });
  EXPECT_FALSE(made);
}

// ---- Duties ----

TEST_F(PostgresSessions, WhoHasADutyIsNamedToTheNext) {
  const auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  EXPECT_TRUE((*lease)->held());
  Sessions others(options_);
  const auto refused = others.TryTakeDuty(Duty::kResults);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("insightd writer results"));
  EXPECT_THAT(refused.error().message(), HasSubstr("127.0.0.1"));
}

TEST_F(PostgresSessions, DutiesDoNotStandInEachOthersWay) {
  Sessions others(options_);
  const auto results = sessions_->TryTakeDuty(Duty::kResults);
  const auto workloads = others.TryTakeDuty(Duty::kWorkloads);
  const auto upkeep = others.TryTakeDuty(Duty::kUpkeep);
  EXPECT_TRUE(results && workloads && upkeep);
}

TEST_F(PostgresSessions, ADutyThatIsGivenBackIsFree) {
  auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  lease->reset();
  Sessions others(options_);
  EXPECT_TRUE(others.TryTakeDuty(Duty::kResults));
  EXPECT_FALSE(sessions_->WriteFor(Duty::kResults, ServerProcess));
}

TEST_F(PostgresSessions, WritingForADutyNeedsIt) {
  const auto without = sessions_->WriteFor(Duty::kResults, ServerProcess);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code(), Code::kConflict);
  const auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  EXPECT_TRUE(sessions_->WriteFor(Duty::kResults, ServerProcess));
  EXPECT_FALSE(sessions_->WriteFor(Duty::kUpkeep, ServerProcess));
}

TEST_F(PostgresSessions, TheLockIsHeldByTheConnectionThatWrites) {
  const auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  const auto process = sessions_->WriteFor(Duty::kResults, ServerProcess);
  ASSERT_TRUE(process) << process.error().message();
  const auto holder = database_->Connect()->Run(
      "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
      "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
      "AND classid::int8 = $1 AND objid::int8 = $2",
      std::move(Params().Int(kLockClass).Int(LockOf(Duty::kResults))));
  ASSERT_TRUE(holder) << holder.error().message();
  ASSERT_EQ(holder->size(), 1U);
  EXPECT_EQ(holder->IntAt(0, 0), *process);
}

TEST_F(PostgresSessions, ALostConnectionLosesItsDutyForGood) {
  auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  CutAll();
  EXPECT_FALSE((*lease)->held());
  const auto wrote = sessions_->WriteFor(Duty::kResults, ServerProcess);
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code(), Code::kConflict);
  EXPECT_THAT(wrote.error().message(), HasSubstr("lost"));
  EXPECT_FALSE((*lease)->held());
  lease->reset();
  const auto again = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE((*again)->held());
  EXPECT_TRUE(sessions_->WriteFor(Duty::kResults, ServerProcess));
}

TEST_F(PostgresSessions, AServerThatAnswersAndTakesNoWritesIsRemembered) {
  auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  EXPECT_FALSE(sessions_->Failing());
  const auto wrote = sessions_->WriteFor(Duty::kResults, [](Connection& connection) {
    return connection.Run("INSERT INTO nowhere VALUES (1)");
  });
  ASSERT_FALSE(wrote);
  ASSERT_TRUE(sessions_->Failing());
  EXPECT_EQ(sessions_->Failing()->message(), wrote.error().message());
  EXPECT_TRUE(sessions_->WriteFor(Duty::kResults, ServerProcess));
  EXPECT_FALSE(sessions_->Failing());
  // A server that is away is told by whoever asks it.
  (void)sessions_->WriteFor(Duty::kResults, [](Connection& connection) {
    return connection.Run("SELECT pg_terminate_backend(pg_backend_pid())");
  });
  EXPECT_FALSE(sessions_->Failing());
}

TEST_F(PostgresSessions, AnOldLeaseSaysNothingAboutANewOne) {
  auto old = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(old) << old.error().message();
  CutAll();
  const auto taken = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_FALSE((*old)->held());
  old->reset();
  EXPECT_TRUE((*taken)->held());
  EXPECT_TRUE(sessions_->WriteFor(Duty::kResults, ServerProcess));
}

TEST_F(PostgresSessions, AConnectionThatBreaksWhileWritingLosesItsDuty) {
  const auto lease = sessions_->TryTakeDuty(Duty::kResults);
  ASSERT_TRUE(lease) << lease.error().message();
  const auto wrote =
      sessions_->WriteFor(Duty::kResults, [](Connection& connection) -> Result<std::vector<Rows>> {
        Pipeline pipeline(connection);
        pipeline.Add("BEGIN");
        pipeline.Add("SELECT pg_terminate_backend(pg_backend_pid())");
        pipeline.Add("SELECT pg_sleep(30)");
        pipeline.Add("COMMIT");
        return pipeline.Run();
      });
  ASSERT_FALSE(wrote);
  EXPECT_TRUE(wrote.error().code() == Code::kUnavailable || wrote.error().code() == Code::kTimeout);
  EXPECT_FALSE((*lease)->held());
}

TEST(PostgresConnector, TriesThatFailGrowRarerAndAnswerAtOnceBetween) {
  Connector connector({.conninfo = "host=127.0.0.1 port=1 user=u dbname=d"});
  for (int i = 0; i < 1'000; ++i) {
    const auto connection = connector.Connect();
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code(), Code::kUnavailable);
  }
  EXPECT_LT(connector.tries(), 100);
}

}  // namespace
}  // namespace insightd::store::pg
