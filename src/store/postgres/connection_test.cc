#include "store/postgres/connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>
#include <thread>

#include "store/postgres/testing/test_database.h"

namespace insightd::store::pg {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresConnection : public ::testing::Test {
 protected:
  void SetUp() override {
    INSIGHTD_SKIP_WITHOUT_POSTGRES();
    database_ = std::make_unique<TestDatabase>();
    connection_ = database_->Connect();
    ASSERT_NE(connection_, nullptr);
  }
  Result<Rows> Run(std::string_view sql, Params params = {}) {
    return connection_->Run(sql, std::move(params));
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresConnection, ValuesComeBackAsTheyWent) {
  const Time time(microseconds(1'785'000'000'123'456));
  const auto rows = Run("SELECT $1, $2, $3, $4, $5, $6, $7, 7::int2, -8::int4",
                        std::move(Params()
                                      .Int(std::numeric_limits<std::int64_t>::min())
                                      .Text("größer")
                                      .Bytes(std::string_view("a\0b", 3))
                                      .At(time)
                                      .Bool(true)
                                      .TextOrNull("")
                                      .At(std::optional<Time>())));
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->IntAt(0, 0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(rows->TextAt(0, 1), "größer");
  EXPECT_EQ(rows->TextAt(0, 2), std::string_view("a\0b", 3));
  EXPECT_EQ(rows->TimeAt(0, 3), time);
  EXPECT_TRUE(rows->BoolAt(0, 4));
  EXPECT_TRUE(rows->IsNull(0, 5));
  EXPECT_EQ(rows->OptionalTimeAt(0, 6), std::nullopt);
  EXPECT_EQ(rows->IntAt(0, 7), 7);
  EXPECT_EQ(rows->IntAt(0, 8), -8);
}

TEST_F(PostgresConnection, TimesAreUtcWhateverTheServerThinks) {
  const auto rows = Run("SELECT $1::text, current_setting('timezone')",
                        std::move(Params().At(*ParseTime("2026-08-01T10:00:00.5+02:00"))));
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->TextAt(0, 0), "2026-08-01 08:00:00.5");
  EXPECT_EQ(rows->TextAt(0, 1), "UTC");
}

TEST_F(PostgresConnection, ArraysAreColumnsAlsoEmptyOnesAndOnesWithNulls) {
  const auto unnest = [this](std::size_t size) {
    Array numbers = Array::OfInts();
    Array texts = Array::OfTexts();
    Array times = Array::OfTimes();
    Array bytes = Array::OfBytes();
    for (std::size_t i = 0; i < size; ++i) {
      numbers.Int(static_cast<std::int64_t>(i));
      texts.Text(std::string(i, 'x'));
      times.At(i == 1 ? std::optional<Time>() : Time(seconds(i)));
      bytes.Bytes("\x01");
    }
    return Run("SELECT * FROM unnest($1, $2, $3, $4)",
               Columns(std::move(numbers), std::move(texts), std::move(times), std::move(bytes)));
  };
  const auto none = unnest(0);
  ASSERT_TRUE(none) << none.error().message();
  EXPECT_TRUE(none->empty());
  const auto some = unnest(3);
  ASSERT_TRUE(some) << some.error().message();
  ASSERT_EQ(some->size(), 3U);
  EXPECT_EQ(some->IntAt(2, 0), 2);
  EXPECT_EQ(some->TextAt(2, 1), "xx");
  EXPECT_TRUE(some->IsNull(1, 2));
  EXPECT_EQ(some->TimeAt(2, 2), Time(seconds(2)));
}

TEST_F(PostgresConnection, APipelineAnswersEachStatementInOrder) {
  Pipeline pipeline(*connection_);
  pipeline.Add("BEGIN");
  pipeline.Add("CREATE TABLE t(a int)");
  pipeline.Add("INSERT INTO t SELECT * FROM generate_series(1, 5)");
  pipeline.Add("SELECT count(*) FROM t");
  pipeline.Add("COMMIT");
  const auto rows = pipeline.Run();
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->size(), 5U);
  EXPECT_EQ((*rows)[2].changed(), 5U);
  EXPECT_EQ((*rows)[3].IntAt(0, 0), 5);
}

TEST_F(PostgresConnection, MuchMoreThanBuffersHoldGoesBothWaysAtOnce) {
  // The server answers the first statements while the later ones still go out.
  const std::string text(1'000'000, 'x');
  Pipeline pipeline(*connection_);
  for (int i = 0; i < 40; ++i) pipeline.Add("SELECT $1", std::move(Params().Text(text)));
  const auto rows = pipeline.Run();
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->size(), 40U);
  for (const Rows& row : *rows) EXPECT_EQ(row.TextAt(0, 0).size(), text.size());
}

TEST_F(PostgresConnection, AFailedStatementEndsItsPipelineAndLeavesTheConnectionGood) {
  ASSERT_TRUE(connection_->Execute("CREATE TABLE t(a int CHECK (a > 0))"));
  Pipeline pipeline(*connection_);
  pipeline.Add("BEGIN");
  pipeline.Add("INSERT INTO t VALUES ($1)", std::move(Params().Int(1)));
  pipeline.Add("INSERT INTO t VALUES ($1)", std::move(Params().Int(0)));
  pipeline.Add("SELECT 'never prepared before'");
  pipeline.Add("COMMIT");
  const auto rows = pipeline.Run();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kInvalid);
  EXPECT_THAT(rows.error().message(), HasSubstr("t_a_check"));
  EXPECT_TRUE(connection_->Rollback());
  const auto count = Run("SELECT count(*) FROM t");
  ASSERT_TRUE(count) << count.error().message();
  EXPECT_EQ(count->IntAt(0, 0), 0);
  EXPECT_TRUE(Run("SELECT 'never prepared before'"));
  EXPECT_FALSE(connection_->broken());
}

TEST_F(PostgresConnection, WhatDoesNotFitItsColumnIsInvalid) {
  ASSERT_TRUE(connection_->Execute("CREATE TABLE t(a int, b varchar)"));
  const auto large = Run("INSERT INTO t(a) VALUES ($1)", std::move(Params().Int(1LL << 31)));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Code::kInvalid);
  const auto nul =
      Run("INSERT INTO t(b) VALUES ($1)", std::move(Params().Text(std::string_view("a\0b", 3))));
  ASSERT_FALSE(nul);
  EXPECT_EQ(nul.error().code(), Code::kInvalid);
  const auto early =
      Run("SELECT $1", std::move(Params().At(Time(microseconds(-9'000'000'000'000'000'000)))));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), Code::kInvalid);
}

TEST_F(PostgresConnection, AStatementThatTakesTooLongIsEndedByTheServer) {
  auto hasty =
      Connection::Open({.conninfo = database_->Conninfo(), .statement_max = milliseconds(100)});
  ASSERT_TRUE(hasty) << hasty.error().message();
  const auto slept = (*hasty)->Run("SELECT pg_sleep(30)");
  ASSERT_FALSE(slept);
  EXPECT_EQ(slept.error().code(), Code::kUnavailable);
  EXPECT_THAT(slept.error().message(), HasSubstr("store.postgres_statement_ms_max"));
  EXPECT_FALSE((*hasty)->broken());
}

TEST_F(PostgresConnection, ATerminatedSessionIsUnavailableAndSeenWithoutAsking) {
  ASSERT_FALSE(connection_->broken());
  database_->Do(fmt::format("SELECT pg_terminate_backend({}, 5000)", connection_->process()));
  EXPECT_TRUE(connection_->broken());
  const auto rows = Run("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kUnavailable);
}

TEST_F(PostgresConnection, AConnectionLostDuringACommitLeavesItOpen) {
  Pipeline pipeline(*connection_);
  pipeline.Add("BEGIN");
  pipeline.Add("SELECT pg_sleep(0.01)");
  pipeline.Add("COMMIT");
  std::jthread cutter([fd = connection_->socket()] { shutdown(fd, SHUT_RDWR); });
  cutter.join();
  const auto rows = pipeline.Run();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kTimeout);
  EXPECT_THAT(rows.error().message(), HasSubstr("may have been committed"));
  EXPECT_TRUE(connection_->broken());
}

TEST_F(PostgresConnection, AConnectionLostBeforeACommitIsUnavailable) {
  ASSERT_TRUE(Run("BEGIN"));
  shutdown(connection_->socket(), SHUT_RDWR);
  const auto rows = Run("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kUnavailable);
}

TEST_F(PostgresConnection, AReadOnlySessionWritesNothing) {
  auto reader = Connection::Open({.conninfo = database_->Conninfo(), .read_only = true});
  ASSERT_TRUE(reader) << reader.error().message();
  const auto made = (*reader)->Run("CREATE TABLE t(a int)");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kUnavailable);
  EXPECT_TRUE((*reader)->Run("SELECT 1"));
}

TEST_F(PostgresConnection, APasswordIsInNoMessage) {
  const std::string secret = "hush-hush";
  for (const std::string& conninfo :
       {database_->Conninfo("user=nobody password=" + secret),
        database_->Conninfo("user=nobody") + " password='" + secret + "' port=1",
        "postgresql://u:" + secret + "@127.0.0.1:1/x", "host=x password = " + secret + " = more",
        secret, "postgresql://u:" + secret + "@[::1/x"}) {
    const auto connection =
        Connection::Open({.conninfo = conninfo, .connect_max = milliseconds(2'000)});
    ASSERT_FALSE(connection) << conninfo;
    EXPECT_THAT(connection.error().message(), Not(HasSubstr(secret)));
  }
}

TEST_F(PostgresConnection, ANameAndAPasswordOfTheirOwnAreUsed) {
  const std::string user = TestServer("POSTGRES_USER");
  if (user.empty()) GTEST_SKIP() << "the server has no user with a password";
  auto named = Connection::Open({.conninfo = database_->Conninfo("user=" + user),
                                 .password = TestServer("POSTGRES_PASSWORD"),
                                 .application = "insightd writer"});
  ASSERT_TRUE(named) << named.error().message();
  const auto rows = (*named)->Run("SELECT current_setting('application_name')");
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->TextAt(0, 0), "insightd writer");
}

TEST(PostgresAway, AServerThatIsNotThereIsNamed) {
  const auto connection =
      Connection::Open({.conninfo = "host=127.0.0.1 port=1 user=u dbname=insights"});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), Code::kUnavailable);
  EXPECT_THAT(connection.error().message(), HasSubstr("127.0.0.1:1, database insights"));
}

// Accepts connections and says nothing.
class SilentServer {
 public:
  SilentServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, length), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    EXPECT_EQ(getsockname(listener_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(listener_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  int port() const { return port_; }

 private:
  const int listener_;
  int port_ = 0;
};

TEST(PostgresAway, AServerThatAcceptsAndIsSilentIsGivenUp) {
  const SilentServer silent;
  const auto connection = Connection::Open(
      {.conninfo = fmt::format("host=127.0.0.1 port={} user=u dbname=d", silent.port()),
       .connect_max = milliseconds(200)});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), Code::kUnavailable);
  EXPECT_THAT(connection.error().message(), HasSubstr("store.postgres_connect_ms_max"));
}

TEST_F(PostgresConnection, AServerThatIsSilentDoesNotHideTheNextOne) {
  const SilentServer silent;
  const auto port = Run("SELECT inet_server_port()");
  ASSERT_TRUE(port) << port.error().message();
  const auto connection = Connection::Open(
      {.conninfo = database_->Conninfo(
           fmt::format("host=127.0.0.1,127.0.0.1 port={},{}", silent.port(), port->IntAt(0, 0))),
       .connect_max = milliseconds(200)});
  EXPECT_TRUE(connection) << connection.error().message();
}

TEST(PostgresAway, AMalformedConnectionStringIsAMistakeOfTheSettings) {
  const auto connection = Connection::Open({.conninfo = "nonsense"});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), Code::kInvalid);
  EXPECT_THAT(connection.error().message(), HasSubstr("store.postgres"));
}

}  // namespace
}  // namespace insightd::store::pg
